//! Pages of lists in the browser: the cursor of the next one rides in its link.

use recado_ports::page::PageRequest;

use super::page::segment;
use super::refusal::WebRefusal;
use crate::api::List;

/// The page of a list that a query asks for. A cursor that is none of this list's leads nowhere.
pub(crate) fn request(list: List, after: Option<&str>) -> Result<PageRequest, WebRefusal> {
    let after = match after.filter(|cursor| !cursor.is_empty()) {
        None => None,
        Some(sealed) => Some(list.open(sealed).ok_or(WebRefusal::NotFound)?),
    };
    Ok(PageRequest {
        after,
        ..PageRequest::default()
    })
}

/// The link to the next page, with the filters of this one.
pub(crate) fn next(list: List, path: &str, filters: &[(&str, &str)], cursor: Option<&str>) -> Option<String> {
    let sealed = list.seal(cursor?);
    let mut link = format!("{path}?after={}", segment(&sealed));
    for (name, value) in filters.iter().filter(|(_, value)| !value.is_empty()) {
        link.push('&');
        link.push_str(name);
        link.push('=');
        link.push_str(&segment(value));
    }
    Some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_the_next_page_keeps_the_filters_and_is_read_back() {
        let link = next(
            List::Audit,
            "/administration/audit",
            &[("action", ""), ("person", "a&b@c")],
            Some("0193"),
        )
        .unwrap();
        assert!(link.ends_with("&person=a%26b%40c"), "{link}");
        let sealed = link.split_once("after=").unwrap().1.split_once('&').unwrap().0;
        assert_eq!(
            request(List::Audit, Some(sealed)).unwrap().after.as_deref(),
            Some("0193")
        );
        assert_eq!(
            request(List::Mails, Some(sealed)).unwrap_err(),
            WebRefusal::NotFound
        );
        assert_eq!(next(List::Audit, "/x", &[], None), None);
    }
}
