//! Attachments, as downloads: whatever somebody attached, no browser shows it within our origin.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use recado_domain::comment::{AttachmentId, CommentId};

use super::Shared;
use super::auth::Caller;
use super::problem::Problem;
use super::request::{InPath, id, number};

/// Everything but `attr-char` (RFC 8187 §3.2.1).
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Types that run nothing wherever they are opened; all others are sent as octets.
const HARMLESS: &[&str] = &[
    "application/gzip",
    "application/json",
    "application/msword",
    "application/pdf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/zip",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/heic",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "text/calendar",
    "text/csv",
    "text/plain",
];

/// Families of harmless types.
const HARMLESS_PREFIXES: &[&str] = &[
    "application/vnd.oasis.opendocument.",
    "application/vnd.openxmlformats-officedocument.",
    "audio/",
    "video/",
];

/// Downloads an attachment
#[utoipa::path(
    get, path = "/tickets/{number}/comments/{id}/attachments/{attachment}", tag = "comments",
    params(
        ("number" = String, Path, description = "The ticket's number, percent-encoded"),
        ("id" = Uuid, Path, description = "The comment"),
        ("attachment" = Uuid, Path, description = "The attachment"),
    ),
    responses((status = 200, description = "Its octets", body = Vec<u8>, content_type = "application/octet-stream")),
)]
pub(super) async fn get_attachment(
    State(state): State<Shared>,
    caller: Caller,
    InPath((text, comment, attachment)): InPath<(String, String, String)>,
) -> Result<Response, Problem> {
    let comment = CommentId(id("comment", &comment)?);
    let attachment = AttachmentId(id("attachment", &attachment)?);
    let (attachment, content) = state
        .api
        .read_comments
        .attachment(&caller.actor, &number(&text)?, comment, attachment)
        .await?;
    Ok(download(
        attachment.name.as_str(),
        content_type(attachment.content_type.as_str()),
        content,
    ))
}

/// Octets to save under a name.
pub(crate) fn download(name: &str, content_type: &str, content: Vec<u8>) -> Response {
    let mut response = Body::from(content).into_response();
    let headers = response.headers_mut();
    let ours = "the value is visible ASCII";
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_str(content_type).expect(ours),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_str(&disposition(name)).expect(ours),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    );
    response
}

/// RFC 6266 §4.1: a plain name for old programs, the true one beside it.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || " -_.()".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        utf8_percent_encode(name, NOT_ATTR_CHAR)
    )
}

/// The type to send a file with: what a browser would run is octets.
pub(crate) fn content_type(stored: &str) -> &str {
    let is_harmless =
        HARMLESS.contains(&stored) || HARMLESS_PREFIXES.iter().any(|prefix| stored.starts_with(prefix));
    if is_harmless && !stored.ends_with("+xml") {
        stored
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_travels_whole_and_breaks_no_header() {
        assert_eq!(
            disposition("fäx \"1\"; x.pdf"),
            "attachment; filename=\"f_x _1__ x.pdf\"; filename*=UTF-8''f%C3%A4x%20%221%22%3B%20x.pdf"
        );
    }

    #[test]
    fn what_a_browser_would_run_is_sent_as_octets() {
        for stored in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/javascript",
            "text/xml",
            "audio/x+xml",
        ] {
            assert_eq!(content_type(stored), "application/octet-stream", "{stored}");
        }
        assert_eq!(content_type("image/png"), "image/png");
        assert_eq!(
            content_type("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        );
    }
}
