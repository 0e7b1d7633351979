//! The judgement, case by case.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::*;
use crate::incoming::{
    AuthenticationResults, AuthenticationTrust, AutomaticSign, ExchangeOrigin, SenderFacts, Shown,
};
use crate::ledger::Via;
use crate::outbox::DeliveryId;
use crate::person::UserId;
use crate::ticket::{TicketId, TicketNumber, Version};

const SERVER: &str = "mx.example.org";

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn party(email: &str) -> Party {
    Party::parse("", email).unwrap()
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

/// Ana asks, Tomás answers for the group, Vera watches.
fn ticket() -> Ticket {
    Ticket {
        id: TicketId(Uuid::from_u128(1)),
        number: TicketNumber::parse("4711").unwrap(),
        title: "La impresora".to_owned(),
        requester: party("ana@customer.example"),
        responsible: Some(party("tomas@desk.example")),
        group: Some(party("printers@desk.example")),
        status: TicketStatus::Open,
        contract: None,
        locale: None,
        watchers: vec![party("vera@gmail.com")],
        attributes: std::collections::BTreeMap::new(),
        version: Version(1),
        created_at: days_ago(30),
        updated_at: days_ago(1),
        closed_at: None,
        follows: None,
    }
}

fn closed(days: i64) -> Ticket {
    Ticket {
        status: TicketStatus::Closed,
        closed_at: Some(days_ago(days)),
        ..ticket()
    }
}

fn mail(from: &str) -> IncomingMail {
    IncomingMail {
        message_id: None,
        from: From::One(party(from)),
        sender: None,
        shown: Shown {
            subject: "Re: La impresora [#4711]".to_owned(),
            ..Shown::default()
        },
        recipients: Vec::new(),
        date: None,
        in_reply_to: Vec::new(),
        references: Vec::new(),
        reference_tokens: Vec::new(),
        authentication: Vec::new(),
        exchange: None,
        automatic: None,
        report: None,
        text: "Gracias".to_owned(),
        quoted: None,
        html: None,
        attachments: Vec::new(),
        remarks: Vec::new(),
    }
}

fn authenticated(mail: IncomingMail, result: &str) -> IncomingMail {
    let domain = mail.from.party().unwrap().email.domain().to_owned();
    let value = format!("{SERVER}; dmarc={result} header.from={domain}");
    IncomingMail {
        authentication: vec![AuthenticationResults::parse(&value).unwrap()],
        ..mail
    }
}

fn passing(from: &str) -> IncomingMail {
    authenticated(mail(from), "pass")
}

fn proof_for(person: &str) -> Proof {
    Proof {
        place: ProofPlace::Address,
        delivery: DeliveryId(Uuid::from_u128(7)),
        ticket: ticket(),
        person: address(person),
        person_role: None,
        written_at: days_ago(2),
        visibility: Visibility::Public,
    }
}

fn circumstances(proofs: Vec<Proof>) -> Circumstances {
    Circumstances {
        now: now(),
        via: Via::Imap,
        own_address: Some(address("desk@desk.example")),
        is_ours: false,
        has_unproven_token: false,
        proofs,
        tagged: Some(ticket()),
        sender: SenderFacts::default(),
    }
}

fn policy() -> Policy {
    Policy {
        trust: AuthenticationTrust {
            servers: vec![SERVER.to_owned()],
            ..AuthenticationTrust::default()
        },
        ..Policy::default()
    }
}

fn account(email: &str, role: Role, standing: Standing) -> User {
    User {
        id: UserId(Uuid::nil()),
        party: party(email),
        role,
        standing,
    }
}

/// In whose name it stands and how that is flagged, or why it waits.
fn outcome(judgement: &Judgement) -> (String, Option<Flag>) {
    match judgement {
        Judgement::Attach { author, flag, .. } => (author.email.to_string(), flag.clone()),
        Judgement::Open { requester, flag, .. } => (format!("open {}", requester.email), flag.clone()),
        Judgement::Automatic { reason, .. } => (format!("automatic {reason}"), None),
        Judgement::Quarantine { reason, .. } => (format!("{reason:?}"), None),
    }
}

const ANA: &str = "ana@customer.example";

#[test]
fn a_token_speaks_for_its_person_and_for_those_who_belong_to_them() {
    let ana = || address(ANA);
    let of_ana = || circumstances(vec![proof_for(ANA)]);
    let member = || {
        let mut circumstances = circumstances(vec![proof_for("printers@desk.example")]);
        circumstances.sender.groups = vec![address("printers@desk.example")];
        circumstances
    };
    let accepted = || {
        let mut circumstances = of_ana();
        circumstances.sender.answers_for = vec![ana()];
        circumstances
    };
    let with_sender = |from: &str, sender: &str| IncomingMail {
        sender: Some(party(sender)),
        ..mail(from)
    };
    let stranger = || format!("{:?}", QuarantineReason::Stranger(ana()));
    let unverified = || format!("{:?}", QuarantineReason::UnverifiedStranger(ana()));
    let not_theirs = || format!("{:?}", QuarantineReason::NotTheDomains);
    let assistant = "asistente@customer.example";
    let cases = vec![
        (mail(ANA), of_ana(), ANA.to_owned(), None),
        (passing(ANA), of_ana(), ANA.to_owned(), None),
        (authenticated(mail(ANA), "fail"), of_ana(), not_theirs(), None),
        // Another address of hers, or a colleague's.
        (
            passing("ana.perez@customer.example"),
            of_ana(),
            "ana.perez@customer.example".to_owned(),
            Some(Flag::SameDomain(ana())),
        ),
        (mail("ana.perez@customer.example"), of_ana(), unverified(), None),
        (passing("ana@other.example"), of_ana(), stranger(), None),
        (mail("ana@other.example"), of_ana(), unverified(), None),
        (
            mail("ana@other.example"),
            accepted(),
            "ana@other.example".to_owned(),
            Some(Flag::Accepted(ana())),
        ),
        (
            authenticated(mail("ana@other.example"), "fail"),
            accepted(),
            not_theirs(),
            None,
        ),
        // A delegate: on her behalf, and on somebody's behalf by her.
        (
            with_sender(ANA, assistant),
            of_ana(),
            assistant.to_owned(),
            Some(Flag::Delegate(ana())),
        ),
        (
            with_sender("jefe@customer.example", ANA),
            of_ana(),
            ANA.to_owned(),
            Some(Flag::Delegate(address("jefe@customer.example"))),
        ),
        // A mailer of another house in Sender says nothing about who wrote.
        (
            with_sender(ANA, "bounces@mailer.example"),
            of_ana(),
            ANA.to_owned(),
            None,
        ),
        (
            passing("luis@desk.example"),
            member(),
            "luis@desk.example".to_owned(),
            Some(Flag::Member(address("printers@desk.example"))),
        ),
        (
            mail("luis@desk.example"),
            member(),
            "UnverifiedStranger(EmailAddress(\"printers@desk.example\"))".to_owned(),
            None,
        ),
        // Somebody on the ticket answers with a mail that was passed on to them.
        (
            passing("tomas@desk.example"),
            of_ana(),
            "tomas@desk.example".to_owned(),
            Some(Flag::OtherParty(ana())),
        ),
        // People who share a public provider share nothing else.
        (
            passing("eve@gmail.com"),
            circumstances(vec![proof_for("vera@gmail.com")]),
            format!("{:?}", QuarantineReason::Stranger(address("vera@gmail.com"))),
            None,
        ),
    ];
    for (index, (mail, circumstances, name, flag)) in cases.into_iter().enumerate() {
        let judged = judge(&mail, &circumstances, &policy());
        assert_eq!(outcome(&judged), (name, flag), "case {index}: {:?}", mail.from);
    }
}

#[test]
fn a_colleague_in_the_same_exchange_tenant_is_authenticated_on_a_trusted_way_alone() {
    let mut from_colleague = mail("colega@customer.example");
    from_colleague.exchange = Some(ExchangeOrigin::Internal);
    let facts = circumstances(vec![proof_for(ANA)]);
    let mut trusting = policy();
    trusting.trust.exchange = vec![Via::Imap];
    let trusted = judge(&from_colleague, &facts, &trusting);
    assert_eq!(outcome(&trusted).0, "colega@customer.example");
    let elsewhere = Circumstances {
        via: Via::Lmtp,
        ..facts.clone()
    };
    for judged in [
        judge(&from_colleague, &facts, &policy()),
        judge(&from_colleague, &elsewhere, &trusting),
    ] {
        assert!(outcome(&judged).0.starts_with("UnverifiedStranger"), "{judged:?}");
    }
    from_colleague.exchange = Some(ExchangeOrigin::External);
    assert!(
        outcome(&judge(&from_colleague, &facts, &trusting))
            .0
            .starts_with("UnverifiedStranger")
    );
}

#[test]
fn a_tag_alone_needs_a_party_of_the_ticket_and_somebody_who_vouches() {
    let none = || circumstances(Vec::new());
    let tag_alone = format!("{:?}", QuarantineReason::TagAlone);
    for (mail, expected) in [
        (mail(ANA), tag_alone.clone()),
        (passing(ANA), ANA.to_owned()),
        (passing("vera@gmail.com"), "vera@gmail.com".to_owned()),
        (passing("eve@gmail.com"), tag_alone.clone()),
        (
            authenticated(mail(ANA), "fail"),
            format!("{:?}", QuarantineReason::NotTheDomains),
        ),
        (authenticated(mail(ANA), "none"), tag_alone.clone()),
    ] {
        let judged = judge(&mail, &none(), &policy());
        assert_eq!(outcome(&judged).0, expected, "{:?}", mail.authentication);
        if let Judgement::Quarantine { ticket: waits_on, .. } = judged {
            assert_eq!(waits_on, Some(ticket().id));
        }
    }
    // A header of a server that nobody listed is the sender's own word.
    let forged = IncomingMail {
        authentication: vec![
            AuthenticationResults::parse("mx.evil.example; dmarc=pass header.from=customer.example").unwrap(),
        ],
        ..mail(ANA)
    };
    assert_eq!(outcome(&judge(&forged, &none(), &policy())).0, tag_alone);
    // So is one of a listed server below the one that it added itself.
    let mut below = authenticated(mail(ANA), "none");
    below.authentication.extend(passing(ANA).authentication);
    assert_eq!(outcome(&judge(&below, &none(), &policy())).0, tag_alone);
}

#[test]
fn an_aged_token_is_worth_as_much_as_a_tag() {
    let aged = Proof {
        written_at: days_ago(181),
        ..proof_for(ANA)
    };
    let mut circumstances = circumstances(vec![aged]);
    circumstances.tagged = None;
    let judged = judge(&mail(ANA), &circumstances, &policy());
    assert_eq!(outcome(&judged).0, format!("{:?}", QuarantineReason::AgedToken));
    assert_eq!(outcome(&judge(&passing(ANA), &circumstances, &policy())).0, ANA);
}

#[test]
fn the_senders_own_carrier_counts_before_one_that_was_put_there() {
    let other = Ticket {
        id: TicketId(Uuid::from_u128(2)),
        requester: party("eve@evil.example"),
        ..ticket()
    };
    let put = Proof {
        ticket: other,
        person: address("eve@evil.example"),
        ..proof_for(ANA)
    };
    let own = Proof {
        place: ProofPlace::Thread,
        ..proof_for(ANA)
    };
    let judged = judge(&mail(ANA), &circumstances(vec![put.clone(), own]), &policy());
    assert!(
        matches!(&judged, Judgement::Attach { ticket: on, flag: None, .. } if *on == ticket().id),
        "{judged:?}"
    );
    // Swapped outright: her mail with another's token stands in nobody's name.
    let swapped = judge(&mail(ANA), &circumstances(vec![put]), &policy());
    assert!(
        outcome(&swapped).0.starts_with("UnverifiedStranger"),
        "{swapped:?}"
    );
}

#[test]
fn who_is_no_longer_on_the_ticket_does_not_answer_on_it() {
    let gone = circumstances(vec![proof_for("old@customer.example")]);
    let judged = judge(&mail("old@customer.example"), &gone, &policy());
    assert!(outcome(&judged).0.starts_with("LostAccess"), "{judged:?}");
    let mut technician = proof_for("before@desk.example");
    technician.person_role = Some(Role::Technician);
    let judged = judge(
        &mail("before@desk.example"),
        &circumstances(vec![technician]),
        &policy(),
    );
    assert_eq!(outcome(&judged).0, "before@desk.example");
    let desk = Policy {
        desk: Some(address("help@desk.example")),
        ..policy()
    };
    let judged = judge(
        &mail("help@desk.example"),
        &circumstances(vec![proof_for("help@desk.example")]),
        &desk,
    );
    assert_eq!(outcome(&judged).0, "help@desk.example");
}

#[test]
fn an_answer_is_as_private_as_what_it_answers() {
    let internal = |person: &str| {
        circumstances(vec![Proof {
            visibility: Visibility::Internal,
            ..proof_for(person)
        }])
    };
    let judged = judge(
        &mail("tomas@desk.example"),
        &internal("tomas@desk.example"),
        &policy(),
    );
    assert!(
        matches!(
            judged,
            Judgement::Attach {
                visibility: Visibility::Internal,
                ..
            }
        ),
        "{judged:?}"
    );
    let passed_on = judge(&passing(ANA), &internal("tomas@desk.example"), &policy());
    assert_eq!(outcome(&passed_on).0, "Internal");
    assert!(matches!(
        passed_on,
        Judgement::Quarantine {
            visibility: Visibility::Internal,
            ..
        }
    ));
}

#[test]
fn an_aged_answer_to_an_internal_comment_stays_internal() {
    let aged = circumstances(vec![Proof {
        visibility: Visibility::Internal,
        written_at: days_ago(181),
        ..proof_for("tomas@desk.example")
    }]);
    let judged = judge(&passing("tomas@desk.example"), &aged, &policy());
    assert!(
        matches!(
            judged,
            Judgement::Attach {
                visibility: Visibility::Internal,
                ..
            }
        ),
        "{judged:?}"
    );
    assert_eq!(outcome(&judge(&passing(ANA), &aged, &policy())).0, "Internal");
}

#[test]
fn a_closed_ticket_opens_again_for_a_while_and_is_followed_by_another_later() {
    let with = |ticket: Ticket| {
        circumstances(vec![Proof {
            ticket,
            ..proof_for(ANA)
        }])
    };
    let judged = judge(&mail(ANA), &with(closed(13)), &policy());
    assert!(
        matches!(
            judged,
            Judgement::Attach {
                reopening: Reopening::Yes,
                ..
            }
        ),
        "{judged:?}"
    );
    let judged = judge(&mail(ANA), &with(closed(15)), &policy());
    assert!(
        matches!(&judged, Judgement::Open { follows: Some(follows), .. } if *follows == ticket().id),
        "{judged:?}"
    );
    let judged = judge(&mail(ANA), &with(ticket()), &policy());
    assert!(
        matches!(
            judged,
            Judgement::Attach {
                reopening: Reopening::No,
                ..
            }
        ),
        "{judged:?}"
    );
    // The desk's own word changes no status.
    let of_tomas = circumstances(vec![Proof {
        ticket: closed(100),
        ..proof_for("tomas@desk.example")
    }]);
    let judged = judge(&mail("tomas@desk.example"), &of_tomas, &policy());
    assert!(
        matches!(
            judged,
            Judgement::Attach {
                reopening: Reopening::No,
                ..
            }
        ),
        "{judged:?}"
    );
}

#[test]
fn a_saved_contact_with_a_new_subject_opens_a_ticket() {
    let about = |subject: &str| {
        let mut mail = mail(ANA);
        subject.clone_into(&mut mail.shown.subject);
        mail
    };
    let token_alone = || {
        let mut circumstances = circumstances(vec![proof_for(ANA)]);
        circumstances.tagged = None;
        circumstances
    };
    for (subject, expected) in [
        ("El monitor", "open ana@customer.example"),
        ("Fwd: El monitor", "open ana@customer.example"),
        ("Re: El monitor", ANA),
        ("RE: La impresora", ANA),
        ("El monitor [#4711]", ANA),
        ("", ANA),
        ("Re:", ANA),
    ] {
        assert_eq!(
            outcome(&judge(&about(subject), &token_alone(), &policy())).0,
            expected,
            "{subject:?}"
        );
    }
    let mut answer = about("El monitor");
    answer.in_reply_to = vec![crate::token::MessageId::parse("rewritten@relay.example").unwrap()];
    assert_eq!(outcome(&judge(&answer, &token_alone(), &policy())).0, ANA);
    let mut quoted = token_alone();
    quoted.proofs.push(Proof {
        place: ProofPlace::Body,
        ..proof_for(ANA)
    });
    assert_eq!(outcome(&judge(&about("El monitor"), &quoted, &policy())).0, ANA);
    let nobody = Policy {
        open_tickets: OpenTickets::Nobody,
        ..policy()
    };
    assert_eq!(
        outcome(&judge(&about("El monitor"), &token_alone(), &nobody)).0,
        "OpensNothing"
    );
}

#[test]
fn a_mail_that_names_no_ticket_opens_one_for_whom_the_policy_admits() {
    use OpenTickets::{Anyone, Known, Nobody};
    let facts = |is_known| {
        let mut circumstances = circumstances(Vec::new());
        circumstances.tagged = None;
        circumstances.sender.is_known = is_known;
        circumstances
    };
    for (open_tickets, is_known, mail, expected, flag) in [
        (Known, true, passing(ANA), "open ana@customer.example", None),
        (
            Known,
            true,
            mail(ANA),
            "open ana@customer.example",
            Some(Flag::Unverified),
        ),
        (
            Known,
            true,
            authenticated(mail(ANA), "fail"),
            "NotTheDomains",
            None,
        ),
        (Known, false, passing(ANA), "UnknownSender", None),
        (
            Anyone,
            false,
            mail(ANA),
            "open ana@customer.example",
            Some(Flag::Unverified),
        ),
        (Nobody, true, passing(ANA), "OpensNothing", None),
    ] {
        let policy = Policy {
            open_tickets,
            ..policy()
        };
        let judged = judge(&mail, &facts(is_known), &policy);
        assert_eq!(outcome(&judged), (expected.to_owned(), flag), "{open_tickets:?}");
    }
    let guessed = Circumstances {
        has_unproven_token: true,
        ..facts(true)
    };
    assert_eq!(
        outcome(&judge(&passing(ANA), &guessed, &policy())).0,
        "UnprovenToken"
    );
}

#[test]
fn nobody_is_believed_who_has_no_single_author_or_no_standing() {
    for (from, expected) in [(From::Several, "SeveralAuthors"), (From::Missing, "NoAuthor")] {
        let mail = IncomingMail { from, ..passing(ANA) };
        assert_eq!(
            outcome(&judge(&mail, &circumstances(vec![proof_for(ANA)]), &policy())).0,
            expected
        );
    }
    let mut disabled = circumstances(vec![proof_for(ANA)]);
    disabled.sender.account = Some(account(ANA, Role::Requester, Standing::Disabled));
    assert_eq!(outcome(&judge(&passing(ANA), &disabled, &policy())).0, "Disabled");
}

#[test]
fn a_programs_mail_becomes_no_comment_whatever_it_bears() {
    let vacation = AutomaticSign::AutoSubmitted("auto-replied".to_owned());
    for sign in [
        vacation.clone(),
        AutomaticSign::NullSender,
        AutomaticSign::ReadReceipt,
        AutomaticSign::Recall,
    ] {
        let mail = IncomingMail {
            automatic: Some(sign),
            ..passing(ANA)
        };
        let judged = judge(&mail, &circumstances(vec![proof_for(ANA)]), &policy());
        assert!(
            matches!(&judged, Judgement::Automatic { ticket: Some(on), .. } if *on == ticket().id),
            "{judged:?}"
        );
    }
    let ours = Circumstances {
        is_ours: true,
        ..circumstances(vec![proof_for(ANA)])
    };
    assert!(matches!(
        judge(&passing(ANA), &ours, &policy()),
        Judgement::Automatic { .. }
    ));
    let echo = judge(
        &passing("desk@desk.example"),
        &circumstances(vec![proof_for(ANA)]),
        &policy(),
    );
    assert!(matches!(echo, Judgement::Automatic { .. }), "{echo:?}");

    let monitoring = Policy {
        monitoring: vec![address("nagios@desk.example")],
        ..policy()
    };
    let none = Circumstances {
        tagged: None,
        ..circumstances(Vec::new())
    };
    let generated = IncomingMail {
        automatic: Some(AutomaticSign::AutoSubmitted("auto-generated".to_owned())),
        ..passing("nagios@desk.example")
    };
    assert_eq!(
        outcome(&judge(&generated, &none, &monitoring)).0,
        "open nagios@desk.example"
    );
    let replied = IncomingMail {
        automatic: Some(vacation),
        ..generated.clone()
    };
    assert!(matches!(
        judge(&replied, &none, &monitoring),
        Judgement::Automatic { .. }
    ));
    assert!(matches!(
        judge(&generated, &none, &policy()),
        Judgement::Automatic { .. }
    ));
}

#[test]
fn results_without_a_servers_name_count_on_a_way_in_from_exchange_online_alone() {
    let nameless = IncomingMail {
        authentication: vec![
            AuthenticationResults::parse("dmarc=pass action=none header.from=customer.example").unwrap(),
        ],
        ..mail(ANA)
    };
    let tagged = circumstances(Vec::new());
    let mut trusting = policy();
    trusting.trust.exchange = vec![Via::Imap];
    assert_eq!(outcome(&judge(&nameless, &tagged, &trusting)).0, "TagAlone");
    trusting.trust.exchange_online = vec![Via::Imap];
    assert_eq!(outcome(&judge(&nameless, &tagged, &trusting)).0, ANA);
    assert_eq!(outcome(&judge(&nameless, &tagged, &policy())).0, "TagAlone");
    let elsewhere = Circumstances {
        via: Via::Pipe,
        ..tagged
    };
    assert_eq!(outcome(&judge(&nameless, &elsewhere, &trusting)).0, "TagAlone");
}

#[test]
fn a_delegate_who_means_something_on_the_ticket_needs_somebody_who_vouches() {
    let on_ticket = Ticket {
        watchers: vec![party("jefe@customer.example")],
        ..ticket()
    };
    let of_ana = circumstances(vec![Proof {
        ticket: on_ticket,
        ..proof_for(ANA)
    }]);
    let by_the_boss = |mail: IncomingMail| IncomingMail {
        sender: Some(party("jefe@customer.example")),
        ..mail
    };
    let vouched = judge(&by_the_boss(passing(ANA)), &of_ana, &policy());
    assert_eq!(outcome(&vouched).0, "jefe@customer.example");
    let claimed = judge(&by_the_boss(mail(ANA)), &of_ana, &policy());
    assert_eq!(outcome(&claimed), (ANA.to_owned(), None));
}
