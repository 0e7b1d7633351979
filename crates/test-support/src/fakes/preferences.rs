//! Preferences in memory.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::person::EmailAddress;
use recado_domain::preference::{Muting, Preference, WhileOpen};
use recado_domain::ticket::TicketId;
use recado_ports::preferences::{Preferences, Unwilling};
use recado_ports::store::StoreError;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::MemoryStore;

/// A page that somebody has open.
pub(super) struct OpenPage {
    email: EmailAddress,
    ticket: TicketId,
    pub(super) until: Timestamp,
}

#[async_trait]
impl Preferences for MemoryStore {
    async fn find(&self, email: &EmailAddress) -> Result<Preference, StoreError> {
        Ok(self.read(|tables| tables.preferences.get(email).cloned().unwrap_or_default()))
    }

    async fn put(&self, email: &EmailAddress, preference: &Preference) -> Result<(), StoreError> {
        self.write(|tables| tables.preferences.insert(email.clone(), preference.clone()));
        Ok(())
    }

    async fn muting(&self, email: &EmailAddress, ticket: TicketId) -> Result<Muting, StoreError> {
        let is_muted = self.read(|tables| tables.muted.contains(&(ticket, email.clone())));
        Ok(if is_muted { Muting::Muted } else { Muting::Heard })
    }

    async fn mute(&self, email: &EmailAddress, ticket: TicketId, muting: Muting) -> Result<(), StoreError> {
        let key = (ticket, email.clone());
        self.write(|tables| {
            match muting {
                Muting::Heard => tables.muted.remove(&key),
                Muting::Muted if tables.tickets.contains_key(&ticket) => tables.muted.insert(key),
                Muting::Muted => {
                    return Err(StoreError::Conflict {
                        what: "the ticket to mute".to_owned(),
                    });
                }
            };
            Ok(())
        })
    }

    async fn unwilling(
        &self,
        ticket: TicketId,
        among: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Unwilling, StoreError> {
        Ok(self.read(|tables| {
            let looks_quietly = |email: &EmailAddress| {
                let preference = tables.preferences.get(email);
                let mut pages = tables.open_pages.values();
                preference.is_some_and(|preference| preference.while_open == WhileOpen::Quiet)
                    && pages.any(|page| page.email == *email && page.ticket == ticket && now < page.until)
            };
            let among: BTreeSet<_> = among.iter().cloned().collect();
            Unwilling {
                muted: among
                    .iter()
                    .filter(|email| tables.muted.contains(&(ticket, (*email).clone())))
                    .cloned()
                    .collect(),
                looking: among
                    .iter()
                    .filter(|email| looks_quietly(email))
                    .cloned()
                    .collect(),
            }
        }))
    }

    async fn show_page(
        &self,
        page: Uuid,
        email: &EmailAddress,
        ticket: TicketId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tables| {
            if tables
                .open_pages
                .get(&page)
                .is_none_or(|noted| noted.until < until)
            {
                let email = email.clone();
                let shown = OpenPage { email, ticket, until };
                tables.open_pages.insert(page, shown);
            }
        });
        Ok(())
    }

    async fn close_page(&self, page: Uuid) -> Result<(), StoreError> {
        self.write(|tables| tables.open_pages.remove(&page));
        Ok(())
    }
}
