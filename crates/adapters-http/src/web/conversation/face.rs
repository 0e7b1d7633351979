//! The two faces of a conversation, and where each has its things.

use recado_domain::comment::{AttachmentId, CommentId, Origin};
use recado_domain::outbox::DeliveryId;
use recado_domain::ticket::TicketNumber;

use crate::web::page::segment;

/// Which of the faces shows a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Face {
    /// The requester's.
    Portal,
    /// The technician's.
    Desk,
}

/// What stands below `/desk` beside tickets.
const DESK_WORDS: &[&str] = &["search", "quarantine", "deliveries"];

impl Face {
    /// The face that a path belongs to.
    pub(in crate::web) fn of_path(path: &str) -> Self {
        if path.starts_with("/desk") {
            Self::Desk
        } else {
            Self::Portal
        }
    }

    /// The list's path.
    pub(in crate::web) fn list(self) -> &'static str {
        match self {
            Self::Portal => "/tickets",
            Self::Desk => "/desk",
        }
    }

    /// Where its messages come from.
    pub(in crate::web) fn origin(self) -> Origin {
        match self {
            Self::Portal => Origin::Portal,
            Self::Desk => Origin::Desk,
        }
    }

    /// A ticket's path. A number that is a word of ours, or that browsers resolve away, is spelled so that it is neither.
    pub(in crate::web) fn ticket(self, number: &TicketNumber) -> String {
        let number = number.as_str();
        if self == Self::Desk && DESK_WORDS.contains(&number) {
            let (first, rest) = number.split_at(1);
            return format!("/desk/%{:02X}{rest}", first.as_bytes()[0]);
        }
        format!("{}/{}", self.list(), segment(number))
    }

    /// A comment's path.
    pub(in crate::web) fn comment(self, number: &TicketNumber, id: CommentId) -> String {
        format!("{}/comments/{}", self.ticket(number), id.0)
    }

    /// A file's path.
    pub(in crate::web) fn file(self, number: &TicketNumber, comment: CommentId, id: AttachmentId) -> String {
        format!("{}/files/{}", self.comment(number, comment), id.0)
    }
}

/// A delivery's page at the desk.
pub(in crate::web) fn delivery(id: DeliveryId) -> String {
    format!("/desk/deliveries/{}", id.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_has_a_path_of_its_own() {
        let path = |number: &str| Face::Desk.ticket(&TicketNumber::parse(number).unwrap());
        assert_eq!(path("a/b %ñ🖨"), "/desk/a%2Fb%20%25%C3%B1%F0%9F%96%A8");
        assert_eq!(path("search"), "/desk/%73earch");
        assert_eq!(path("Search"), "/desk/Search");
        let portal = Face::Portal.ticket(&TicketNumber::parse("search").unwrap());
        assert_eq!(portal, "/tickets/search");
    }
}
