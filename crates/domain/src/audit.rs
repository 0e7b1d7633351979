//! The audit trail: who changed what, when, from what to what; and who read what is not everybody's.

use jiff::Timestamp;
use uuid::Uuid;

use crate::person::EmailAddress;

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever runs the command line on the daemon's machine.
    Operator,
    /// An account.
    Person(EmailAddress),
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $variant),+ }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name by which it is stored and shown.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The inverse of [`Action::as_str`].
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

actions! {
    /// A parameter was set; its object is the number. A secret's values are not told.
    ParameterSet = "parameter.set",
    /// A template was stored; its object is the number.
    TemplatePut = "template.put",
    /// An image of a template was stored or removed.
    TemplateImage = "template.image",
    /// An account was added; its object is the address.
    AccountAdded = "account.added",
    /// An account's name, role, standing or password was changed.
    AccountChanged = "account.changed",
    /// A group was stored or removed.
    GroupPut = "group.put",
    /// A token was made; its object is the account, what follows names the label.
    TokenCreated = "token.created",
    /// A token was revoked.
    TokenRevoked = "token.revoked",
    /// An outgoing account was paused; its object is the number.
    ChannelPaused = "channel.paused",
    /// A hold of an outgoing account was ended.
    ChannelReleased = "channel.released",
    /// A delivery was sent anew.
    DeliveryRequeued = "delivery.requeued",
    /// A delivery was called back.
    DeliveryCancelled = "delivery.cancelled",
    /// A quarantined mail was accepted.
    MailReleased = "mail.released",
    /// A quarantined mail was refused.
    MailRefused = "mail.refused",
    /// A mail was judged anew.
    MailReplayed = "mail.replayed",
    /// The octets of a mail that came in were read.
    RawMailRead = "mail.read",
    /// The octets of a mail of ours were read.
    MessageRead = "delivery.read",
    /// A suppression was lifted; its object is the address.
    SuppressionLifted = "suppression.lifted",
    /// Somebody else's comment was withdrawn or made internal.
    CommentRetracted = "comment.retracted",
}

/// One line of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id, a UUIDv7: in the order of time.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub who: Who,
    /// What.
    pub action: Action,
    /// To what: a number, an address, an id.
    pub object: String,
    /// What it was before, in words; at most [`Entry::MAX_CHARS`] characters are kept.
    pub before: Option<String>,
    /// What it was to become.
    pub after: Option<String>,
}

impl Entry {
    /// Most characters of [`Entry::before`] and [`Entry::after`].
    pub const MAX_CHARS: usize = 2_000;

    /// The line as it is kept.
    #[must_use]
    pub fn cut_to_size(mut self) -> Self {
        for text in [&mut self.before, &mut self.after].into_iter().flatten() {
            if let Some((end, _)) = text.char_indices().nth(Self::MAX_CHARS) {
                text.truncate(end);
            }
        }
        self
    }
}
