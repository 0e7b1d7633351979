//! The contract of the store ports, as tests that every store passes: the databases and the in-memory fakes alike.
//!
//! Each behaviour is one function, which takes a [`Subject`] with an empty store. [`store_contract!`](crate::store_contract) makes a test of each
//! of them, so a failure names the sentence that was broken:
//!
//! ```
//! use std::sync::Arc;
//! use recado_test_support::clock::ManualClock;
//! use recado_test_support::contract::Subject;
//! use recado_test_support::fakes::MemoryStore;
//!
//! async fn empty_store() -> Subject {
//!     let clock = Arc::new(ManualClock::new());
//!     let store = Arc::new(MemoryStore::with_clock(clock.clone()));
//!     Subject::new(store).measuring_leases_by(clock)
//! }
//!
//! recado_test_support::store_contract!(empty_store);
//! # fn main() {}
//! ```
//!
//! The function is `async`, takes nothing, and gives a `Subject`, or an `Option` of one: `None` (the server that it
//! needs is not there) skips the test. What must live as long as the store, such as a temporary directory, goes into
//! [`Subject::keeping`]. A store that measures leases by the database's clock leaves `measuring_leases_by` out; short
//! leases then really run out. The calling crate needs tokio with `macros` and `rt-multi-thread`.
//!
//! [`outbox_claim::race`] and [`events::follow`] take sizes: call them with larger ones where the store is a real database.
//! What only an adapter can arrange (rows of an unknown kind, a full disk, a broken connection) is for its own tests.
#![expect(clippy::unwrap_used, reason = "an error where none may be is a failed test")]

pub mod accounts;
mod arrange;
pub mod audit;
pub mod channels;
pub mod comments;
pub mod context;
pub mod events;
pub mod holds;
pub mod inbox;
pub mod ledger_facts;
pub mod ledger_settle;
pub mod ledger_take;
pub mod outbox_claim;
pub mod outbox_expiry;
pub mod outbox_lease;
pub mod outbox_operator;
pub mod outbox_settle;
pub mod parameters;
pub mod people;
pub mod preferences;
pub mod read_marks;
pub mod search;
pub mod sessions;
pub mod suppressions;
pub mod template_images;
pub mod templates;
pub mod tickets;

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use recado_ports::accounts::Accounts;
use recado_ports::audit::Audit;
use recado_ports::channels::Channels;
use recado_ports::comments::Comments;
use recado_ports::events::{Events, Topic};
use recado_ports::inbox::Inbox;
use recado_ports::ledger::Ledger;
use recado_ports::outbox::Outbox;
use recado_ports::parameters::Parameters;
use recado_ports::people::People;
use recado_ports::preferences::Preferences;
use recado_ports::sessions::Sessions;
use recado_ports::suppressions::Suppressions;
use recado_ports::templates::{TemplateImages, Templates};
use recado_ports::tickets::Tickets;

use crate::clock::ManualClock;

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(20);

/// A store under test, empty at first.
#[derive(Clone)]
pub struct Subject {
    /// Its tickets.
    pub tickets: Arc<dyn Tickets>,
    /// Its comments.
    pub comments: Arc<dyn Comments>,
    /// Its lists and its search.
    pub inbox: Arc<dyn Inbox>,
    /// Its outbox.
    pub outbox: Arc<dyn Outbox>,
    /// Its channels.
    pub channels: Arc<dyn Channels>,
    /// Its templates.
    pub templates: Arc<dyn Templates>,
    /// Its templates' pictures.
    pub template_images: Arc<dyn TemplateImages>,
    /// Its parameters.
    pub parameters: Arc<dyn Parameters>,
    /// Its people.
    pub people: Arc<dyn People>,
    /// Its accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Its sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Its preferences.
    pub preferences: Arc<dyn Preferences>,
    /// Its audit trail.
    pub audit: Arc<dyn Audit>,
    /// Its suppressions.
    pub suppressions: Arc<dyn Suppressions>,
    /// Its incoming mail.
    pub ledger: Arc<dyn Ledger>,
    /// Its log.
    pub events: Arc<dyn Events>,
    lease_clock: Option<Arc<ManualClock>>,
    guards: Vec<Arc<dyn Any + Send + Sync>>,
}

impl Subject {
    /// A store that implements every port itself.
    pub fn new<S>(store: Arc<S>) -> Self
    where
        S: Tickets
            + Comments
            + Inbox
            + Outbox
            + Channels
            + Templates
            + TemplateImages
            + Parameters
            + People
            + Accounts
            + Sessions
            + Preferences
            + Audit
            + Suppressions
            + Ledger
            + Events
            + 'static,
    {
        Self {
            tickets: store.clone(),
            comments: store.clone(),
            inbox: store.clone(),
            outbox: store.clone(),
            channels: store.clone(),
            templates: store.clone(),
            template_images: store.clone(),
            parameters: store.clone(),
            people: store.clone(),
            accounts: store.clone(),
            sessions: store.clone(),
            preferences: store.clone(),
            audit: store.clone(),
            suppressions: store.clone(),
            ledger: store.clone(),
            events: store,
            lease_clock: None,
            guards: Vec::new(),
        }
    }

    /// The clock by whose elapsed time the store measures leases; without one they run out in real time.
    #[must_use]
    pub fn measuring_leases_by(mut self, clock: Arc<ManualClock>) -> Self {
        self.lease_clock = Some(clock);
        self
    }

    /// Keeps something alive as long as the subject.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guards.push(Arc::new(guard));
        self
    }

    /// Returns when a lease of this length, taken before the call, has run out.
    pub async fn let_lease_run_out(&self, lease_time: Duration) {
        let past_its_end = lease_time + Duration::from_millis(1);
        if let Some(clock) = &self.lease_clock {
            clock.advance(past_its_end);
            return;
        }
        // Only the database's own clock ends its leases; the log's wait is bounded and comes back early at most.
        let begin = Instant::now();
        while let Some(rest) = past_its_end.checked_sub(begin.elapsed()) {
            self.events.wait(Topic::Log, rest).await;
        }
    }
}

/// Makes a `#[tokio::test]` of every behaviour in [`contract`](crate::contract), for the store that a function makes.
#[macro_export]
macro_rules! store_contract {
    ($make:ident) => {
        $crate::store_contract! { $make:
            tickets {
                a_ticket_is_found_by_number_and_id_as_it_was_put
                a_write_replaces_the_whole_ticket
                when_a_ticket_was_closed_and_what_it_follows_is_kept
                a_write_at_a_stale_version_conflicts_and_changes_nothing
                of_writes_at_one_version_a_single_one_goes_through
                a_number_is_unique_and_found_without_regard_to_case
                a_number_is_kept_to_the_letter
                a_renumbered_ticket_frees_its_number
                mails_to_whoever_is_cut_off_do_not_leave_any_more
                a_leased_mail_to_whoever_is_cut_off_finds_the_fence_shut_and_one_behind_it_leaves
                a_write_that_conflicts_cancels_no_mail
                tickets_are_listed_the_first_put_last_and_filtered
                a_text_is_looked_for_in_number_and_title_in_any_case_and_literally
                a_viewer_lists_what_they_may_see
                pages_repeat_and_skip_nothing_while_tickets_are_put
            }
            comments {
                an_accepted_comment_is_found_to_the_letter_with_its_mails
                an_attachment_is_read_back_and_equal_contents_are_no_conflict
                a_comment_on_a_missing_ticket_leaves_nothing
                accepting_the_same_comment_again_changes_nothing
                one_comment_accepted_by_several_calls_at_once_is_stored_once
                of_comments_accepted_at_once_each_stands_for_itself
                a_used_key_gives_its_record_and_writes_nothing
                a_key_belongs_to_its_scope
                an_expired_key_may_be_used_again
                expired_keys_are_forgotten_a_few_at_a_time
                of_comments_under_one_key_a_single_one_is_stored
                comments_are_listed_oldest_first_for_their_audience
                pages_repeat_and_skip_nothing_while_comments_are_accepted
                a_comment_belongs_to_its_ticket
                making_a_comment_internal_calls_back_the_mails_that_have_not_left
                a_withdrawn_comment_is_gone_and_its_mails_with_it
                a_mail_that_was_given_up_is_called_back_with_its_comment
                the_latest_comments_come_newest_first_and_go_back_page_by_page
                a_comment_s_mails_tell_what_became_of_them
            }
            context {
                a_context_is_of_a_stored_ticket_whatever_the_case_or_of_the_one_given
                a_context_tells_of_the_ticket_s_people
                a_context_has_the_threads_of_whoever_may_be_told
                a_context_tells_whether_the_account_is_held
                parameters_and_templates_count_from_the_next_context_on
                contexts_asked_for_at_once_are_each_of_their_own_ticket
            }
            holds {
                a_comment_under_hold_is_read_by_its_author_and_the_desk_alone
                a_hold_that_has_ended_is_released_once_with_an_event
                a_hold_is_released_once_by_several_at_once
                a_comment_withdrawn_under_hold_is_never_released
            }
            inbox {
                tickets_are_listed_by_the_newest_comment_that_the_viewer_reads
                a_listed_ticket_is_whole
                a_long_comment_is_listed_by_its_beginning
                a_viewer_s_list_has_what_they_see
                a_view_has_its_tickets
                a_list_is_filtered_by_number_and_title_literally
                a_ticket_is_unanswered_while_the_desk_has_not_spoken_last
                a_comment_under_hold_counts_for_its_author_and_the_desk
                an_answer_under_hold_leaves_the_ticket_unanswered_for_others
                a_comment_taken_back_gives_way_to_the_one_before
                a_ticket_whose_only_comment_was_withdrawn_is_as_one_without
                a_mail_that_failed_is_shown_to_the_desk_until_it_goes_again
                open_tickets_are_counted_by_view
                pages_of_a_list_follow_each_other
                of_comments_accepted_at_once_the_newest_is_listed
                a_mail_that_becomes_a_comment_moves_its_ticket
            }
            read_marks {
                a_ticket_is_unread_until_it_is_marked_read
                a_comment_is_unread_from_when_it_was_shown
            }
            search {
                a_comment_is_found_with_its_facts
                every_word_must_be_there_and_the_last_one_begin_so
                whatever_is_typed_is_no_error
                others_find_what_they_may_read
                a_comment_under_hold_is_found_by_its_author_and_the_desk
                what_was_taken_back_is_not_found
                pages_of_a_search_follow_each_other_newest_first
                a_long_text_is_found_and_given_up_to_a_limit
                comments_are_indexed_once_whoever_does_it
            }
            outbox_claim {
                a_due_mail_is_leased_with_its_facts
                a_mail_is_claimed_when_it_is_due_and_not_before
                the_oldest_due_are_claimed_first_up_to_the_limit
                a_mail_of_another_account_is_left_alone
                a_mail_of_the_same_cause_and_recipient_is_stored_once
                only_the_head_of_a_chain_is_claimed
                a_head_that_is_worked_on_holds_its_chain
                mails_about_other_tickets_and_to_others_are_no_chain
                mails_without_a_ticket_are_no_chain
                a_head_refused_for_long_lets_the_mails_behind_it_pass
                a_head_whose_answer_was_lost_lets_the_mails_behind_it_pass
                a_head_is_blocked_since_its_first_refusal
                a_head_given_back_uncharged_holds_its_chain
                a_dead_or_cancelled_head_lets_its_chain_go_on
                a_claim_by_what_no_longer_counts_takes_nothing
                a_claim_for_an_account_that_was_never_used_finds_it_unchanged
                messages_come_in_the_order_asked_for
                no_mail_is_given_to_two_claims
            }
            outbox_settle {
                the_fence_charges_the_attempt_once
                the_fence_is_shut_for_a_foreign_token
                nothing_is_fenced_that_was_not_claimed
                a_sent_mail_keeps_the_reply_and_never_moves_again
                nothing_is_sent_but_through_the_fence
                a_refusal_is_charged_once_before_the_fence_or_behind_it
                a_lost_answer_is_counted_and_sent_again
                an_answer_that_we_lost_ourselves_is_not_counted
                a_rejected_mail_is_dead_with_its_reason
                a_mail_given_back_is_not_charged
                a_mail_given_back_without_a_time_keeps_its_own
                a_settlement_under_a_foreign_token_changes_nothing
                a_settlement_repeated_is_harmless
                an_acceptance_repeated_is_known_to_be_the_callers
                settlements_of_one_call_stand_for_themselves
                marks_of_several_leases_at_once_stand_for_themselves
                of_fences_of_one_mail_at_once_a_single_one_opens
                attempts_add_up_and_are_kept_in_order
                a_leased_mail_is_readdressed_by_its_holder_alone
            }
            outbox_lease {
                a_lease_in_force_is_not_ended
                a_mail_whose_lease_ran_out_before_the_fence_is_ready_again
                a_mail_whose_lease_ran_out_behind_the_fence_is_unsure
                a_late_acceptance_counts_under_the_same_token
                any_other_late_answer_is_void
                a_late_acceptance_is_void_once_another_worker_has_the_mail
                a_renewed_lease_goes_on
                a_lease_is_renewed_for_what_is_still_held_alone
            }
            outbox_operator {
                a_mail_at_rest_is_requeued_due_now_with_its_message_id
                a_mail_that_is_worked_on_or_sent_is_not_requeued
                a_mail_given_up_for_its_account_is_revived_uncharged_and_no_other
                a_mail_that_has_not_left_is_cancelled_with_the_reason
                a_mail_that_may_have_left_or_is_at_its_end_is_not_cancelled
                a_leased_mail_that_is_cancelled_finds_the_fence_shut
                of_fence_and_cancellation_at_once_a_single_one_goes_through
                an_unknown_mail_is_neither_found_nor_requeued_nor_cancelled
                deliveries_are_listed_oldest_first_and_filtered
                pages_repeat_and_skip_nothing_while_mails_are_stored
                a_thread_is_of_one_ticket_and_recipient_and_bounded
                the_next_due_is_that_of_the_waiting_mails
                the_depth_counts_what_is_neither_sent_nor_cancelled
                messages_of_mails_sent_long_ago_are_forgotten_up_to_the_limit
            }
            outbox_expiry {
                open_time_is_counted_by_ticks_alone
                a_long_gap_between_ticks_counts_as_shut
                a_wall_clock_that_jumps_adds_no_open_time
                daemons_whose_clocks_differ_count_no_time_twice
                open_time_begins_when_the_mail_is_stored
                waiting_mails_expire_by_the_time_that_their_account_was_open
                a_mail_that_is_worked_on_does_not_expire
                a_requeued_mail_expires_anew
            }
            channels {
                an_account_never_used_is_fresh_and_account_0_always_exists
                every_account_that_owes_a_mail_is_listed
                a_hold_with_the_same_reason_keeps_its_since_and_takes_the_new_words
                a_hold_gives_way_to_another_unless_a_person_must_end_it
                all_accounts_are_held_at_once
                a_hold_is_released_for_its_reason_alone
                a_nudge_is_counted
                the_last_fault_is_kept
            }
            templates {
                a_template_is_found_as_it_was_put
                the_version_grows_with_each_write_whatever_is_given
                templates_are_listed_by_number
            }
            template_images {
                pictures_are_listed_by_name_as_they_were_put
                a_picture_with_the_same_name_is_replaced
                a_picture_is_removed_from_its_template_alone
            }
            parameters {
                a_value_is_read_back_until_it_is_removed
                writing_a_parameter_of_the_account_nudges_its_channel
                writing_any_other_parameter_nudges_nothing
            }
            people {
                an_account_is_found_by_its_address
                an_address_has_one_account
                technicians_are_the_accounts_with_that_role
                tokens_asked_for_at_once_are_each_of_their_owner_and_never_remembered
                a_token_names_its_owner_and_their_groups
                a_group_is_stored_whole
                the_groups_of_an_address_are_found_account_or_not
                an_address_is_known_by_account_group_or_ticket
            }
            accounts {
                the_first_administrator_is_added_once
                of_first_administrators_at_once_a_single_one_is_added
                accounts_are_listed_by_address_and_filtered
                pages_repeat_and_skip_nothing_while_accounts_are_added
                an_account_tells_of_password_tokens_and_last_sign_in
                a_change_changes_what_it_names_alone
                disabling_an_account_ends_its_sessions_and_links
                the_last_active_administrator_stays
                of_administrators_who_step_down_at_once_one_stays
                a_name_is_that_of_the_newest_ticket
                a_member_of_a_group_is_known_and_its_address_nobody
                groups_are_listed_by_address_and_removed
                tokens_are_listed_the_newest_first_and_revoked_once
            }
            sessions {
                looking_at_a_link_does_not_use_it_up
                a_link_is_used_up_by_the_session_that_it_opens
                an_expired_link_opens_nothing
                of_calls_with_one_link_a_single_one_opens_a_session
                a_link_brings_its_account_along
                a_link_opens_a_session_of_its_own_active_account_alone
                a_session_is_found_with_account_groups_and_choices
                a_session_ends_when_nobody_uses_it_and_in_any_case
                a_session_of_nobody_or_of_a_disabled_account_is_not_opened
                an_ended_session_opens_nothing
                an_account_s_sessions_end_together_but_one
                what_ended_is_forgotten_a_few_at_a_time_and_nothing_else
            }
            preferences {
                choices_are_kept_for_an_address_account_or_not
                a_ticket_is_muted_for_one_person
                whoever_looks_at_a_ticket_and_wants_quiet_is_unwilling
                a_page_is_noted_for_longer_and_closed
            }
            audit {
                lines_are_listed_the_newest_first_and_filtered
                pages_repeat_and_skip_nothing_while_lines_are_added
                a_line_is_recorded_once_and_never_changed
                a_line_keeps_what_it_was_cut_to_size
            }
            suppressions {
                the_second_hard_bounce_a_day_later_suppresses
                bounces_too_close_or_too_far_apart_do_not_suppress
                a_suppression_lapses_after_thirty_days
                a_lifted_address_begins_anew
                suppressions_are_listed_by_address_in_pages
            }
            ledger_take {
                a_taken_mail_is_pending_and_read_back_to_the_letter
                a_message_of_a_mailbox_is_taken_once
                a_mail_taken_again_under_its_id_stays_as_it_was
                of_takes_of_one_message_at_once_a_single_one_stores_it
                pending_mails_are_given_oldest_first_up_to_the_limit
                mails_are_listed_newest_first_and_filtered
                pages_repeat_and_skip_nothing_while_mails_come
                a_nul_in_a_text_becomes_a_replacement_character
                the_octets_of_mails_settled_long_ago_are_forgotten_up_to_the_limit
                how_far_a_folder_was_read_is_kept_for_each
                the_depth_counts_mails_by_their_outcome
            }
            ledger_settle {
                a_settlement_writes_all_that_follows
                a_mail_that_is_not_there_is_not_settled
                a_mail_is_settled_once_and_again_only_as_expected
                a_settlement_repeated_with_its_comment_counts_as_done
                of_settlements_at_once_a_single_one_goes_through
                of_copies_at_once_a_single_one_becomes_a_comment
                a_copy_of_a_comment_may_be_anything_else
                a_settlement_whose_ticket_changed_meanwhile_writes_nothing
                a_ticket_is_reopened_with_the_comment_that_reopens_it
                what_became_of_a_sent_mail_is_never_taken_back
                a_bounce_is_kept_with_what_it_says
                a_nul_in_what_a_mail_adds_becomes_a_replacement_character
                an_address_is_accepted_for_each_person_once
            }
            ledger_facts {
                a_mail_s_provenance_is_known_whatever_became_of_its_comment
                a_copy_is_one_whose_outcome_says_all
                a_sender_s_recent_mails_are_counted_by_what_they_did
                acknowledgements_are_counted_by_recipient_and_time
                the_desk_is_told_once_of_a_mail_in_quarantine
                of_notices_at_once_a_single_one_tells_the_desk
                an_alert_and_an_acknowledgement_are_claimed_like_any_mail
            }
            events {
                the_log_tells_what_happened_in_order
                a_retraction_is_logged
                following_resumes_behind_a_cursor
                old_entries_are_forgotten_and_cursors_stay_good
                a_follower_skips_nothing_while_many_write
                a_wait_ends_when_the_time_is_up
                a_change_ends_a_wait_for_the_log
                a_change_ends_a_wait_for_the_outbox
                a_mail_that_is_settled_ends_waits_for_log_and_outbox
            }
        }
    };
    ($make:ident: $($module:ident { $($behaviour:ident)+ })+) => {
        // A module of its own keeps these names apart from the caller's.
        mod store_contract {
            use super::$make;

            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let subject: Option<$crate::contract::Subject> = super::$make().await.into();
                    if let Some(subject) = subject {
                        $crate::contract::$module::$behaviour(&subject).await;
                    }
                })+
            })+
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_macro_names_every_behaviour() {
        let files = [
            include_str!("accounts.rs"),
            include_str!("audit.rs"),
            include_str!("channels.rs"),
            include_str!("comments.rs"),
            include_str!("context.rs"),
            include_str!("events.rs"),
            include_str!("holds.rs"),
            include_str!("inbox.rs"),
            include_str!("ledger_facts.rs"),
            include_str!("ledger_settle.rs"),
            include_str!("ledger_take.rs"),
            include_str!("outbox_claim.rs"),
            include_str!("outbox_expiry.rs"),
            include_str!("outbox_lease.rs"),
            include_str!("outbox_operator.rs"),
            include_str!("outbox_settle.rs"),
            include_str!("parameters.rs"),
            include_str!("people.rs"),
            include_str!("preferences.rs"),
            include_str!("sessions.rs"),
            include_str!("read_marks.rs"),
            include_str!("search.rs"),
            include_str!("suppressions.rs"),
            include_str!("template_images.rs"),
            include_str!("templates.rs"),
            include_str!("tickets.rs"),
        ];
        let listed: Vec<_> = include_str!("mod.rs").lines().map(str::trim).collect();
        let behaviours = files.iter().flat_map(|file| file.lines()).filter_map(|line| {
            let (name, arguments) = line.strip_prefix("pub async fn ")?.split_once('(')?;
            arguments.starts_with("subject: &Subject)").then_some(name)
        });
        let forgotten: Vec<_> = behaviours.filter(|name| !listed.contains(name)).collect();
        assert_eq!(forgotten, [""; 0]);
    }
}
