//! The desk's list: a view of tickets, or what a search found.

use axum::response::Response;
use recado_domain::ticket::{TicketNumber, TicketStatus};
use recado_ports::inbox::{Counts, View};
use recado_ports::page::{PageLimit, PageRequest};
use serde::{Deserialize, Serialize};

use super::FACE;
use crate::web::Shared;
use crate::web::conversation::list::{Hit, Item, search, searched};
use crate::web::page::segment;
use crate::web::refusal::WebRefusal;
use crate::web::visit::SignedIn;

/// Tickets and messages that a search shows.
const FOUND_TICKETS: u64 = 10;
const HITS: u64 = 30;

/// A view, its name in addresses, the keys of its name and of what to do when it is empty.
struct ViewWords {
    view: View,
    name: &'static str,
    key: &'static str,
    empty: &'static str,
}

const VIEWS: [ViewWords; 5] = [
    ViewWords {
        view: View::Responsible,
        name: "mine",
        key: "view-mine",
        empty: "desk-none-mine",
    },
    ViewWords {
        view: View::Groups,
        name: "group",
        key: "view-group",
        empty: "desk-none-group",
    },
    ViewWords {
        view: View::Unanswered,
        name: "unanswered",
        key: "view-unanswered",
        empty: "desk-none-unanswered",
    },
    ViewWords {
        view: View::Undelivered,
        name: "undelivered",
        key: "view-undelivered",
        empty: "desk-none-undelivered",
    },
    ViewWords {
        view: View::All,
        name: "all",
        key: "view-all",
        empty: "desk-none-all",
    },
];

/// What the list shows, as its address says it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ListQuery {
    view: Option<String>,
    status: Option<String>,
    q: Option<String>,
    after: Option<String>,
    /// The ticket that is open beside it.
    current: Option<String>,
    /// `views` for the views alone.
    part: Option<String>,
}

impl ListQuery {
    /// The query of a ticket's address: the list that it was opened from.
    pub(super) fn of_path(path: &str) -> Self {
        let query = path.split_once('?').map_or("", |(_, query)| query);
        serde_html_form::from_str(query).unwrap_or_default()
    }

    pub(super) fn is_search(&self) -> bool {
        self.text().is_some()
    }

    fn text(&self) -> Option<String> {
        searched(self.q.as_deref())
    }

    fn view(&self) -> &'static ViewWords {
        let named = VIEWS.iter().find(|view| Some(view.name) == self.view.as_deref());
        named.unwrap_or(&VIEWS[0])
    }

    fn status(&self) -> (Option<TicketStatus>, &'static str) {
        match self.status.as_deref() {
            Some("closed") => (Some(TicketStatus::Closed), "closed"),
            Some("all") => (None, "all"),
            _ => (Some(TicketStatus::Open), "open"),
        }
    }

    /// The list at a path, as this query has it, without its place in the list.
    pub(super) fn path(&self, base: &str) -> String {
        if let Some(text) = self.text() {
            return format!("{base}?q={}", segment(&text));
        }
        let (view, (_, status)) = (self.view().name, self.status());
        match (view, status) {
            ("mine", "open") => base.to_owned(),
            (view, "open") => format!("{base}?view={view}"),
            (view, status) => format!("{base}?view={view}&status={status}"),
        }
    }
}

#[derive(Debug, Serialize)]
struct ViewLink {
    href: String,
    key: &'static str,
    count: u64,
    /// "This many, or more".
    is_most: bool,
    is_bad: bool,
    is_current: bool,
}

#[derive(Debug, Serialize)]
struct StatusLink {
    href: String,
    key: &'static str,
    is_current: bool,
}

/// The list, for templates.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the templates of the portal's list know the path by this name"
)]
pub(super) struct List {
    q: String,
    is_search: bool,
    views: Vec<ViewLink>,
    views_path: &'static str,
    list_path: String,
    items: Vec<Item>,
    found: Vec<Hit>,
    next_path: Option<String>,
    status_links: Vec<StatusLink>,
    is_empty: bool,
    empty_key: &'static str,
    empty_hint: &'static str,
}

impl List {
    pub(super) async fn read(
        shared: &Shared,
        visit: &SignedIn,
        query: &ListQuery,
        current: Option<&TicketNumber>,
    ) -> Result<Self, WebRefusal> {
        let counts = shared.pages.read_inbox.counts(visit.actor()).await?;
        let views = view_links(query, counts);
        match query.text() {
            Some(text) => Self::found(shared, visit, query, current, views, text).await,
            None => Self::listed(shared, visit, query, current, views).await,
        }
    }

    async fn listed(
        shared: &Shared,
        visit: &SignedIn,
        query: &ListQuery,
        current: Option<&TicketNumber>,
        views: Vec<ViewLink>,
    ) -> Result<Self, WebRefusal> {
        let view = query.view();
        let (status, status_name) = query.status();
        let request = PageRequest {
            after: query.after.clone(),
            limit: PageLimit::default(),
        };
        let actor = visit.actor();
        let inbox = &shared.pages.read_inbox;
        let page = inbox.list(actor, view.view, status, None, &request).await?;
        let along = query.path("");
        let link = |key, name: &str| StatusLink {
            href: ListQuery {
                status: Some(name.to_owned()),
                ..query.clone()
            }
            .path("/desk"),
            key,
            is_current: name == status_name,
        };
        // These two are of open tickets alone.
        let has_status = !matches!(view.view, View::Unanswered | View::Undelivered);
        Ok(Self {
            q: String::new(),
            is_search: false,
            views,
            views_path: "/desk?part=views",
            list_path: with(&query.path("/desk"), "current", current.map(TicketNumber::as_str)),
            is_empty: page.items.is_empty(),
            next_path: page
                .next
                .map(|next| with(&query.path("/desk"), "after", Some(&next))),
            items: page
                .items
                .into_iter()
                .map(|summary| Item::new(summary, FACE, actor, &along, current))
                .collect(),
            found: Vec::new(),
            status_links: if has_status {
                vec![
                    link("status-only-open", "open"),
                    link("status-only-closed", "closed"),
                    link("status-both", "all"),
                ]
            } else {
                Vec::new()
            },
            empty_key: "desk-none",
            empty_hint: if status_name == "closed" {
                "desk-none-closed"
            } else {
                view.empty
            },
        })
    }

    async fn found(
        shared: &Shared,
        visit: &SignedIn,
        query: &ListQuery,
        current: Option<&TicketNumber>,
        mut views: Vec<ViewLink>,
        text: String,
    ) -> Result<Self, WebRefusal> {
        for view in &mut views {
            view.is_current = false;
        }
        let actor = visit.actor();
        let inbox = &shared.pages.read_inbox;
        // The tickets come with the first messages.
        let tickets = if query.after.is_none() {
            let request = PageRequest {
                after: None,
                limit: PageLimit::clamp(FOUND_TICKETS),
            };
            let page = inbox
                .list(actor, View::All, None, Some(text.clone()), &request)
                .await?;
            page.items
        } else {
            Vec::new()
        };
        let request = PageRequest {
            after: query.after.clone(),
            limit: PageLimit::clamp(HITS),
        };
        let page = search(inbox, actor, &text, &request).await?;
        let along = query.path("");
        Ok(Self {
            is_search: true,
            views,
            views_path: "/desk?part=views",
            list_path: with(
                &query.path("/desk/search"),
                "current",
                current.map(TicketNumber::as_str),
            ),
            is_empty: tickets.is_empty() && page.items.is_empty() && page.next.is_none(),
            items: tickets
                .into_iter()
                .map(|summary| Item::new(summary, FACE, actor, &along, current))
                .collect(),
            found: page
                .items
                .iter()
                .map(|found| Hit::new(found, FACE, &text))
                .collect(),
            next_path: page
                .next
                .map(|next| with(&query.path("/desk/search"), "after", Some(&next))),
            status_links: Vec::new(),
            empty_key: "search-none",
            empty_hint: "search-none-hint",
            q: text,
        })
    }
}

/// A path with one more value in its query.
fn with(path: &str, name: &str, value: Option<&str>) -> String {
    match value {
        None => path.to_owned(),
        Some(value) => {
            let sign = if path.contains('?') { '&' } else { '?' };
            format!("{path}{sign}{name}={}", segment(value))
        }
    }
}

fn view_links(query: &ListQuery, counts: Counts) -> Vec<ViewLink> {
    VIEWS
        .iter()
        .map(|view| {
            let count = match view.view {
                View::Responsible => counts.responsible,
                View::Groups => counts.groups,
                View::Unanswered => counts.unanswered,
                View::Undelivered => counts.undelivered,
                View::All | View::Asked => 0,
            };
            ViewLink {
                href: ListQuery {
                    view: Some(view.name.to_owned()),
                    ..ListQuery::default()
                }
                .path("/desk"),
                key: view.key,
                count,
                is_most: count >= Counts::MOST,
                is_bad: view.view == View::Undelivered,
                is_current: view.view == query.view().view,
            }
        })
        .collect()
}

/// The list or its views, for the script.
pub(super) async fn fragment(
    shared: &Shared,
    visit: &SignedIn,
    query: &ListQuery,
) -> Result<Response, WebRefusal> {
    let current = query
        .current
        .as_deref()
        .and_then(|number| TicketNumber::parse(number).ok());
    let list = List::read(shared, visit, query, current.as_ref()).await?;
    Ok(match query.part.as_deref() {
        Some("views") => visit.fragment("desk/views.html", list),
        _ => visit.fragment("desk/list.html", list),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_again_by_its_address() {
        for (path, canonical) in [
            ("/desk/4711", "/desk"),
            ("/desk/4711?view=mine&status=open", "/desk"),
            ("/desk/4711?view=group&before=x", "/desk?view=group"),
            (
                "/desk/4711?view=nonsense&status=all",
                "/desk?view=mine&status=all",
            ),
            ("/desk/4711?q=%C3%B1+a&at=x", "/desk?q=%C3%B1%20a"),
        ] {
            assert_eq!(ListQuery::of_path(path).path("/desk"), canonical, "{path}");
        }
    }

    #[test]
    fn a_value_goes_into_a_query_whatever_it_holds() {
        assert_eq!(
            with("/desk", "current", Some("a&b=c/ñ")),
            "/desk?current=a%26b%3Dc%2F%C3%B1"
        );
        assert_eq!(
            with("/desk?view=all", "after", Some("x")),
            "/desk?view=all&after=x"
        );
    }
}
