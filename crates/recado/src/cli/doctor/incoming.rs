//! The way back: whether answers can reach the daemon, and whether they are believed when they do.

use std::net::{IpAddr, SocketAddr};

use recado_app::diagnose::Finding;
use recado_domain::ledger::Outcome;
use recado_domain::parameter::{Parameter, Parameters};
use recado_domain::person::EmailAddress;
use recado_ports::mailbox::MailboxCheck as _;

use crate::config::Configuration;
use crate::wiring::House;

/// Longest local part that a mail server must take (RFC 5321 §4.5.3.1.1).
const LOCAL_PART: usize = 64;

/// Characters of a reply token, and of a return token, with the `+` before it.
const REPLY_TOKEN: usize = 45;
const RETURN_TOKEN: usize = 46;

/// Everything about incoming mail that can be seen without asking the mailbox.
pub(super) fn findings(
    configuration: &Configuration,
    values: &Parameters,
    ledger: &[(Option<Outcome>, u64)],
) -> Vec<Finding> {
    let mut findings = vec![ways_in(configuration, values)];
    if configuration.messaging.way_back.is_open(values) {
        findings.push(believed(configuration));
        findings.extend(addresses(configuration, values));
    }
    findings.push(waiting(ledger));
    findings
}

/// The mailbox that parameter 200 has read, looked at as the daemon looks at it; nothing is read or marked.
pub(super) async fn mailbox(house: &House, values: &Parameters) -> anyhow::Result<Option<Finding>> {
    const SUBJECT: &str = "mailbox";
    if !values.is_on(Parameter::ReadMail) {
        return Ok(None);
    }
    Ok(Some(match house.mailbox_check()?.check(values).await {
        Ok(state) => Finding::good(
            "mailbox-good",
            SUBJECT,
            format!(
                "{} has {} messages, {} of them unread; the server said: {}",
                state.place, state.messages, state.unseen, state.greeting
            ),
        ),
        Err(fault) => Finding::fault(
            "mailbox-fault",
            SUBJECT,
            fault.message,
            fault
                .remedy
                .unwrap_or_else(|| "look at parameters 23 to 28".to_owned()),
        ),
    }))
}

fn ways_in(configuration: &Configuration, values: &Parameters) -> Finding {
    const SUBJECT: &str = "incoming mail";
    let way_back = configuration.messaging.way_back;
    if !way_back.is_open(values) {
        let message = "no way in is configured: answers stay in the mailbox of parameter 10";
        if way_back.verp {
            let remedy = "set parameter 200 or [inbound] lmtp (docs/mailboxes.md), or leave verp out";
            return Finding::warning(
                "verp-idle",
                SUBJECT,
                format!("{message}, and [mail] verp does nothing"),
                remedy,
            );
        }
        return Finding::good("mail-unread", SUBJECT, message);
    }
    let Some(listen) = &configuration.inbound.lmtp else {
        let way = if values.is_on(Parameter::ReadMail) {
            "a mailbox is read"
        } else {
            "a mail server pipes it into recado receive"
        };
        return Finding::good("mail-read", SUBJECT, way);
    };
    let message = format!("mail servers hand it over by LMTP at {listen}");
    if is_open_to_strangers(listen) {
        let remedy = "LMTP has no login: whoever reaches the port is believed to be your mail server; listen on \
                      127.0.0.1 or a private address";
        return Finding::warning("lmtp-exposed", SUBJECT, message, remedy);
    }
    Finding::good("lmtp-good", SUBJECT, message)
}

/// Whether the address is one that others than this machine or network may reach. A name is taken for a private one.
fn is_open_to_strangers(listen: &str) -> bool {
    listen
        .parse()
        .is_ok_and(|address: SocketAddr| match address.ip() {
            IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
            IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
        })
}

fn believed(configuration: &Configuration) -> Finding {
    const SUBJECT: &str = "senders";
    let trust = &configuration.incoming.policy.trust;
    if trust.servers.is_empty() && trust.exchange.is_empty() {
        return Finding::warning(
            "senders-doubted",
            SUBJECT,
            "nobody's word about them counts: an answer is taken from the very address that was written to, and others \
             wait in quarantine",
            "set [inbound] authentication_servers to the name that your mail server writes at the start of \
             Authentication-Results (docs/mailboxes.md)",
        );
    }
    let exchange = trust
        .exchange
        .iter()
        .map(|via| format!("Exchange by {}", via.as_str()));
    let whose: Vec<_> = trust.servers.iter().cloned().chain(exchange).collect();
    Finding::good(
        "senders-believed",
        SUBJECT,
        format!("believed: {}", whose.join(", ")),
    )
}

/// Whether our own addresses can carry what leads an answer home, and lead there.
fn addresses(configuration: &Configuration, values: &Parameters) -> Vec<Finding> {
    const SUBJECT: &str = "addresses";
    let mut findings = Vec::new();
    let way_back = configuration.messaging.way_back;
    let from = values.address(Parameter::FromAddress);
    let local_part = from.as_ref().map_or(0, |from| from.local_part().len());
    if way_back.plus_address && local_part + REPLY_TOKEN > LOCAL_PART {
        findings.push(Finding::warning("address-long",
            SUBJECT,
            format!("parameter 10 has {local_part} characters before the @: no token fits behind them, and mails have no Reply-To"),
            "answers still find home by Message-ID and reference line; an address of at most 19 characters before the @ \
             makes it surer",
        ));
    }
    if way_back.verp && local_part + RETURN_TOKEN > LOCAL_PART {
        findings.push(Finding::warning(
            "address-long-verp",
            SUBJECT,
            "the address of parameter 10 is too long for return paths of their own (verp)",
            "take an address of at most 18 characters before the @, or leave verp out",
        ));
    }
    let inbox = values
        .text(Parameter::InboxUser)
        .filter(|_| values.is_on(Parameter::ReadMail))
        .and_then(|user| EmailAddress::parse(user).ok());
    if let (Some(from), Some(inbox)) = (&from, &inbox)
        && from != inbox
    {
        findings.push(Finding::warning(
            "address-other",
            SUBJECT,
            format!("mails come from {from}, and the mailbox of {inbox} is read"),
            format!(
                "make sure that what is sent to {from}, with and without +token, is delivered to {inbox}"
            ),
        ));
    }
    let desk = configuration.messaging.desk.as_ref().map(|desk| &desk.email);
    if let Some(desk) = desk
        && [&from, &inbox]
            .into_iter()
            .any(|read| read.as_ref() == Some(desk))
    {
        findings.push(Finding::fault("desk-read",
            SUBJECT,
            format!("[desk] address is {desk}, which Recado reads itself: what it tells the desk would come back to it"),
            "set [desk] address to a mailbox that people read",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(
            "addresses-good",
            SUBJECT,
            "answers to what we send lead home",
        ));
    }
    findings
}

fn waiting(ledger: &[(Option<Outcome>, u64)]) -> Finding {
    const SUBJECT: &str = "ledger";
    let count = |wanted: Option<Outcome>| -> u64 {
        let of_outcome = ledger.iter().filter(|(outcome, _)| *outcome == wanted);
        of_outcome.map(|(_, count)| count).sum()
    };
    let (quarantined, failed) = (count(Some(Outcome::Quarantined)), count(Some(Outcome::Failed)));
    let message = format!(
        "{quarantined} mails in quarantine, {failed} failed, {} being judged",
        count(None)
    );
    if failed > 0 {
        let remedy = "recado mail list --outcome failed says why; mend it, and recado mail replay ID";
        return Finding::warning("ledger-failed", SUBJECT, message, remedy);
    }
    if quarantined > 0 {
        let remedy = "recado mail list --outcome quarantined, then recado mail release or refuse ID";
        return Finding::warning("ledger-quarantined", SUBJECT, message, remedy);
    }
    Finding::good("ledger-good", SUBJECT, message)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use recado_app::diagnose::Verdict;

    use super::*;
    use crate::config::Sources;

    /// The findings that are no praise, as `verdict subject: message`.
    fn complaints(variables: &[(&str, &str)]) -> Vec<String> {
        let environment: BTreeMap<_, _> = variables
            .iter()
            .map(|(name, value)| (format!("RECADO_{name}"), (*value).to_owned()))
            .collect();
        let configuration = Configuration::load(&Sources {
            file: None,
            environment,
        })
        .unwrap();
        let found = findings(&configuration, &configuration.pins, &[]);
        let complaints = found
            .into_iter()
            .filter(|finding| finding.verdict != Verdict::Good);
        complaints
            .map(|finding| format!("{:?} {}: {}", finding.verdict, finding.subject, finding.message))
            .collect()
    }

    #[test]
    fn what_keeps_answers_away_is_told() {
        let good = [
            ("INBOUND__LMTP", "127.0.0.1:8424"),
            ("INBOUND__AUTHENTICATION_SERVERS", "mx.example.org"),
            ("PARAMETERS__10", "desk@example.org"),
        ];
        assert_eq!(complaints(&[]), [""; 0], "no way in is no fault");
        assert_eq!(complaints(&good), [""; 0]);
        for (variable, told) in [
            (("INBOUND__LMTP", "0.0.0.0:8424"), "Warning incoming mail"),
            (("INBOUND__LMTP", "192.0.2.1:8424"), "Warning incoming mail"),
            (("INBOUND__AUTHENTICATION_SERVERS", ""), "Warning senders"),
            (
                ("PARAMETERS__10", "servicio.de.atencion@example.org"),
                "Warning addresses: parameter 10 has 20 characters",
            ),
            (("DESK__ADDRESS", "desk@example.org"), "Fault addresses"),
        ] {
            let mut variables = good.to_vec();
            variables.retain(|(name, _)| *name != variable.0);
            variables.push(variable);
            let complaints = complaints(&variables);
            assert!(
                complaints.len() == 1 && complaints[0].starts_with(told),
                "{variable:?}: {complaints:?}"
            );
        }
        let verp = complaints(&[("MAIL__VERP", "true")]);
        assert!(verp[0].contains("verp does nothing"), "{verp:?}");
    }

    #[test]
    fn a_mailbox_of_another_name_is_told() {
        let told = complaints(&[
            ("PARAMETERS__200", "Y"),
            ("PARAMETERS__10", "desk@example.org"),
            ("PARAMETERS__24", "inbox@example.org"),
            ("INBOUND__EXCHANGE", "imap"),
        ]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("inbox@example.org is read"), "{told:?}");
    }

    #[test]
    fn what_waits_for_a_person_is_told() {
        let told = |ledger: &[(Option<Outcome>, u64)]| waiting(ledger).verdict;
        assert_eq!(told(&[(Some(Outcome::Attached), 7), (None, 1)]), Verdict::Good);
        assert_eq!(told(&[(Some(Outcome::Quarantined), 1)]), Verdict::Warning);
        assert_eq!(told(&[(Some(Outcome::Failed), 1)]), Verdict::Warning);
    }
}
