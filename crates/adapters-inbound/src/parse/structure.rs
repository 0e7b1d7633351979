//! The parts of a mail (RFC 2046), found in one pass over its octets and without recursion.
//!
//! mail-parser's own reading of structure is not used: it takes a boundary for found in the middle of a line, searches to
//! the end of the mail once for each part whose boundary never comes, and drops nested messages by recursion, which a
//! mail can make deep enough to end the process (`docs/adr/0013-reading-mail.md`).
//!
//! A message inside a mail is a leaf here: it is a file to whoever reads the mail.

use memchr::memmem;

use super::content_type::ContentType;
use super::fields::{Fields, from_first_line, line_at, without_break};

/// Multiparts within multiparts. Mail programs stay below 6.
const DEPTH: usize = 20;
/// Parts of one mail.
const PARTS: usize = 500;

/// A part: a leaf, or a multipart with parts of its own.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) content_type: ContentType,
    /// Its octets as they stand; of a multipart, all of it.
    pub(super) body: &'a [u8],
    /// Its parts, by their place in [`Structure::parts`]; none of a leaf.
    pub(super) parts: Vec<usize>,
}

/// A mail taken apart.
#[derive(Debug)]
pub(super) struct Structure<'a> {
    /// The mail itself first, then every part in the order in which they stand.
    pub(super) parts: Vec<Part<'a>>,
    /// Whether there is more to it than was read.
    pub(super) is_cut: bool,
}

/// A multipart whose end has not come yet.
struct Open {
    part: usize,
    boundary: Vec<u8>,
    starts: usize,
}

impl<'a> Structure<'a> {
    /// Takes a mail apart.
    pub(super) fn read(mail: &'a [u8]) -> Self {
        let mail = from_first_line(mail);
        let mut walk = Walk {
            mail,
            structure: Self {
                parts: Vec::new(),
                is_cut: false,
            },
            open: Vec::new(),
            leaf: None,
        };
        let mut position = walk.enter(0, None);
        while let Some(line) = walk.next_delimiter(position) {
            position = match line {
                Delimiter::Opens { at, after, level } => {
                    walk.leave(at, level + 1);
                    if walk.structure.parts.len() == PARTS {
                        walk.structure.is_cut = true;
                        break;
                    }
                    walk.enter(after, Some(level))
                }
                Delimiter::Closes { at, after, level } => {
                    walk.leave(at, level);
                    after
                }
            };
        }
        if !walk.structure.is_cut {
            walk.leave(mail.len(), 0);
        }
        walk.structure
    }

    /// The mail itself.
    pub(super) fn root(&self) -> &Part<'a> {
        &self.parts[0]
    }
}

/// A line that separates parts.
enum Delimiter {
    /// A part begins after it.
    Opens { at: usize, after: usize, level: usize },
    /// The multipart ends before it.
    Closes { at: usize, after: usize, level: usize },
}

struct Walk<'a> {
    mail: &'a [u8],
    structure: Structure<'a>,
    open: Vec<Open>,
    /// The leaf that is being read, and where it begins.
    leaf: Option<(usize, usize)>,
}

impl Walk<'_> {
    /// Begins the part whose header stands at `at`, inside the open multipart of that level; gives where its body
    /// begins.
    fn enter(&mut self, at: usize, level: Option<usize>) -> usize {
        let (fields, length) = Fields::read(&self.mail[at..]);
        let body = at + length;
        let parent = level.map(|level| self.open[level].part);
        let is_digest =
            parent.is_some_and(|parent| self.structure.parts[parent].content_type.subtype == "digest");
        let implied = if is_digest {
            ContentType::of("message", "rfc822")
        } else {
            ContentType::of("text", "plain")
        };
        let content_type = ContentType::of_part(&fields, &implied);
        let part = self.structure.parts.len();
        let boundary = content_type
            .parameter("boundary")
            .filter(|_| content_type.kind == "multipart")
            .map(|boundary| boundary.as_bytes().to_vec());
        self.structure.is_cut |= fields.is_cut;
        self.structure.parts.push(Part {
            fields,
            content_type,
            body: &[],
            parts: Vec::new(),
        });
        if let Some(parent) = parent {
            self.structure.parts[parent].parts.push(part);
        }
        match boundary {
            Some(boundary) if self.open.len() < DEPTH => self.open.push(Open {
                part,
                boundary,
                starts: body,
            }),
            boundary => {
                self.structure.is_cut |= boundary.is_some();
                self.leaf = Some((part, body));
            }
        }
        body
    }

    /// Ends the leaf that is being read, and all open multiparts from `level` on.
    fn leave(&mut self, at: usize, level: usize) {
        // The line break before a delimiter belongs to it (RFC 2046 §5.1.1).
        let end = if at < self.mail.len() {
            without_break(&self.mail[..at]).len()
        } else {
            at
        };
        if let Some((part, starts)) = self.leaf.take() {
            self.structure.parts[part].body = self.mail.get(starts..end.max(starts)).unwrap_or_default();
        }
        for open in self.open.drain(level.min(self.open.len())..) {
            self.structure.parts[open.part].body = self
                .mail
                .get(open.starts..end.max(open.starts))
                .unwrap_or_default();
        }
    }

    /// The next line at or after `position` that separates parts of an open multipart, the innermost first.
    fn next_delimiter(&self, mut position: usize) -> Option<Delimiter> {
        if self.open.is_empty() {
            return None;
        }
        loop {
            let at_line_start = position == 0 || self.mail[position - 1] == b'\n';
            if at_line_start && self.mail[position..].starts_with(b"--") {
                let line = line_at(self.mail, position);
                let after = position + line.len();
                let dashed = without_break(line)[2..].trim_ascii_end();
                for (level, open) in self.open.iter().enumerate().rev() {
                    match dashed.strip_prefix(open.boundary.as_slice()) {
                        Some(b"") => {
                            return Some(Delimiter::Opens {
                                at: position,
                                after,
                                level,
                            });
                        }
                        Some(b"--") => {
                            return Some(Delimiter::Closes {
                                at: position,
                                after,
                                level,
                            });
                        }
                        _ => {}
                    }
                }
                position = after;
                if position >= self.mail.len() {
                    return None;
                }
                continue;
            }
            position += memmem::find(&self.mail[position..], b"\n--")? + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types and bodies of a mail's parts, indented by depth.
    fn outline(mail: &str) -> Vec<String> {
        let structure = Structure::read(mail.as_bytes());
        let mut lines = Vec::new();
        let mut open = vec![(0, 0)];
        while let Some((part, depth)) = open.pop() {
            let part = &structure.parts[part];
            let body = if part.parts.is_empty() {
                String::from_utf8_lossy(part.body).into_owned()
            } else {
                String::new()
            };
            lines.push(format!(
                "{}{} {body:?}",
                " ".repeat(depth),
                part.content_type.essence()
            ));
            open.extend(part.parts.iter().rev().map(|&part| (part, depth + 1)));
        }
        lines
    }

    #[test]
    fn parts_end_at_their_own_boundary_alone() {
        let mail = "Content-Type: multipart/mixed; boundary=b\n\npreamble --b\n--bc\n--b\n\none --b\n--bb\n--b  \n\
                    Content-Type: multipart/alternative; boundary=bb\n\n--bb\n\ntwo\n\n--bb--\nepilogue\n--b\n\
                    Content-Type: text/html\n\nthree\n--b--\n--b\n\nnever\n";
        assert_eq!(
            outline(mail),
            [
                "multipart/mixed \"\"",
                " text/plain \"one --b\\n--bb\"",
                " multipart/alternative \"\"",
                "  text/plain \"two\\n\"",
                " text/html \"three\"",
            ]
        );
    }

    #[test]
    fn an_outer_boundary_ends_inner_parts_that_were_not_closed() {
        let mail = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; \
                    boundary=b\r\n\r\n--b\r\n\r\none\r\n--a\r\n\r\ntwo";
        assert_eq!(
            outline(mail),
            [
                "multipart/mixed \"\"",
                " multipart/mixed \"\"",
                "  text/plain \"one\"",
                " text/plain \"two\"",
            ]
        );
    }

    #[test]
    fn a_part_without_header_or_body_is_empty() {
        let mail =
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n--a\n\n--a\nContent-Type: text/html\n--a--";
        assert_eq!(
            outline(mail),
            [
                "multipart/mixed \"\"",
                " text/plain \"\"",
                " text/plain \"\"",
                " text/html \"\"",
            ]
        );
    }

    #[test]
    fn a_multipart_whose_boundary_never_comes_keeps_its_octets() {
        for header in ["multipart/mixed; boundary=a", "multipart/mixed"] {
            let mail = format!("Content-Type: {header}\n\nHello\n");
            assert_eq!(outline(&mail), ["multipart/mixed \"Hello\\n\""], "{header}");
        }
    }

    #[test]
    fn a_digest_holds_messages_and_a_message_is_a_leaf() {
        let mail = "Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: x\n\nbody\n--a--\n";
        assert_eq!(
            outline(mail),
            [
                "multipart/digest \"\"",
                " message/rfc822 \"Subject: x\\n\\nbody\""
            ]
        );
    }

    #[test]
    fn depth_and_number_are_bounded_and_said_to_be() {
        let level = |level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
        let deep: String = (0..1_000).map(level).collect();
        let structure = Structure::read(deep.as_bytes());
        assert_eq!((structure.parts.len(), structure.is_cut), (DEPTH + 1, true));
        let many = format!(
            "Content-Type: multipart/mixed; boundary=a\n\n{}",
            "--a\n\nx\n".repeat(10_000)
        );
        let structure = Structure::read(many.as_bytes());
        assert_eq!((structure.parts.len(), structure.is_cut), (PARTS, true));
    }
}
