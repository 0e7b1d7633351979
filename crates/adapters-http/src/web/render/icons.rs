//! The few icons, as paths in a 20 by 20 field, drawn with the text's colour.

use std::fmt::Write as _;

/// Name and path of each, stroked.
const ICONS: &[(&str, &str)] = &[
    (
        "brand",
        "M4 4.5h12a1.5 1.5 0 0 1 1.5 1.5v6.500a1.500 1.500 0 0 1-1.500 1.500H8l-4.500 3.500V6A1.500 1.500 0 0 1 4 4.500z",
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
        "M14.5 9.5l-5 5a3.2 3.2 0 0 1-4.6-4.6l6-6a2.1 2.1 0 0 1 3 3l-6 6a1 1 0 0 1-1.5-1.5l5-5",
    ),
    ("file", "M5 2.5h6.5L15.5 6.5v11H5zM11.5 2.5v4h4"),
    (
        "bell-off",
        "M6 8a4 4 0 0 1 7-2.6M14 9c0 4 1.500 5 1.500 5H7M5.500 12c-.4 1.400-1 2-1 2M8.500 16.500a1.600 1.600 0 0 0 3 0M3 3l14 14",
    ),
    (
        "bell",
        "M6 8a4 4 0 0 1 8 0c0 4.500 1.500 6 1.500 6h-11S6 12.500 6 8zM8.500 16.500a1.600 1.600 0 0 0 3 0",
    ),
    ("lock", "M5 9h10v8H5zM7 9V6.500a3 3 0 0 1 6 0V9"),
    ("mail", "M2.500 5h15v10.500h-15zM2.500 5.500l7.500 6 7.500-6"),
    ("clock", "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4l2.500 2"),
    ("warning", "M10 3l7.500 13.500h-15zM10 8v4M10 14.300v.2"),
    (
        "person",
        "M10 3.500a3.200 3.200 0 1 0 0 6.400 3.200 3.200 0 0 0 0-6.400zM3.500 17a6.500 5 0 0 1 13 0",
    ),
    ("checks", "M2 10.5l3.5 3.5 7-8M10 13l1 1 7-8"),
    ("more", "M4.5 10h.01M10 10h.01M15.5 10h.01"),
    (
        "info",
        "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9.5v4M10 6.500v.2",
    ),
    ("plus", "M10 4v12M4 10h12"),
    ("pause", "M7 4.500v11M13 4.500v11"),
    ("play", "M6 4l10 6-10 6z"),
    (
        "undo",
        "M7.500 4.500L3.500 8.500l4 4M3.500 8.500h8a4.500 4.500 0 0 1 0 9H8",
    ),
    ("menu", "M3 5.500h14M3 10h14M3 14.500h14"),
    (
        "gear",
        "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM10 2.500v2M10 15.500v2M2.500 10h2M15.500 10h2M4.700 4.700l1.400 1.400M13.900 13.900l1.400 1.400M4.700 15.300l1.400-1.400M13.900 6.100l1.400-1.400",
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
