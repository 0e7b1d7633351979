//! The tables, in the types that both databases share. The migrations are the truth; this mirrors them.

use diesel::table;

table! {
    use diesel::sql_types::Text;

    installation (key) {
        key -> Text,
        value -> Text,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::column::Id;

    ticket (id) {
        id -> Id,
        number -> Text,
        number_folded -> Text,
        search_text -> Text,
        title -> Text,
        requester_name -> Text,
        requester_email -> Text,
        responsible_name -> Nullable<Text>,
        responsible_email -> Nullable<Text>,
        group_name -> Nullable<Text>,
        group_email -> Nullable<Text>,
        status -> Text,
        contract -> Nullable<Text>,
        locale -> Nullable<Text>,
        attributes -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        follows -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::column::Id;

    ticket_watcher (ticket, position) {
        ticket -> Id,
        position -> BigInt,
        name -> Text,
        email -> Text,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::column::Id;

    comment (id) {
        id -> Id,
        ticket -> Id,
        author_name -> Text,
        author_email -> Text,
        text -> Text,
        visibility -> Text,
        kind -> Text,
        origin -> Text,
        quoted -> Nullable<Text>,
        created_at -> BigInt,
        withdrawn_at -> Nullable<BigInt>,
        html -> Nullable<Text>,
        held_until -> Nullable<BigInt>,
        released_at -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::{Binary, Text};

    content (sha256) {
        sha256 -> Text,
        bytes -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::column::Id;

    attachment (id) {
        id -> Id,
        comment -> Id,
        position -> BigInt,
        name -> Text,
        content_type -> Text,
        size -> BigInt,
        sha256 -> Text,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::column::Id;

    outbox (id) {
        id -> Id,
        cause_kind -> Text,
        cause_id -> Id,
        ticket -> Nullable<Id>,
        account -> BigInt,
        sender -> Text,
        recipient -> Text,
        state -> Text,
        outcome -> Nullable<Text>,
        attempts -> BigInt,
        lost_answers -> BigInt,
        message_id -> Text,
        last_reply -> Nullable<Text>,
        size -> BigInt,
        created_at -> BigInt,
        due_at -> BigInt,
        lease_token -> Nullable<Id>,
        lease_until -> Nullable<BigInt>,
        claimed_from -> Nullable<Text>,
        blocked_since -> Nullable<BigInt>,
        open_base -> BigInt,
        kept_since -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::Binary;
    use crate::column::Id;

    outbox_message (delivery) {
        delivery -> Id,
        bytes -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::column::Id;

    delivery_attempt (seq) {
        seq -> BigInt,
        delivery -> Id,
        at -> BigInt,
        outcome -> Text,
        reply -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};

    channel (account) {
        account -> BigInt,
        hold_reason -> Nullable<Text>,
        hold_detail -> Nullable<Text>,
        hold_since -> Nullable<BigInt>,
        nudges -> BigInt,
        last_fault -> Nullable<Text>,
        open_time -> BigInt,
        last_tick -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};

    template (id) {
        id -> BigInt,
        version -> BigInt,
        name -> Text,
        subject -> Text,
        html -> Text,
        text -> Nullable<Text>,
        situation -> Text,
        locale -> Nullable<Text>,
        updated_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Text};

    template_image (template, name) {
        template -> BigInt,
        name -> Text,
        content_type -> Text,
        content -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};

    parameter (number) {
        number -> BigInt,
        value -> Text,
    }
}

table! {
    use diesel::sql_types::BigInt;

    settings_version (id) {
        id -> BigInt,
        number -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::column::Id;

    app_user (id) {
        id -> Id,
        name -> Text,
        email -> Text,
        role -> Text,
        standing -> Text,
        password_hash -> Nullable<Text>,
        search_text -> Nullable<Text>,
        signed_in_at -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::column::Id;

    token (id) {
        id -> Id,
        owner -> Id,
        label -> Text,
        hash -> Text,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::Text;

    user_group (email) {
        email -> Text,
        name -> Text,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};

    group_member (group_email, position) {
        group_email -> Text,
        position -> BigInt,
        email -> Text,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};

    hard_bounce (address) {
        address -> Text,
        first_at -> BigInt,
        reason -> Text,
        suppressed_since -> Nullable<BigInt>,
        suppressed_until -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};

    idempotency (scope, key) {
        scope -> Text,
        key -> Text,
        digest -> Text,
        answer -> Text,
        expires_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::column::Id;

    event (xid, seq) {
        seq -> BigInt,
        xid -> BigInt,
        kind -> Text,
        ticket -> Nullable<Id>,
        subject -> Id,
        at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::column::Id;

    incoming_mail (id) {
        id -> Id,
        received_at -> BigInt,
        via -> Text,
        source -> Nullable<Text>,
        envelope_from -> Nullable<Text>,
        envelope_to -> Nullable<Text>,
        fingerprint -> Text,
        shown_from -> Text,
        shown_to -> Text,
        subject -> Text,
        message_id -> Nullable<Text>,
        size -> BigInt,
        kept_since -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        settled_at -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        ticket -> Nullable<Id>,
        comment -> Nullable<Id>,
        sender -> Nullable<Text>,
        person -> Nullable<Text>,
        bounce_recipient -> Nullable<Text>,
        bounce_status -> Nullable<Text>,
        bounce_diagnostic -> Nullable<Text>,
        bounce_kind -> Nullable<Text>,
        bounce_delivery -> Nullable<Id>,
        noticed_at -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::Binary;
    use crate::column::Id;

    incoming_message (mail) {
        mail -> Id,
        bytes -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};

    accepted_address (address, person) {
        address -> Text,
        person -> Text,
        accepted_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};

    mailbox_position (account, name) {
        account -> BigInt,
        name -> Text,
        uid_validity -> BigInt,
        last_uid -> BigInt,
        read_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::column::Id;

    session (id) {
        id -> Id,
        owner -> Id,
        hash -> Text,
        device -> Text,
        opened_at -> BigInt,
        idle_until -> BigInt,
        ends_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};

    sign_in_link (hash) {
        hash -> Text,
        email -> Text,
        target -> Nullable<Text>,
        expires_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};

    preference (email) {
        email -> Text,
        language -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        while_open -> Text,
    }
}

table! {
    use diesel::sql_types::Text;
    use crate::column::Id;

    muted_ticket (ticket, email) {
        ticket -> Id,
        email -> Text,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::column::Id;

    open_page (page) {
        page -> Id,
        ticket -> Id,
        email -> Text,
        until -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::column::Id;

    audit_entry (id) {
        id -> Id,
        at -> BigInt,
        person -> Nullable<Text>,
        action -> Text,
        object -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::column::Id;

    ticket_activity (ticket) {
        ticket -> Id,
        status -> Text,
        newest -> Id,
        newest_public_by -> Nullable<Text>,
        newest_shown -> Nullable<Id>,
        newest_shown_by -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::column::Id;

    read_mark (email, ticket) {
        email -> Text,
        ticket -> Id,
        read_at -> BigInt,
    }
}

table! {
    use crate::column::Id;

    search_queue (comment) {
        comment -> Id,
    }
}

table! {
    use diesel::sql_types::BigInt;
    use crate::column::Id;

    // The words beside it are each database's own.
    searched_comment (place) {
        place -> BigInt,
        comment -> Id,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    app_user,
    attachment,
    channel,
    comment,
    content,
    delivery_attempt,
    group_member,
    hard_bounce,
    incoming_mail,
    incoming_message,
    muted_ticket,
    outbox,
    open_page,
    outbox_message,
    preference,
    session,
    search_queue,
    ticket,
    ticket_watcher,
    token,
    user_group
);
