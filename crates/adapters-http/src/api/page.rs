//! Pages of lists. A cursor names its list and carries a checksum, so that a foreign or damaged one is refused here
//! and never reaches a store. The checksum guards against slips; a cursor gives no rights.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use recado_ports::page::{Page, PageLimit, PageRequest};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::problem::Problem;
use super::request::InQuery;

const CHECKSUM: usize = 4;

/// The lists that have cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Tickets,
    Comments,
    Deliveries,
    Mails,
    Templates,
    Parameters,
    Suppressions,
    Events,
    People,
    Groups,
    Tokens,
    Audit,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Comments => "comments",
            Self::Deliveries => "deliveries",
            Self::Mails => "mails",
            Self::Templates => "templates",
            Self::Parameters => "parameters",
            Self::Suppressions => "suppressions",
            Self::Events => "events",
            Self::People => "people",
            Self::Groups => "groups",
            Self::Tokens => "tokens",
            Self::Audit => "audit",
        }
    }

    /// A store's cursor as a caller gets it.
    pub(crate) fn seal(self, cursor: &str) -> String {
        let mut octets = self.checksum(cursor).to_vec();
        octets.extend_from_slice(cursor.as_bytes());
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// A store's cursor out of a caller's; `None` when it is not one of this list's.
    pub(crate) fn open(self, sealed: &str) -> Option<String> {
        let octets = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (checksum, cursor) = octets.split_at_checked(CHECKSUM)?;
        let cursor = std::str::from_utf8(cursor).ok()?;
        (checksum == self.checksum(cursor)).then(|| cursor.to_owned())
    }

    fn checksum(self, cursor: &str) -> [u8; CHECKSUM] {
        let digest = Sha256::new()
            .chain_update(self.name())
            .chain_update([0])
            .chain_update(cursor)
            .finalize();
        digest[..CHECKSUM].try_into().expect("a digest has 32 octets")
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListView<T> {
    /// The items, in the list's order.
    items: Vec<T>,
    /// Give it as `after` for the page that follows; null at the end.
    #[schema(required)]
    next: Option<String>,
}

impl<T> ListView<T> {
    pub(crate) fn of<U>(list: List, page: Page<U>, view: impl FnMut(U) -> T) -> Self {
        let page = page.map(view);
        Self {
            items: page.items,
            next: page.next.map(|cursor| list.seal(&cursor)),
        }
    }
}

/// Takes `limit` and `after` out of a query.
pub(super) fn request(list: List, query: &mut InQuery) -> Result<PageRequest, Problem> {
    let limit = query.take("limit", |text| match text.parse::<u64>() {
        Ok(0) | Err(_) => Err(format!("a whole number from 1 to {} is needed", PageLimit::MAX)),
        Ok(limit) => Ok(PageLimit::clamp(limit)),
    })?;
    let after = query.take("after", |text| {
        list.open(text).ok_or("it is no cursor of this list")
    })?;
    Ok(PageRequest {
        after,
        limit: limit.unwrap_or_default(),
    })
}

/// Cuts a page out of a short list that is read whole, in the order of its keys.
pub(crate) fn cut<T>(items: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> i64) -> Page<T> {
    let after = request
        .after
        .as_deref()
        .and_then(|cursor| cursor.parse::<i64>().ok());
    let mut rest = items
        .into_iter()
        .filter(|item| after.is_none_or(|after| key(item) > after));
    let items: Vec<T> = rest.by_ref().take(usize::from(request.limit.get())).collect();
    let last = items.last().map(|item| key(item).to_string());
    Page {
        next: rest.next().and(last),
        items,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_another_list_or_a_damaged_one_is_no_cursor() {
        let sealed = List::Tickets.seal("0193");
        assert_eq!(List::Tickets.open(&sealed).as_deref(), Some("0193"));
        assert_eq!(List::Comments.open(&sealed), None);
        assert_eq!(List::Tickets.open(&sealed[1..]), None);
        for text in ["", "x", "0193", "%%%"] {
            assert_eq!(List::Tickets.open(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_short_list_is_cut_into_pages_that_hold_each_item_once() {
        let mut request = PageRequest {
            after: None,
            limit: PageLimit::clamp(2),
        };
        let mut seen = Vec::new();
        loop {
            let page = cut(vec![1, 5, 7, 9, 11], &request, |number| *number);
            seen.extend(page.items);
            match page.next {
                Some(next) => request.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, [1, 5, 7, 9, 11]);
    }
}
