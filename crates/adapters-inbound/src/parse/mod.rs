//! What the octets of a mail say: fields, parts, text, files, and the signs by which a program's mail is known.
//!
//! Every step is one pass, bounded in depth, number and length, so that no mail costs much more than another of its
//! size. mail-parser reads what is inside a field and decodes charsets; which parts a mail has, and in what bounds,
//! is decided here, in `structure`.

mod addresses;
mod body;
mod charset;
mod content;
mod content_type;
mod fields;
mod files;
mod head;
mod lzfu;
mod report;
mod selection;
mod signs;
mod structure;
mod tnef;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use mail_parser::DateTime;
use recado_domain::incoming::{AuthenticationResults, AutomaticSign, ExchangeOrigin, IncomingMail, Remark};
use recado_domain::quote::Purpose;
use recado_domain::token::MessageId;
use recado_ports::reader::{MailEnvelope, MailHead, ReadError, ReadLimits, Reader};

use body::{Body, Texts};
use fields::{Field, Fields};
use files::Files;
use structure::{Part, Structure};
use tnef::{Tnef, TnefFile};

/// Message-IDs of one kind that are kept: of more, the first and the last.
const MESSAGE_IDS: usize = 200;
/// `Authentication-Results` that are read.
const AUTHENTICATION_RESULTS: usize = 50;

/// Reads mails. Holds nothing; any number of threads may use one.
#[derive(Debug, Clone, Copy, Default)]
pub struct MailReader;

impl Reader for MailReader {
    fn head(&self, raw: &[u8]) -> MailHead {
        catch_unwind(AssertUnwindSafe(|| head::read(raw))).unwrap_or_else(|_| MailHead {
            fingerprint: head::fingerprint_of_octets(raw),
            ..MailHead::default()
        })
    }

    fn read(
        &self,
        raw: &[u8],
        envelope: &MailEnvelope,
        limits: &ReadLimits,
    ) -> Result<IncomingMail, ReadError> {
        catch_unwind(AssertUnwindSafe(|| read(raw, envelope, limits))).map_err(|panic| {
            let said = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            ReadError {
                source: format!("the parser panicked: {}", said.unwrap_or("no reason given")).into(),
            }
        })
    }
}

fn read(raw: &[u8], envelope: &MailEnvelope, limits: &ReadLimits) -> IncomingMail {
    let structure = Structure::read(raw);
    let fields = &structure.root().fields;
    let selection = selection::select(&structure);
    let mut files = Files::new(*limits);
    let mut texts = Texts::decode(&structure, &selection.stretches);
    let mut is_recall = false;
    let mut enclosed: Vec<Enclosed<'_, '_>> = Vec::with_capacity(selection.files.len());
    for &place in &selection.files {
        let part = &structure.parts[place];
        let Some(mut tnef) = unwrapped(part, limits) else {
            enclosed.push(Enclosed::Part(part));
            continue;
        };
        if tnef.is_cut {
            enclosed.push(Enclosed::Part(part));
        }
        is_recall |= tnef.message_class.to_ascii_lowercase().contains("recall");
        if texts.are_blank() {
            let text = tnef.take_text();
            if text.is_blank() {
                enclosed.extend(tnef.rtf.take().map(Enclosed::Rtf));
            }
            texts.push(text);
        }
        enclosed.extend(tnef.files.into_iter().map(Enclosed::File));
    }
    let shown = head::shown(fields);
    let purpose = Purpose::of_subject(&shown.subject);
    // The text first: where it is cut, the whole of it is a file, and must find room.
    let body = Body::read(texts, purpose, limits.text, &mut files);
    for file in enclosed {
        match file {
            Enclosed::Part(part) => files.add_part(part),
            Enclosed::File(file) => files.add(&file.name, &file.content_type, file.content),
            Enclosed::Rtf(rtf) => files.add("text.rtf", "application/rtf", rtf),
        }
    }
    let told = body.told();
    let mut remarks: Vec<Remark> = body.remarks().collect();
    remarks.extend(structure.is_cut.then_some(Remark::StructureCut));
    remarks.extend(selection.is_opaque.then_some(Remark::Opaque));
    let (attachments, left_out) = files.finish();
    remarks.extend(left_out);
    IncomingMail {
        message_id: head::message_id(fields),
        from: addresses::author(fields),
        sender: addresses::sender(fields),
        shown,
        recipients: addresses::recipients(fields, envelope.to.as_ref()),
        date: date(fields),
        in_reply_to: message_ids(fields, "in-reply-to"),
        references: message_ids(fields, "references"),
        reference_tokens: body.tokens,
        authentication: authentication(fields),
        exchange: exchange(fields),
        automatic: is_recall
            .then_some(AutomaticSign::Recall)
            .or_else(|| signs::find(&structure, envelope, &told)),
        report: report::read(&structure, envelope, &told),
        text: body.text,
        quoted: body.quoted,
        html: body.html,
        attachments,
        remarks,
    }
}

/// A file on its way into the comment.
enum Enclosed<'s, 'a> {
    /// A part of the mail.
    Part(&'s Part<'a>),
    /// One out of a `winmail.dat`.
    File(TnefFile),
    /// The text of a `winmail.dat`, where it has no other form.
    Rtf(Vec<u8>),
}

/// What Outlook wrapped into a `winmail.dat`, which other mail programs cannot open.
fn unwrapped(part: &Part<'_>, limits: &ReadLimits) -> Option<Tnef> {
    let of = &part.content_type;
    let is_wrapped = of.kind == "application" && matches!(of.subtype.as_str(), "ms-tnef" | "vnd.ms-tnef");
    let is_so_named = || files::given_name(part).is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"));
    if is_wrapped || is_so_named() {
        tnef::read(&content::octets(part), limits.attachment)
    } else {
        None
    }
}

/// The Message-IDs in all fields of a name. Of very many, the first and the last: a thread begins and ends there.
fn message_ids(fields: &Fields<'_>, name: &str) -> Vec<MessageId> {
    let mut ids: Vec<MessageId> = fields.all(name).take(10).flat_map(head::message_ids).collect();
    if ids.len() > MESSAGE_IDS {
        let last = ids.split_off(ids.len() - MESSAGE_IDS / 2);
        ids.truncate(MESSAGE_IDS / 2);
        ids.extend(last);
    }
    ids
}

fn date(fields: &Fields<'_>) -> Option<Timestamp> {
    let mut value = fields.first("date")?.unfolded();
    value.push('\n');
    let date = DateTime::parse_rfc822(&value).filter(DateTime::is_valid)?;
    Timestamp::from_second(date.to_timestamp()).ok()
}

fn authentication(fields: &Fields<'_>) -> Vec<AuthenticationResults> {
    let values = fields.all("authentication-results").take(AUTHENTICATION_RESULTS);
    values
        .filter_map(|field| AuthenticationResults::parse(&field.unfolded()))
        .collect()
}

/// Whether the organisation calls the mail its own: every such header must, lest one that the sender wrote counts.
fn exchange(fields: &Fields<'_>) -> Option<ExchangeOrigin> {
    let mut values = fields
        .all("x-ms-exchange-organization-authas")
        .map(Field::text)
        .peekable();
    values.peek()?;
    let is_internal = values.all(|value| value.eq_ignore_ascii_case("internal"));
    Some(if is_internal {
        ExchangeOrigin::Internal
    } else {
        ExchangeOrigin::External
    })
}

#[cfg(test)]
mod tests {
    use recado_domain::incoming::Method;

    use super::*;

    fn fields(header: &str) -> Fields<'_> {
        Fields::read(header.as_bytes()).0
    }

    #[test]
    fn an_organisation_is_believed_only_where_every_such_header_agrees() {
        let header = |value: &str| format!("X-MS-Exchange-Organization-AuthAs: {value}\n");
        for (written, origin) in [
            (String::new(), None),
            (header("internal"), Some(ExchangeOrigin::Internal)),
            (header("Anonymous"), Some(ExchangeOrigin::External)),
            (
                header("Internal") + &header("Anonymous"),
                Some(ExchangeOrigin::External),
            ),
            (
                header("Anonymous") + &header("Internal"),
                Some(ExchangeOrigin::External),
            ),
        ] {
            assert_eq!(exchange(&fields(&written)), origin, "{written}");
        }
    }

    #[test]
    fn of_very_many_message_ids_the_ends_are_kept() {
        let ids: Vec<String> = (0..1_000).map(|number| format!("<{number}@x>")).collect();
        let header = format!("References: {}\n\n", ids.join(" "));
        let kept = message_ids(&fields(&header), "references");
        assert_eq!(kept.len(), MESSAGE_IDS);
        assert_eq!(
            (kept[0].as_str(), kept[MESSAGE_IDS - 1].as_str()),
            ("0@x", "999@x")
        );
    }

    #[test]
    fn a_date_that_is_none_is_none() {
        for (value, seconds) in [
            ("Fri, 20 Nov 2026 10:00:00 +0100", Some(1_795_165_200)),
            ("20 Nov 2026 09:00:00 GMT", Some(1_795_165_200)),
            ("tomorrow", None),
            ("Thu, 32 Feb 2026 25:61:00 +9999", None),
            ("", None),
        ] {
            let header = format!("Date: {value}\n\n");
            assert_eq!(
                date(&fields(&header)).map(Timestamp::as_second),
                seconds,
                "{value}"
            );
        }
    }

    #[test]
    fn authentication_results_keep_their_order_and_strangers_to_the_form_are_left_out() {
        let header = "Authentication-Results: a; spf=pass\nAuthentication-Results: ;\nAuthentication-Results: b;\n dkim=fail\n\n";
        let read = authentication(&fields(header));
        let methods: Vec<Method> = read
            .iter()
            .flat_map(|read| &read.results)
            .map(|result| result.method)
            .collect();
        assert_eq!(
            (read.len(), methods.as_slice()),
            (2, &[Method::Spf, Method::Dkim][..])
        );
    }
}
