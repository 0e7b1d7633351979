//! Paging by key: a cursor is opaque to callers and stays valid while rows come and go.

/// A page to fetch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// The cursor that the page before ended with; none for the first.
    pub after: Option<String>,
    /// Most items wanted; stores never give more.
    pub limit: PageLimit,
}

/// 1 to 500 items, 50 unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    /// Most items on a page.
    pub const MAX: u16 = 500;

    /// Brings a number into the range.
    pub fn clamp(items: u64) -> Self {
        Self(u16::try_from(items).unwrap_or(Self::MAX).clamp(1, Self::MAX))
    }

    /// The number of items.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The cursor of the next page; none at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page with each item changed.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
        }
    }
}
