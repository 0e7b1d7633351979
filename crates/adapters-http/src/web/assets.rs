//! The style sheet, the script and the icon, under names that hold a hash of their content: kept for ever, never stale.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::refusal::WebRefusal;
use super::routes::Routes;

/// The parts of the one sheet, in their order.
const STYLE: &str = concat!(
    include_str!("../../web/style/00-tokens.css"),
    include_str!("../../web/style/10-shell.css"),
    include_str!("../../web/style/20-conversation.css"),
    include_str!("../../web/style/30-desk.css"),
    include_str!("../../web/style/40-administration.css"),
);

/// The parts of the one script, in their order; a module, so that nothing of it is global.
const SCRIPT: &str = concat!(
    include_str!("../../web/script/00-core.js"),
    include_str!("../../web/script/10-shell.js"),
    include_str!("../../web/script/20-conversation.js"),
    include_str!("../../web/script/30-desk.js"),
    include_str!("../../web/script/40-administration.js"),
);

struct Asset {
    name: &'static str,
    url: String,
    content_type: &'static str,
    content: &'static str,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        asset("style", "css", "text/css; charset=utf-8", STYLE),
        asset("script", "js", "text/javascript; charset=utf-8", SCRIPT),
        asset("icon", "svg", "image/svg+xml", include_str!("../../web/icon.svg")),
        asset(
            "manifest",
            "webmanifest",
            "application/manifest+json",
            include_str!("../../web/manifest.json"),
        ),
    ]
});

fn asset(name: &'static str, ending: &str, content_type: &'static str, content: &'static str) -> Asset {
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(content)[..8]);
    Asset {
        name,
        url: format!("/assets/{name}-{digest}.{ending}"),
        content_type,
        content,
    }
}

/// Where an asset is.
pub(super) fn url(name: &str) -> Option<&'static str> {
    ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .map(|asset| asset.url.as_str())
}

pub(super) fn routes() -> Routes {
    Routes::new().get("/assets/{name}", get_asset)
}

async fn get_asset(Path(name): Path<String>) -> Result<Response, WebRefusal> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.url.strip_prefix("/assets/") == Some(&name))
        .ok_or(WebRefusal::NotFound)?;
    let mut response = asset.content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    Ok(response)
}
