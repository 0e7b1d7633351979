//! The audit trail: what is about to be done is recorded before it is done, so that nothing is done untold.
//!
//! The other order would lose lines: a daemon that dies between a change and its line leaves a change that nobody can
//! account for. In this order it leaves at worst a line about something that did not come to be.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use recado_domain::audit::{Action, Entry, Who};
use recado_ports::audit::Audit;
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;

use crate::access::{Actor, Refusal};

/// What somebody is about to do. A secret's value is in none of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub action: Action,
    /// To what: a number, an address, an id.
    pub object: String,
    /// What it is, in words.
    pub before: Option<String>,
    /// What it is to become.
    pub after: Option<String>,
}

impl Change {
    /// A change that says no more than what is done to what.
    pub fn new(action: Action, object: impl Display) -> Self {
        Self {
            action,
            object: object.to_string(),
            before: None,
            after: None,
        }
    }

    /// The same change, with what the object was.
    #[must_use]
    pub fn was(mut self, before: impl Into<Option<String>>) -> Self {
        self.before = before.into();
        self
    }

    /// The same change, with what the object is to become.
    #[must_use]
    pub fn becomes(mut self, after: impl Into<Option<String>>) -> Self {
        self.after = after.into();
        self
    }
}

/// Writes the trail.
#[derive(Clone)]
pub struct Trail {
    /// Where it is kept.
    pub audit: Arc<dyn Audit>,
    /// Dates its lines.
    pub clock: Arc<dyn Clock>,
    /// Names them.
    pub ids: Arc<dyn Ids>,
}

impl Trail {
    /// Records a change that is about to be made.
    ///
    /// # Errors
    /// [`Refusal::Store`]: the line was not written, and the change must not be made.
    pub async fn record(&self, actor: &Actor, change: Change) -> Result<(), Refusal> {
        let Change {
            action,
            object,
            before,
            after,
        } = change;
        let entry = Entry {
            id: self.ids.next(),
            at: self.clock.now(),
            who: who(actor),
            action,
            object,
            before: before.map(cut),
            after: after.map(cut),
        };
        Ok(self.audit.record(&entry).await?)
    }

    /// Records that a change which was told did not come to be. A line that cannot be written is logged: the change's
    /// own error is what its caller must hear.
    pub async fn failed(&self, actor: &Actor, change: Change, error: &(impl Display + Sync + ?Sized)) {
        let (action, object) = (change.action, change.object.clone());
        let line = Change {
            before: None,
            after: Some(format!("failed: {error}")),
            ..change
        };
        if let Err(fault) = self.record(actor, line).await {
            tracing::error!(
                action = action.as_str(),
                object,
                error = &fault as &dyn std::error::Error,
                "the trail does not tell that this failed"
            );
        }
    }

    /// Records a change, makes it, and records too when it fails.
    pub async fn around<T, E>(
        &self,
        actor: &Actor,
        change: Change,
        making: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        E: From<Refusal> + Display + Sync,
    {
        self.record(actor, change.clone()).await?;
        let made = making.await;
        if let Err(error) = &made {
            self.failed(actor, change, error).await;
        }
        made
    }
}

fn who(actor: &Actor) -> Who {
    actor
        .party()
        .map_or(Who::Operator, |party| Who::Person(party.email.clone()))
}

/// What is kept of a text; an ellipsis stands for the rest.
fn cut(text: String) -> String {
    if text.chars().count() <= Entry::MAX_CHARS {
        return text;
    }
    let kept = text.chars().take(Entry::MAX_CHARS - 1);
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let long = "ñ".repeat(Entry::MAX_CHARS + 1);
        let kept = cut(long);
        assert_eq!(kept.chars().count(), Entry::MAX_CHARS);
        assert!(kept.ends_with("ñ…"));
        let fits = "ñ".repeat(Entry::MAX_CHARS);
        assert_eq!(cut(fits.clone()), fits);
    }
}
