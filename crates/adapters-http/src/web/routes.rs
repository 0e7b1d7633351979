//! Routes that can be listed: what holds for every page is tested on every page.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing;

use super::Shared;

/// Routes, and the list of them.
pub(crate) struct Routes {
    router: Router<Shared>,
    listed: Vec<(Method, &'static str)>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self {
            router: Router::new(),
            listed: Vec::new(),
        }
    }

    /// A page or fragment. It changes nothing: whoever follows a link has agreed to nothing.
    pub(crate) fn get<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.router = self.router.route(path, routing::get(handler));
        self.listed.push((Method::GET, path));
        self
    }

    /// What a form does. The handler takes a [`Form`](super::form::Form) or an [`Upload`](super::form::Upload), which
    /// check where it comes from.
    pub(crate) fn post<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.router = self.router.route(path, routing::post(handler));
        self.listed.push((Method::POST, path));
        self
    }

    /// These routes and others.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.listed.extend(other.listed);
        self
    }

    pub(crate) fn listed(self) -> Vec<(Method, &'static str)> {
        self.listed
    }

    pub(crate) fn router(self) -> Router<Shared> {
        self.router
    }
}
