//! The few icons, as paths in a 20 by 20 field, drawn with the text's colour.

use std::fmt::Write as _;

/// Name and path of each, stroked.
const ICONS: &[(&str, &str)] = &[
    (
        "brand",
        "M4 4.5h12a1.5 1.5 0 0 1 1.5 1.5v6.5a1.5 1.5 0 0 1-1.5 1.5H8l-4.5 3.5V6A1.5 1.5 0 0 1 4 4.5z",
    ),
    ("back", "M12 4l-6 6 6 6"),
    ("forward", "M8 4l6 6-6 6"),
    ("down", "M5 8l5 5 5-5"),
    ("close", "M5 5l10 10M15 5L5 15"),
    ("check", "M4 10.5l4 4 8-9"),
    (
        "search",
        "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
    ),
    ("send", "M3 10L17 3.5 13 17l-3-5.5zM10 11.5L17 3.5"),
    (
        "clip",
        "M16.5 9.5l-6.8 6.8a4.2 4.2 0 0 1-6-6l7-7a2.8 2.8 0 0 1 4 4l-7 7a1.4 1.4 0 0 1-2-2l6.3-6.3",
    ),
    ("file", "M5 2.5h6.5L15.5 6.5v11H5zM11.5 2.5v4h4"),
    (
        "bell-off",
        "M6 8a4 4 0 0 1 7-2.6M14 9c0 4 1.5 5 1.5 5H7M5.5 12c-.4 1.4-1 2-1 2M8.5 16.5a1.6 1.6 0 0 0 3 0M3 3l14 14",
    ),
    (
        "bell",
        "M6 8a4 4 0 0 1 8 0c0 4.5 1.5 6 1.5 6h-11S6 12.5 6 8zM8.5 16.5a1.6 1.6 0 0 0 3 0",
    ),
    ("lock", "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9"),
    ("mail", "M2.5 5h15v10.5h-15zM2.5 5.5l7.5 6 7.5-6"),
    ("clock", "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4l2.5 2"),
    ("warning", "M10 3l7.5 13.5h-15zM10 8v4M10 14.3v.2"),
    (
        "person",
        "M10 3.5a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4zM3.5 17a6.5 5 0 0 1 13 0",
    ),
    ("checks", "M2 10.5l3.5 3.5 7-8M10 13l1 1 7-8"),
    ("more", "M4.5 10h.01M10 10h.01M15.5 10h.01"),
    ("info", "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9.5v4M10 6.5v.2"),
    ("plus", "M10 4v12M4 10h12"),
    ("pause", "M7 4.5v11M13 4.5v11"),
    ("play", "M6 4l10 6-10 6z"),
    ("undo", "M7.5 4.5L3.5 8.5l4 4M3.5 8.5h8a4.5 4.5 0 0 1 0 9H8"),
    ("menu", "M3 5.5h14M3 10h14M3 14.5h14"),
    (
        "gear",
        "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM10 2.5v2M10 15.5v2M2.5 10h2M15.5 10h2M4.7 4.7l1.4 1.4M13.9 13.9l1.4 1.4M4.7 15.3l1.4-1.4M13.9 6.1l1.4-1.4",
    ),
];

/// The element of an icon. It says nothing to those who cannot see it: the words beside it do.
pub(super) fn svg(name: &str) -> Option<String> {
    let (_, path) = ICONS.iter().find(|(known, _)| *known == name)?;
    let mut svg = String::with_capacity(path.len() + 200);
    write!(
        svg,
        "<svg class=\"icon\" viewBox=\"0 0 20 20\" width=\"20\" height=\"20\" fill=\"none\" stroke=\"currentColor\" \
         stroke-width=\"1.5\" stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\" \
         focusable=\"false\"><path d=\"{path}\"/></svg>"
    )
    .expect("a text takes every character");
    Some(svg)
}
