//! The rules by which an answer is charged to the channel, to the account's rate, to the recipient or to ourselves.

use super::{EnhancedCode, Reply, Stage};
use crate::channel::HoldReason;

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The answer that lets the dialogue go on; at the final dot: the server has taken the mail.
    Accepted,
    /// The account or its server is at fault; no mail is charged. With a reason, the channel is held as well.
    Channel(Option<HoldReason>),
    /// The account sends too fast; no mail is charged.
    Throttled,
    /// This recipient cannot be served now; the mail follows the retry schedule.
    Retry,
    /// This recipient will not be served.
    Rejected {
        /// The address itself does not exist (5.1.1, 5.1.2, 5.1.3, 5.1.10): counts towards its suppression.
        hard_bounce: bool,
    },
    /// The server did not understand us or the message: a bug of ours.
    OurFault,
    /// The message is larger than the server takes.
    TooLarge,
    /// The answer has no meaning at this stage: the dialogue is out of step, and the connection must be dropped.
    OutOfStep,
}

/// Decides what `reply` means at `stage`.
///
/// The basic code wins wherever the enhanced code contradicts it (RFC 5321 §4.2, RFC 3463 §2).
///
/// ```
/// use recado_domain::channel::HoldReason;
/// use recado_domain::reply::{Reply, Stage, Verdict, classify};
///
/// let unknown = Reply::new(550, "5.1.1 no such user");
/// assert_eq!(classify(Stage::RcptTo, &unknown), Verdict::Rejected { hard_bounce: true });
///
/// let refused = Reply::new(535, "5.7.8 bad credentials");
/// assert_eq!(classify(Stage::Auth, &refused), Verdict::Channel(Some(HoldReason::LoginRefused)));
/// ```
pub fn classify(stage: Stage, reply: &Reply) -> Verdict {
    match reply.code() {
        200..=299 if stage != Stage::Data => Verdict::Accepted,
        300..=399 if matches!(stage, Stage::Data | Stage::Auth) => Verdict::Accepted,
        421 => Verdict::Channel(None),
        400..=499 => passing_failure(stage, reply),
        500..=599 => lasting_failure(stage, reply),
        _ => Verdict::OutOfStep,
    }
}

fn passing_failure(stage: Stage, reply: &Reply) -> Verdict {
    if demands_tls(reply) {
        Verdict::Channel(Some(HoldReason::TlsMissing))
    } else if is_throttling(stage, reply) {
        Verdict::Throttled
    } else if matches!(stage, Stage::RcptTo | Stage::Data | Stage::FinalDot) {
        Verdict::Retry
    } else {
        // Before RCPT the server knows no recipient whose fault it could be.
        Verdict::Channel(None)
    }
}

fn lasting_failure(stage: Stage, reply: &Reply) -> Verdict {
    if let Some(reason) = account_refusal(stage, reply) {
        return Verdict::Channel(Some(reason));
    }
    if is_too_large(stage, reply) {
        return Verdict::TooLarge;
    }
    match stage {
        Stage::Auth => Verdict::Channel(Some(match reply.code() {
            // Unknown command or mechanism: there is no login to be had, rather than a wrong one.
            500..=504 => HoldReason::AuthMissing,
            _ => HoldReason::LoginRefused,
        })),
        Stage::StartTls => Verdict::Channel(Some(HoldReason::TlsMissing)),
        Stage::Connect | Stage::Greeting | Stage::Ehlo | Stage::MailFrom => Verdict::Channel(None),
        // RFC 5321 §4.5.3.1.10: older servers say "too many recipients" with it, which passes.
        Stage::RcptTo if reply.code() == 552 => Verdict::Retry,
        Stage::RcptTo | Stage::Data | Stage::FinalDot => recipient_refusal(reply),
    }
}

fn recipient_refusal(reply: &Reply) -> Verdict {
    let enhanced = reply.agreed_enhanced().map(|code| (code.subject, code.detail));
    match (reply.code(), enhanced) {
        (500..=504, _) | (_, Some((5 | 6, _))) => Verdict::OurFault,
        (_, enhanced) => Verdict::Rejected {
            hard_bounce: matches!(enhanced, Some((1, 1 | 2 | 3 | 10))),
        },
    }
}

/// 552 with 5.3.4 wherever it is said; a 552 to MAIL (which names the size) or to the message, unless it is about a mailbox or a policy.
fn is_too_large(stage: Stage, reply: &Reply) -> bool {
    let enhanced = reply.agreed_enhanced().map(|code| (code.subject, code.detail));
    match (reply.code(), enhanced) {
        (_, Some((3, 4))) => true,
        (552, Some((2, 3))) => stage != Stage::RcptTo,
        (552, None) => {
            matches!(stage, Stage::MailFrom | Stage::Data | Stage::FinalDot)
                && !says(reply, &["quota", "mailbox full"])
        }
        _ => false,
    }
}

/// Answers that speak of the account that sends, whatever the stage.
fn account_refusal(stage: Stage, reply: &Reply) -> Option<HoldReason> {
    let refused = Some(HoldReason::AccountRefused);
    match reply.code() {
        530 if demands_tls(reply) => return Some(HoldReason::TlsMissing),
        530 => return Some(HoldReason::AuthMissing),
        // RFC 4954 §6: the mechanism is too weak, the credentials are invalid, the mechanism needs encryption.
        534 | 535 => return Some(HoldReason::LoginRefused),
        538 => return Some(HoldReason::TlsMissing),
        _ => {}
    }
    if demands_tls(reply) {
        return Some(HoldReason::TlsMissing);
    }
    if says(
        reply,
        &[
            "authentication required",
            "authentication is required",
            "need authentication",
            "not authenticated",
        ],
    ) {
        return Some(HoldReason::AuthMissing);
    }
    match reply.agreed_enhanced().map(|code| (code.subject, code.detail)) {
        // Microsoft: anonymous client; basic authentication or SMTP AUTH switched off.
        Some((7, 57)) => return Some(HoldReason::AuthMissing),
        Some((7, 3 | 139)) => return Some(HoldReason::LoginRefused),
        // Our own mailbox is full: said to MAIL. At RCPT it is the recipient's.
        Some((2, 2)) if stage == Stage::MailFrom => return refused,
        Some(code) if ACCOUNT_CODES.contains(&code) || BLOCKED_ADDRESSES.contains(&code.1) && code.0 == 7 => {
            return refused;
        }
        _ => {}
    }
    says(reply, ACCOUNT_TEXTS).then_some(HoldReason::AccountRefused)
}

/// (subject, detail) of 5.x.y codes that refuse the sender's account.
const ACCOUNT_CODES: &[(u16, u16)] = &[
    (1, 7),   // RFC 3463: bad sender's mailbox address syntax
    (1, 8),   // RFC 3463: bad sender's system address; Microsoft: bad outbound sender
    (1, 90),  // Microsoft: the day's recipients are spent
    (1, 92),  // Microsoft: the same, the newer code
    (2, 252), // Microsoft: send-as denied
    (2, 254), // Microsoft: the account may not submit
    (4, 5),   // Google: the day's sending limit
    (7, 60),  // Microsoft: may not send as this sender
    (7, 501), // Microsoft: spam abuse detected
    (7, 502), // Microsoft: banned sender
    (7, 503), // Microsoft: banned sender
    (7, 511), // Microsoft: banned sender
    (7, 705), // Microsoft: the tenant's threshold is exceeded
    (7, 708), // Microsoft: address of low reputation
    (7, 750), // Microsoft: the sender's domain is not registered
];

/// Details of Microsoft's 5.7.606 to 5.7.649: our network address is banned.
const BLOCKED_ADDRESSES: std::ops::RangeInclusive<u16> = 606..=649;

/// What servers without telling codes write, in lower case.
const ACCOUNT_TEXTS: &[&str] = &[
    "sendasdenied",                                // Exchange store driver, 554 5.2.0
    "submissionquotaexceeded",                     // Exchange store driver, 554 5.2.0
    "not allowed to send as",                      // Exchange
    "does not have permissions to send as",        // Exchange
    "sender address rejected: not owned by user",  // Postfix, reject_sender_login_mismatch
    "sender address rejected: not logged in",      // Postfix
    "basic authentication is disabled",            // Microsoft
    "smtpclientauthentication is disabled",        // Microsoft
    "daily user sending",                          // Google, limit or quota
    "daily sending quota",                         // several hosts
    "sending limit exceeded",                      // several hosts
    "has exceeded the max emails per hour",        // Exim as cPanel sets it up
    "has exceeded the max defers and failures",    // the same
    "outgoing mail from your account is disabled", // several hosts
];

/// Answers that ask to slow down.
fn is_throttling(stage: Stage, reply: &Reply) -> bool {
    let code = reply.agreed_enhanced();
    if reply.code() == 432 {
        return true;
    }
    match code {
        Some(EnhancedCode {
            subject: 3,
            detail: 2,
            ..
        }) => return matches!(reply.code(), 450..=452),
        // The recipient's address or mailbox, or the number of recipients: theirs to wait for.
        Some(
            EnhancedCode { subject: 1 | 2, .. }
            | EnhancedCode {
                subject: 5,
                detail: 3,
                ..
            },
        ) => return false,
        _ => {}
    }
    if says(reply, &["greylist", "graylist", "grey-list", "gray-list"]) {
        return false;
    }
    match code {
        // Google: unusual rate; Microsoft: server busy, reputation limits.
        Some(EnhancedCode {
            subject: 7,
            detail: 28 | 500..=699,
            ..
        }) => true,
        // With no recipient named yet, 4.7.0 can but mean the client: Google's "too many login attempts".
        Some(EnhancedCode {
            subject: 7,
            detail: 0,
            ..
        }) if matches!(stage, Stage::Auth | Stage::MailFrom) => true,
        _ => says(reply, THROTTLING_TEXTS),
    }
}

const THROTTLING_TEXTS: &[&str] = &[
    "rate limit",
    "rate-limit",
    "ratelimit",
    "unusual rate",
    "throttl",
    "slow down",
    "too much mail",
    "too many messages",
    "too many connections",
    "too many concurrent",
    "too many login",
    "server busy",
    "thread limit exceeded",
    "temporarily deferred",
    "quota exceeded for sender",
    "organization queue quota exceeded",
];

fn demands_tls(reply: &Reply) -> bool {
    says(
        reply,
        &[
            "starttls is required",
            "issue a starttls",
            "issue starttls",
            "starttls first",
            "tls is required",
            "requires tls",
        ],
    )
}

/// Whether the text holds one of `phrases`, which are in lower case.
fn says(reply: &Reply, phrases: &[&str]) -> bool {
    let text = reply.text().to_lowercase();
    phrases.iter().any(|phrase| text.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use HoldReason::{AccountRefused, AuthMissing, LoginRefused, TlsMissing};
    use Stage::{Auth, Connect, Data, Ehlo, FinalDot, Greeting, MailFrom, RcptTo, StartTls};
    use Verdict::{Accepted, Channel, OurFault, OutOfStep, Rejected, Retry, Throttled, TooLarge};

    const DEAD: Verdict = Rejected { hard_bounce: false };
    const HARD: Verdict = Rejected { hard_bounce: true };

    fn check(rows: &[(Stage, u16, &str, Verdict)]) {
        for (stage, code, text, expected) in rows {
            assert_eq!(
                classify(*stage, &Reply::new(*code, text)),
                *expected,
                "{code} {text:?} at {stage}"
            );
        }
    }

    #[test]
    fn the_expected_answer_goes_on() {
        check(&[
            (Greeting, 220, "mx.example.org ESMTP", Accepted),
            (Ehlo, 250, "mx.example.org\nPIPELINING", Accepted),
            (StartTls, 220, "2.0.0 Ready", Accepted),
            (Auth, 235, "2.7.0 Accepted", Accepted),
            (Auth, 334, "VXNlcm5hbWU6", Accepted),
            (MailFrom, 250, "", Accepted),
            (RcptTo, 250, "2.1.5 Ok", Accepted),
            (RcptTo, 251, "will forward", Accepted),
            (RcptTo, 252, "cannot verify", Accepted),
            (Data, 354, "End data with <CR><LF>.<CR><LF>", Accepted),
            (FinalDot, 250, "2.0.0 Ok: queued as 12345", Accepted),
            (FinalDot, 250, "5.0.0 the basic code wins", Accepted),
        ]);
    }

    #[test]
    fn an_answer_of_no_meaning_here_is_out_of_step() {
        check(&[
            (Data, 250, "2.0.0 Ok", OutOfStep),
            (FinalDot, 354, "End data", OutOfStep),
            (MailFrom, 354, "", OutOfStep),
            (RcptTo, 334, "", OutOfStep),
            (FinalDot, 100, "", OutOfStep),
            (FinalDot, 600, "", OutOfStep),
            (FinalDot, 0, "", OutOfStep),
        ]);
    }

    #[test]
    fn a_server_that_closes_is_the_channels_fault_at_every_stage() {
        for stage in Stage::ALL {
            check(&[
                (stage, 421, "4.3.0 closing", Channel(None)),
                (stage, 421, "", Channel(None)),
            ]);
        }
    }

    #[test]
    fn before_the_recipient_every_refusal_is_the_channels() {
        check(&[
            (Connect, 554, "", Channel(None)),
            (Greeting, 554, "5.7.1 no SMTP service here", Channel(None)),
            (Greeting, 450, "try later", Channel(None)),
            (Ehlo, 550, "5.7.1 go away", Channel(None)),
            (Ehlo, 502, "5.5.2 unknown command", Channel(None)),
            (StartTls, 454, "4.7.0 TLS not available", Channel(None)),
            (StartTls, 502, "5.5.1 unknown", Channel(Some(TlsMissing))),
            (MailFrom, 550, "5.7.1 sender refused", Channel(None)),
            (MailFrom, 501, "5.5.4 syntax", Channel(None)),
            (MailFrom, 553, "5.1.3 strange", Channel(None)),
            (MailFrom, 451, "4.3.0 queue file write error", Channel(None)),
            (MailFrom, 452, "4.3.1 insufficient system storage", Channel(None)),
        ]);
    }

    #[test]
    fn a_refused_login_holds_the_channel() {
        check(&[
            (
                Auth,
                535,
                "5.7.8 Error: authentication failed",
                Channel(Some(LoginRefused)),
            ),
            (
                Auth,
                535,
                "5.7.3 Authentication unsuccessful",
                Channel(Some(LoginRefused)),
            ),
            (
                Auth,
                535,
                "5.7.139 Authentication unsuccessful, basic authentication is disabled",
                Channel(Some(LoginRefused)),
            ),
            (
                Auth,
                534,
                "5.7.9 Application-specific password required",
                Channel(Some(LoginRefused)),
            ),
            (Auth, 550, "5.7.1 no", Channel(Some(LoginRefused))),
            (
                Auth,
                504,
                "5.5.4 Unrecognized authentication type",
                Channel(Some(AuthMissing)),
            ),
            (Auth, 502, "5.5.1 not implemented", Channel(Some(AuthMissing))),
            (Auth, 538, "5.7.11 Encryption required", Channel(Some(TlsMissing))),
            (
                Auth,
                454,
                "4.7.0 Too many login attempts, please try again later",
                Throttled,
            ),
            (Auth, 432, "4.7.12 A password transition is needed", Throttled),
            (Auth, 454, "temporary authentication failure", Channel(None)),
        ]);
    }

    #[test]
    fn the_accounts_own_refusal_holds_the_channel_at_any_stage() {
        for stage in [MailFrom, RcptTo, Data, FinalDot] {
            check(&[
                (
                    stage,
                    530,
                    "5.7.0 Must issue a STARTTLS command first",
                    Channel(Some(TlsMissing)),
                ),
                (
                    stage,
                    530,
                    "5.7.0 Authentication Required",
                    Channel(Some(AuthMissing)),
                ),
                (
                    stage,
                    530,
                    "5.7.57 Client not authenticated to send mail",
                    Channel(Some(AuthMissing)),
                ),
                (
                    stage,
                    535,
                    "5.7.3 Authentication unsuccessful",
                    Channel(Some(LoginRefused)),
                ),
                (
                    stage,
                    550,
                    "5.7.60 SMTP; Client does not have permissions to send as this sender",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    554,
                    "5.2.252 SendAsDenied; a@x not allowed to send as b@x",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    554,
                    "5.2.254 submission refused",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    554,
                    "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    554,
                    "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    550,
                    "5.4.5 Daily user sending limit exceeded",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    550,
                    "5.1.8 Access denied, bad outbound sender",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    550,
                    "5.7.708 Service unavailable. Access denied",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    550,
                    "5.7.606 Access denied, banned sending IP",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    553,
                    "5.7.1 <a@x>: Sender address rejected: not owned by user b",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    550,
                    "Domain x has exceeded the max emails per hour (51/50 (102%)) allowed",
                    Channel(Some(AccountRefused)),
                ),
                (
                    stage,
                    503,
                    "5.5.1 Error: need authentication",
                    Channel(Some(AuthMissing)),
                ),
            ]);
        }
        check(&[
            (MailFrom, 552, "5.2.2 mailbox full", Channel(Some(AccountRefused))),
            (
                MailFrom,
                451,
                "5.7.3 STARTTLS is required to send mail",
                Channel(Some(TlsMissing)),
            ),
            (MailFrom, 530, "5.7.0 something new", Channel(Some(AuthMissing))),
        ]);
    }

    #[test]
    fn throttling_slows_the_account_and_charges_nobody() {
        check(&[
            (
                RcptTo,
                432,
                "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
                Throttled,
            ),
            (MailFrom, 450, "4.3.2 busy", Throttled),
            (RcptTo, 451, "4.3.2 Please try again later", Throttled),
            (FinalDot, 452, "4.3.2 system not accepting messages", Throttled),
            (
                RcptTo,
                450,
                "4.7.1 Error: too much mail from 192.0.2.1",
                Throttled,
            ),
            (
                RcptTo,
                451,
                "4.7.500 Server busy. Please try again later",
                Throttled,
            ),
            (
                RcptTo,
                450,
                "4.7.28 Our system has detected an unusual rate of mail",
                Throttled,
            ),
            (MailFrom, 450, "4.7.0 slow", Throttled),
            (FinalDot, 451, "Rate limit reached", Throttled),
            (
                FinalDot,
                450,
                "4.7.3 Organization queue quota exceeded.",
                Throttled,
            ),
        ]);
    }

    #[test]
    fn a_recipients_passing_failure_is_retried() {
        check(&[
            (RcptTo, 450, "4.2.0 Greylisted", Retry),
            (RcptTo, 451, "4.7.1 Greylisting in action, rate limit 1", Retry),
            (RcptTo, 450, "4.1.1 unverified address", Retry),
            (
                RcptTo,
                450,
                "4.2.1 The user is receiving mail too quickly: rate limit",
                Retry,
            ),
            (
                RcptTo,
                450,
                "4.7.1 Client host rejected: cannot find your hostname",
                Retry,
            ),
            (
                RcptTo,
                452,
                "4.2.2 The email account that you tried to reach is over quota",
                Retry,
            ),
            (RcptTo, 452, "4.5.3 Too many recipients", Retry),
            (RcptTo, 451, "5.1.1 the basic code wins", Retry),
            (RcptTo, 451, "", Retry),
            (Data, 451, "4.3.0 error", Retry),
            (FinalDot, 452, "4.3.1 disk full", Retry),
            (FinalDot, 499, "", Retry),
            (RcptTo, 552, "Too many recipients", Retry),
            (RcptTo, 552, "5.2.2 over quota", Retry),
        ]);
    }

    #[test]
    fn a_recipients_lasting_failure_is_final_and_only_a_bad_address_is_hard() {
        check(&[
            (RcptTo, 550, "5.1.1 unknown", HARD),
            (RcptTo, 550, "5.1.2 no such domain", HARD),
            (RcptTo, 553, "5.1.3 bad address", HARD),
            (RcptTo, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", HARD),
            (FinalDot, 550, "5.1.1 unknown", HARD),
            (RcptTo, 550, "No such user here", DEAD),
            (RcptTo, 550, "4.1.1 the basic code wins", DEAD),
            (RcptTo, 550, "5.2.1 disabled", DEAD),
            (RcptTo, 554, "5.2.2 mailbox full", DEAD),
            (RcptTo, 554, "5.7.1 <x@y>: Relay access denied", DEAD),
            (FinalDot, 554, "5.7.1 looks like spam", DEAD),
            (FinalDot, 552, "5.7.0 blocked content", DEAD),
            (FinalDot, 552, "5.2.2 over quota", DEAD),
            (FinalDot, 552, "quota exceeded", DEAD),
            (FinalDot, 599, "", DEAD),
        ]);
    }

    #[test]
    fn what_the_server_does_not_understand_is_our_bug() {
        check(&[
            (RcptTo, 501, "5.1.3 Bad recipient address syntax", OurFault),
            (RcptTo, 503, "bad sequence", OurFault),
            (Data, 500, "what", OurFault),
            (Data, 554, "5.5.1 no valid recipients", OurFault),
            (FinalDot, 550, "5.6.0 not RFC 5322 compliant", OurFault),
            (FinalDot, 554, "5.5.2 bare <LF> received", OurFault),
            (FinalDot, 504, "", OurFault),
        ]);
    }

    #[test]
    fn a_message_larger_than_the_server_takes_is_told_apart() {
        check(&[
            (MailFrom, 552, "5.3.4 Message size exceeds fixed limit", TooLarge),
            (MailFrom, 552, "too big", TooLarge),
            (RcptTo, 552, "5.3.4 too big for this recipient", TooLarge),
            (FinalDot, 552, "5.3.4 Error: message file too big", TooLarge),
            (
                FinalDot,
                552,
                "5.2.3 Your message exceeded Google's message size limits",
                TooLarge,
            ),
            (FinalDot, 554, "5.3.4 too big", TooLarge),
            (FinalDot, 552, "Message size exceeds maximum permitted", TooLarge),
        ]);
    }

    #[test]
    fn every_code_at_every_stage_has_a_verdict_that_fits_its_class() {
        for stage in Stage::ALL {
            for code in 0..1_000 {
                let verdict = classify(stage, &Reply::new(code, ""));
                if code / 100 >= 4 || code / 100 < 2 {
                    assert_ne!(verdict, Accepted, "{code} at {stage}");
                }
                if code / 100 == 4 {
                    assert!(
                        matches!(verdict, Channel(_) | Throttled | Retry),
                        "{code} at {stage}"
                    );
                }
            }
        }
    }
}
