//! Reading the ledger: one mail, lists, and what judging a mail asks of the mails before it.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::ledger::{LedgerEntry, MailId, Outcome};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::ledger::{MailFilter, StoredMail};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::column::{Key, count, micros};
use crate::database::Database;
use crate::fault::Fault;
use crate::literal::{IsAcknowledgement, Pending};
use crate::operation::{queries, run};
use crate::rows::{Cursor, MailRow, cursor};
use crate::schema::{incoming_mail, incoming_message, outbox};

struct Wanted {
    filter: MailFilter,
    before: Uuid,
    limit: i64,
}

/// Which mails of a sender to count.
struct Recent {
    sender: EmailAddress,
    ticket: Option<Key>,
    since: i64,
}

queries! {
    pub(super) async fn pending(connection: &mut Session, input: &(Key, i64)) -> Result<Vec<Key>, Fault> {
        let (after, limit) = *input;
        let pending = incoming_mail::table.filter(Pending).filter(incoming_mail::id.gt(after));
        let oldest = pending.order(incoming_mail::id).limit(limit);
        Ok(oldest.select(incoming_mail::id).load(connection).await?)
    }

    pub(super) async fn entry(connection: &mut Session, id: &Key) -> Result<Option<MailRow>, Fault> {
        let row = incoming_mail::table.find(id).select(MailRow::as_select());
        Ok(row.first(connection).await.optional()?)
    }

    pub(super) async fn find(
        connection: &mut Session,
        id: &Key,
    ) -> Result<Option<(MailRow, String, Option<Vec<u8>>)>, Fault> {
        let row = incoming_mail::table.find(id).select((MailRow::as_select(), incoming_mail::fingerprint));
        let row: Option<(MailRow, String)> = row.first(connection).await.optional()?;
        let Some((row, fingerprint)) = row else { return Ok(None) };
        let raw = incoming_message::table.find(id).select(incoming_message::bytes);
        let raw = raw.first(connection).await.optional()?;
        Ok(Some((row, fingerprint, raw)))
    }

    pub(super) async fn list(connection: &mut Session, wanted: &Wanted) -> Result<Vec<MailRow>, Fault> {
        let mut query = incoming_mail::table
            .filter(incoming_mail::id.lt(Key(wanted.before)))
            .order(incoming_mail::id.desc())
            .limit(wanted.limit)
            .select(MailRow::as_select())
            .into_boxed::<Backend>();
        if let Some(outcome) = wanted.filter.outcome {
            query = query.filter(incoming_mail::outcome.eq(outcome.as_str()));
        }
        if let Some(ticket) = wanted.filter.ticket {
            query = query.filter(incoming_mail::ticket.eq(Key(ticket.0)));
        }
        Ok(query.load(connection).await?)
    }

    pub(super) async fn copy_of(
        connection: &mut Session,
        input: &(String, Key, Vec<&'static str>),
    ) -> Result<Option<Key>, Fault> {
        let (fingerprint, except, outcomes) = input;
        let copies = incoming_mail::table
            .filter(incoming_mail::fingerprint.eq(fingerprint))
            .filter(incoming_mail::id.ne(except))
            .filter(incoming_mail::outcome.eq_any(outcomes));
        let first = copies.order(incoming_mail::id).select(incoming_mail::id);
        Ok(first.first(connection).await.optional()?)
    }

    pub(super) async fn fingerprint(connection: &mut Session, id: &Key) -> Result<Option<String>, Fault> {
        let fingerprint = incoming_mail::table.find(id).select(incoming_mail::fingerprint);
        Ok(fingerprint.first(connection).await.optional()?)
    }

    pub(super) async fn recent(connection: &mut Session, input: &Recent) -> Result<i64, Fault> {
        let of_sender = incoming_mail::table
            .filter(incoming_mail::sender.eq(input.sender.as_str()))
            .filter(incoming_mail::settled_at.ge(input.since));
        if let Some(ticket) = input.ticket {
            let attached = of_sender
                .filter(incoming_mail::ticket.eq(ticket))
                .filter(incoming_mail::outcome.eq(Outcome::Attached.as_str()));
            return Ok(attached.count().get_result(connection).await?);
        }
        let opened = of_sender.filter(incoming_mail::outcome.eq(Outcome::Opened.as_str()));
        Ok(opened.count().get_result(connection).await?)
    }

    pub(super) async fn acknowledged(
        connection: &mut Session,
        input: &(Option<EmailAddress>, i64),
    ) -> Result<i64, Fault> {
        let (to, since) = input;
        let written = outbox::table.filter(IsAcknowledgement).filter(outbox::created_at.ge(since));
        Ok(match to {
            Some(to) => written.filter(outbox::recipient.eq(to.as_str())).count().get_result(connection).await?,
            None => written.count().get_result(connection).await?,
        })
    }

    pub(super) async fn depth(
        connection: &mut Session,
        _input: &(),
    ) -> Result<Vec<(Option<String>, i64)>, Fault> {
        let depth = incoming_mail::table
            .group_by(incoming_mail::outcome)
            .select((incoming_mail::outcome, count_star()))
            .order(incoming_mail::outcome);
        Ok(depth.load(connection).await?)
    }
}

pub(super) async fn pending(
    database: &Database,
    after: Option<MailId>,
    limit: u16,
) -> Result<Vec<MailId>, StoreError> {
    let after = Key(after.map_or(Uuid::nil(), |MailId(id)| id));
    let ids = run!(database.read(), pending, (after, i64::from(limit)))?;
    Ok(ids.into_iter().map(|Key(id)| MailId(id)).collect())
}

pub(super) async fn entry(database: &Database, id: MailId) -> Result<Option<LedgerEntry>, StoreError> {
    let row = run!(database.read(), entry, Key(id.0))?;
    Ok(row.map(MailRow::try_into_domain).transpose()?)
}

pub(super) async fn find(database: &Database, id: MailId) -> Result<Option<StoredMail>, StoreError> {
    let Some((row, fingerprint, raw)) = run!(database.read(), find, Key(id.0))? else {
        return Ok(None);
    };
    Ok(Some(StoredMail {
        entry: row.try_into_domain()?,
        fingerprint,
        raw,
    }))
}

pub(super) async fn list(
    database: &Database,
    filter: &MailFilter,
    page: &PageRequest,
) -> Result<Page<LedgerEntry>, StoreError> {
    let before = match cursor(page.after.as_deref()) {
        Cursor::Start => Uuid::max(),
        Cursor::Behind(id) => id,
        Cursor::Nowhere => {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
    };
    let size = usize::from(page.limit.get());
    let wanted = Wanted {
        filter: filter.clone(),
        before,
        limit: i64::from(page.limit.get()) + 1,
    };
    let mut rows = run!(database.read(), list, wanted)?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|row| row.id.0.to_string());
    Ok(Page {
        items: rows
            .into_iter()
            .map(MailRow::try_into_domain)
            .collect::<Result<_, _>>()?,
        next,
    })
}

pub(super) async fn copy_of(
    database: &Database,
    fingerprint: &str,
    except: MailId,
) -> Result<Option<MailId>, StoreError> {
    let copies = Outcome::ALL
        .iter()
        .filter(|outcome| outcome.makes_copies_duplicates());
    copy_with(database, fingerprint.to_owned(), except, copies).await
}

/// The other copy of a mail that became a comment.
pub(super) async fn comment_copy(database: &Database, id: MailId) -> Result<Option<MailId>, StoreError> {
    let Some(fingerprint) = run!(database.read(), fingerprint, Key(id.0))? else {
        return Ok(None);
    };
    copy_with(database, fingerprint, id, &[Outcome::Attached, Outcome::Opened]).await
}

async fn copy_with(
    database: &Database,
    fingerprint: String,
    except: MailId,
    outcomes: impl IntoIterator<Item = &Outcome>,
) -> Result<Option<MailId>, StoreError> {
    let outcomes = outcomes.into_iter().map(|outcome| outcome.as_str()).collect();
    let copy = run!(database.read(), copy_of, (fingerprint, Key(except.0), outcomes))?;
    Ok(copy.map(|Key(id)| MailId(id)))
}

pub(super) async fn recent(
    database: &Database,
    sender: &EmailAddress,
    ticket: Option<TicketId>,
    since: Timestamp,
) -> Result<u64, StoreError> {
    let input = Recent {
        sender: sender.clone(),
        ticket: ticket.map(|TicketId(id)| Key(id)),
        since: micros(since),
    };
    Ok(count("a count of mails", run!(database.read(), recent, input)?)?)
}

pub(super) async fn acknowledged(
    database: &Database,
    to: Option<EmailAddress>,
    since: Timestamp,
) -> Result<u64, StoreError> {
    let number = run!(database.read(), acknowledged, (to, micros(since)))?;
    Ok(count("a count of mails", number)?)
}

pub(super) async fn depth(database: &Database) -> Result<Vec<(Option<Outcome>, u64)>, StoreError> {
    let rows = run!(database.read(), depth, ())?;
    // What a later version calls otherwise is left out.
    let known = rows.into_iter().filter_map(|(word, number)| match word {
        None => Some((None, number)),
        Some(word) => Some((Some(Outcome::parse(&word)?), number)),
    });
    let counted = known.map(|(outcome, number)| Ok((outcome, count("a count of mails", number)?)));
    Ok(counted.collect::<Result<_, Fault>>()?)
}
