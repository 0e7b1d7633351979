//! Which parts are what the person wrote, and which are files (RFC 2046 §5.1, RFC 2183, RFC 2387).

use super::content_type::ContentType;
use super::fields::Field;
use super::structure::{Part, Structure};

/// One stretch of text, in the forms in which it is there.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Its `text/plain` parts, by place.
    pub(super) plain: Vec<usize>,
    /// Its `text/html` parts, by place.
    pub(super) html: Vec<usize>,
}

/// A mail's parts, sorted. Parts that are neither are those that only repeat others or mark up their bounds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    /// Its text, in order.
    pub(super) stretches: Vec<Stretch>,
    /// Its files, in order.
    pub(super) files: Vec<usize>,
    /// Whether a part is encrypted, or signed in a way that hides it.
    pub(super) is_opaque: bool,
}

/// Sorts a mail's parts.
pub(super) fn select(structure: &Structure<'_>) -> Selection {
    let mut selection = Selection::default();
    sort(structure, 0, &mut selection);
    if selection.stretches.is_empty() {
        take_a_named_text(structure, &mut selection);
    }
    selection
}

/// Some programs give the text itself a file's name: where there is no other, the first text is it, unless it is
/// attached by its own word.
fn take_a_named_text(structure: &Structure<'_>, selection: &mut Selection) {
    let is_text = |place: &usize| {
        let part = &structure.parts[*place];
        let of = &part.content_type;
        (of.is("text", "plain") || of.is("text", "html")) && !is_attached(part)
    };
    let Some(position) = selection.files.iter().position(is_text) else {
        return;
    };
    let place = selection.files.remove(position);
    let is_html = structure.parts[place].content_type.subtype == "html";
    let (plain, html) = if is_html {
        (Vec::new(), vec![place])
    } else {
        (vec![place], Vec::new())
    };
    selection.stretches.push(Stretch { plain, html });
}

/// Sorts one part. The recursion ends: [`Structure`] bounds the depth.
fn sort(structure: &Structure<'_>, place: usize, selection: &mut Selection) {
    let part = &structure.parts[place];
    let of = &part.content_type;
    if is_opaque(of) {
        selection.is_opaque = true;
    }
    if part.parts.is_empty() {
        return sort_leaf(part, place, selection);
    }
    match of.subtype.as_str() {
        "alternative" => sort_alternatives(structure, part, selection),
        "related" => {
            let start = of.parameter("start");
            let is_start = |child: &&usize| {
                let id = structure.parts[**child]
                    .fields
                    .first("content-id")
                    .map(Field::text);
                start.is_some() && id.as_deref() == start
            };
            let root = part.parts.iter().find(is_start).or(part.parts.first()).copied();
            for &child in &part.parts {
                if Some(child) == root {
                    sort(structure, child, selection);
                } else {
                    // What a document refers to is no text of its own.
                    let mut within = Selection::default();
                    sort(structure, child, &mut within);
                    let texts = within
                        .stretches
                        .into_iter()
                        .flat_map(|text| [text.plain, text.html].concat());
                    selection.files.extend(texts.chain(within.files));
                    selection.is_opaque |= within.is_opaque;
                }
            }
        }
        _ => {
            for &child in &part.parts {
                sort(structure, child, selection);
            }
        }
    }
}

fn sort_leaf(part: &Part<'_>, place: usize, selection: &mut Selection) {
    let of = &part.content_type;
    let is_root = place == 0;
    let stretch = match (of.kind.as_str(), of.subtype.as_str()) {
        _ if is_file(part) && !(is_root && of.kind == "text") => None,
        ("text", "html") => Some(Stretch {
            html: vec![place],
            ..Stretch::default()
        }),
        // A text of an unknown kind is read as it is, when it is all that there is (RFC 2046 §4.1.4); so is a
        // multipart of which no part was found.
        ("text", "plain") | ("multipart", _) => Some(Stretch {
            plain: vec![place],
            ..Stretch::default()
        }),
        ("text", subtype) if is_root && subtype != "calendar" => Some(Stretch {
            plain: vec![place],
            ..Stretch::default()
        }),
        _ => None,
    };
    match stretch {
        Some(stretch) => selection.stretches.push(stretch),
        None => selection.files.push(place),
    }
}

/// Alternatives are one stretch: the first plain text, the last HTML. Files among them are kept, an invitation above
/// all; further texts say the same once more.
fn sort_alternatives(structure: &Structure<'_>, part: &Part<'_>, selection: &mut Selection) {
    let mut whole = Stretch::default();
    let mut files = Vec::new();
    for &child in &part.parts {
        let mut within = Selection::default();
        sort(structure, child, &mut within);
        let plain = within
            .stretches
            .iter()
            .flat_map(|text| text.plain.iter().copied());
        let html = within.stretches.iter().flat_map(|text| text.html.iter().copied());
        let (plain, html): (Vec<_>, Vec<_>) = (plain.collect(), html.collect());
        if !html.is_empty() {
            whole.html = html;
        } else if whole.plain.is_empty() {
            whole.plain = plain;
        }
        files.extend(within.files);
        selection.is_opaque |= within.is_opaque;
    }
    let has_text = !whole.plain.is_empty() || !whole.html.is_empty();
    let repeats = |place: &usize| {
        let part = &structure.parts[*place];
        has_text
            && part.content_type.kind == "text"
            && part.content_type.subtype != "calendar"
            && !is_file(part)
    };
    files.retain(|place| !repeats(place));
    selection.files.extend(files);
    if has_text {
        selection.stretches.push(whole);
    }
}

/// Whether a part is a file: attached, or named.
fn is_file(part: &Part<'_>) -> bool {
    let disposition = ContentType::disposition(&part.fields);
    let named = disposition
        .as_ref()
        .and_then(|disposition| disposition.parameter("filename"));
    is_attached(part) || named.or(part.content_type.parameter("name")).is_some()
}

fn is_attached(part: &Part<'_>) -> bool {
    ContentType::disposition(&part.fields).is_some_and(|disposition| disposition.kind == "attachment")
}

/// Whether it is encrypted (RFC 8551 §3.2, RFC 3156 §4) or signed such that the text is inside (`signed-data`).
fn is_opaque(of: &ContentType) -> bool {
    of.is("multipart", "encrypted")
        || (of.kind == "application"
            && matches!(of.subtype.as_str(), "pkcs7-mime" | "x-pkcs7-mime")
            && !of.has("smime-type", "certs-only"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The types of what was selected: stretches as plain|html, then the files.
    fn selected(mail: &str) -> String {
        let mail = mail
            .replace("T:", "Content-Type: text/")
            .replace("M:", "Content-Type: multipart/");
        let structure = Structure::read(mail.as_bytes());
        let selection = select(&structure);
        let names = |places: &[usize]| -> String {
            let bodies = places.iter().map(|&place| {
                String::from_utf8_lossy(structure.parts[place].body)
                    .trim()
                    .to_owned()
            });
            bodies.collect::<Vec<_>>().join(",")
        };
        let texts: Vec<String> = selection
            .stretches
            .iter()
            .map(|stretch| format!("{}|{}", names(&stretch.plain), names(&stretch.html)))
            .collect();
        format!("{} files {}", texts.join(" "), names(&selection.files))
    }

    #[test]
    fn the_ways_in_which_mail_programs_put_texts_and_files_together() {
        for (what, mail, expected) in [
            ("plain", "\nA", "A| files "),
            ("an empty mail", "T:plain\n\n", "| files "),
            ("text of an unknown kind", "T:x-odd\n\nA", "A| files "),
            ("a named root", "T:plain; name=a.txt\n\nA", "A| files "),
            ("a file alone", "Content-Type: application/pdf\n\nA", " files A"),
            (
                "alternatives",
                "M:alternative; boundary=a\n\n--a\nT:plain\n\nA\n--a\nT:html\n\nB\n--a--",
                "A|B files ",
            ),
            (
                "alternatives that repeat themselves",
                "M:alternative; boundary=a\n\n--a\nT:plain\n\nA\n--a\nT:x-amp-html\n\nB\n--a\nT:html\n\nC\n--a--",
                "A|C files ",
            ),
            (
                "an invitation",
                "M:alternative; boundary=a\n\n--a\nT:plain\n\nA\n--a\nT:calendar; method=REQUEST\n\nB\n--a--",
                "A| files B",
            ),
            (
                "Apple Mail: HTML around a file, and an image in it",
                "M:alternative; boundary=a\n\n--a\nT:plain\n\nA\n--a\nM:mixed; boundary=b\n\n--b\nT:html\n\nB\n--b\n\
                 Content-Type: image/png; name=c\n\nC\n--b\nT:html\n\nD\n--b--\n--a--",
                "A|B,D files C",
            ),
            (
                "Outlook: an image in HTML",
                "M:related; boundary=a\n\n--a\nM:alternative; boundary=b\n\n--b\nT:plain\n\nA\n--b\nT:html\n\nB\n--b--\n\
                 --a\nContent-Type: image/png\n\nC\n--a--",
                "A|B files C",
            ),
            (
                "a footer of a mailing list",
                "M:mixed; boundary=a\n\n--a\nT:html\n\nA\n--a\nT:plain\n\nB\n--a--",
                "|A B| files ",
            ),
            (
                "a text file",
                "M:mixed; boundary=a\n\n--a\nT:plain\n\nA\n--a\nT:plain; name=b.txt\n\nB\n--a\nT:csv\n\nC\n--a\n\
                 T:html\nContent-Disposition: attachment\n\nD\n--a--",
                "A| files B,C,D",
            ),
            (
                "a text that is named, and is all that there is",
                "M:mixed; boundary=a\n\n--a\nT:plain; name=b.txt\nContent-Disposition: inline\n\nA\n--a\n\
                 T:plain; name=c.txt\n\nB\n--a--",
                "A| files B",
            ),
            (
                "a text that is attached, and is all that there is",
                "M:mixed; boundary=a\n\n--a\nT:plain\nContent-Disposition: attachment\n\nA\n--a--",
                " files A",
            ),
            (
                "a detached signature",
                "M:signed; boundary=a\n\n--a\nT:plain\n\nA\n--a\nContent-Type: application/pkcs7-signature\n\nB\n--a--",
                "A| files B",
            ),
            (
                "a start that is not the first",
                "M:related; boundary=a; start=\"<2@x>\"\n\n--a\nT:css\n\nA\n--a\nT:html\nContent-ID: <2@x>\n\nB\n--a--",
                "|B files A",
            ),
        ] {
            assert_eq!(selected(mail), expected, "{what}");
        }
    }

    #[test]
    fn what_is_closed_is_said_to_be() {
        for (content_type, is_closed) in [
            ("application/pkcs7-mime; smime-type=enveloped-data", true),
            ("application/x-pkcs7-mime; smime-type=signed-data", true),
            ("application/pkcs7-mime; smime-type=certs-only", false),
            (
                "multipart/encrypted; protocol=\"application/pgp-encrypted\"",
                true,
            ),
            ("multipart/signed; protocol=\"application/pgp-signature\"", false),
        ] {
            let mail = format!("Content-Type: {content_type}\n\nA");
            let structure = Structure::read(mail.as_bytes());
            assert_eq!(select(&structure).is_opaque, is_closed, "{content_type}");
        }
    }
}
