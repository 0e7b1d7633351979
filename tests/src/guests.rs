//! Everybody who comes to the [gallery](crate::gallery), each with a browser of their own, and all pages that they see.

use recado_test_support::servers::Chromium;

use crate::browser::{Browser, Setting};
use crate::daemon::{Daemon, Installation, Store};
use crate::desk::{ANA, TOMAS};
use crate::encounter::newest_to;
use crate::gallery::{Gallery, IRENE, ODD_TICKET, PASSWORD, TICKET, encoded, link_in};
use crate::tour::{Stop, tour};
use crate::visitor::Visitor;

/// Somebody in front of a browser.
pub struct Guest {
    /// Who it is: `requester`.
    pub name: &'static str,
    /// Their browser, signed in where they have an account.
    pub browser: Browser,
    /// The same person without the browser.
    pub visitor: Visitor,
    /// The pages that they see.
    pub stops: Vec<Stop>,
}

/// The guests, and a second desk where nobody has been yet.
pub struct Guests {
    /// All of them.
    pub guests: Vec<Guest>,
    // The daemon before the folder that it lives in.
    _unused_desk: Daemon,
    _its_folder: Installation,
}

impl Guests {
    /// Lets them in and shows each what there is to see.
    ///
    /// # Panics
    /// Somebody is not let in, or follows a link that leads nowhere.
    pub async fn at(gallery: &Gallery, chromium: &Chromium) -> Self {
        let base = gallery.desk.daemon.base();
        let ticket = |area: &str, number: &str| format!("/{area}/{}", encoded(number));
        let requester = member(
            (gallery, chromium),
            ("requester", ANA),
            &["/tickets", &ticket("tickets", TICKET), "/settings"],
            &["/tickets", "/settings"],
        )
        .await;
        let technician = member(
            (gallery, chromium),
            ("technician", TOMAS),
            &[
                "/desk",
                &ticket("desk", TICKET),
                &ticket("desk", ODD_TICKET),
                "/desk/search?q=papel",
                "/desk/search?q=nothing+of+the+sort",
                "/desk/quarantine",
                "/desk/deliveries",
            ],
            &["/desk"],
        )
        .await;
        let administrator = member(
            (gallery, chromium),
            ("administrator", IRENE),
            &["/administration"],
            &["/administration"],
        )
        .await;

        let browser = Browser::open(chromium, base, Setting::default()).await;
        let visitor = Visitor::new(base, "es");
        let stop = |name: &str, path: &str| Stop {
            name: name.to_owned(),
            path: path.to_owned(),
        };
        let mails = gallery.server.count();
        browser.ask_for_link(ANA).await;
        let mail = newest_to(&gallery.server, ANA, mails + 1).await;
        let link = link_in(&mail, base, "/sign-in/").expect("the mail has a link");
        let stops = vec![
            stop("sign-in", "/sign-in"),
            stop("sign-in-link", &link),
            stop("sign-in-link-used-up", "/sign-in/no-such-secret"),
            stop("view", &gallery.view),
            stop("view-over", "/view/no-such-token"),
            stop("nothing-here", "/tickets/x/y/z"),
        ];
        let nobody = Guest {
            name: "nobody",
            browser,
            visitor,
            stops,
        };

        let installation = Installation::new(&Store::Sqlite, "");
        let daemon = installation.serve();
        let first = Guest {
            name: "first",
            browser: Browser::open(chromium, daemon.base(), Setting::default()).await,
            visitor: Visitor::new(daemon.base(), "es"),
            stops: vec![stop("setup", &daemon.setup_path())],
        };
        Self {
            guests: vec![nobody, requester, technician, administrator, first],
            _unused_desk: daemon,
            _its_folder: installation,
        }
    }
}

/// Somebody with an account, signed in by password.
async fn member(
    (gallery, chromium): (&Gallery, &Chromium),
    (name, email): (&'static str, &str),
    start: &[&str],
    below: &[&str],
) -> Guest {
    let base = gallery.desk.daemon.base();
    let browser = Browser::open(chromium, base, Setting::default()).await;
    browser.sign_in(email, PASSWORD).await;
    let mut visitor = Visitor::with_cookies(base, "es", &browser.cookies().await);
    let stops = tour(&mut visitor, start, below).await;
    Guest {
        name,
        browser,
        visitor,
        stops,
    }
}
