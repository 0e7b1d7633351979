//! Files of a conversation. Pictures are shown; everything else is a download, whatever it says it is.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use recado_domain::comment::{Attachment, AttachmentId, CommentId};

use super::{comment_id, number};
use crate::api;
use crate::web::Shared;
use crate::web::refusal::WebRefusal;
use crate::web::visit::SignedIn;

/// The pictures that every browser shows and none runs.
const PICTURES: &[(&str, &[u8])] = &[
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/gif", b"GIF8"),
    ("image/webp", b"RIFF"),
];

/// Whether a page shows the file in its place.
pub(in crate::web) fn is_picture(file: &Attachment) -> bool {
    PICTURES
        .iter()
        .any(|(content_type, _)| *content_type == file.content_type.as_str())
}

/// `…/comments/{id}/files/{file}`
pub(in crate::web) async fn get_file(
    State(shared): State<Shared>,
    visit: SignedIn,
    Path((ticket, comment, file)): Path<(String, String, String)>,
) -> Result<Response, WebRefusal> {
    let comment: CommentId = comment_id(&comment)?;
    let file = AttachmentId(file.parse().map_err(|_| WebRefusal::NotFound)?);
    let (file, content) = shared
        .api
        .read_comments
        .attachment(visit.actor(), &number(&ticket)?, comment, file)
        .await?;
    // By its beginning too: what merely says that it is a picture is saved, not shown.
    let is_shown = PICTURES.iter().any(|(content_type, beginning)| {
        *content_type == file.content_type.as_str() && content.starts_with(beginning)
    });
    let mut response = api::download(
        file.name.as_str(),
        api::content_type(file.content_type.as_str()),
        content,
    );
    let headers = response.headers_mut();
    if is_shown {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    }
    // A file never changes; the browser may keep it for whoever is signed in now.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=86400, immutable"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("cookie"));
    Ok(response)
}
