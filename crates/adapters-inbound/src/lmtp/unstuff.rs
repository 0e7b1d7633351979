//! The end of a message, and the dots that are not its end (RFC 5321 §4.5.2).
//!
//! Lines end with CRLF and with nothing else. A server that took a bare LF for a line's end would find the end of a
//! message where its sender saw none, and take what follows for commands: SMTP smuggling. A bare CR or LF is data.

/// Where in a line the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    LineStart,
    /// Behind a dot that began the line; it is no data, whatever follows.
    Dot,
    /// Behind a dot that began the line, and a CR.
    DotCr,
    Middle,
    /// Behind a CR that is data.
    Cr,
}

/// Takes the dots out of a message as it comes, and finds its end.
#[derive(Debug, Default)]
pub(super) struct Unstuffer(Place);

/// How much of a block was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    /// All of it; the message goes on.
    All,
    /// This many octets, the last of which ended the message.
    Ended(usize),
}

impl Unstuffer {
    /// Appends what of `block` is data to `data`.
    pub(super) fn feed(&mut self, block: &[u8], data: &mut Vec<u8>) -> Fed {
        let mut at = 0;
        while at < block.len() {
            if self.0 == Place::Middle {
                // Most of a message: copied up to the next CR at once.
                let rest = &block[at..];
                let run = rest
                    .iter()
                    .position(|octet| *octet == b'\r')
                    .unwrap_or(rest.len());
                data.extend_from_slice(&rest[..run]);
                at += run;
                if at == block.len() {
                    break;
                }
            }
            let octet = block[at];
            at += 1;
            self.0 = match (self.0, octet) {
                (Place::LineStart, b'.') => Place::Dot,
                (Place::Dot, b'\r') => Place::DotCr,
                (Place::DotCr, b'\n') => {
                    self.0 = Place::LineStart;
                    return Fed::Ended(at);
                }
                (place, octet) => {
                    if place == Place::DotCr {
                        data.push(b'\r');
                    }
                    data.push(octet);
                    match (place, octet) {
                        (_, b'\r') => Place::Cr,
                        (Place::Cr, b'\n') => Place::LineStart,
                        _ => Place::Middle,
                    }
                }
            };
        }
        Fed::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is data, and what is left behind the end; `None` while the message goes on.
    fn read(stream: &[u8], block: usize) -> (Vec<u8>, Option<usize>) {
        let (mut unstuffer, mut data) = (Unstuffer::default(), Vec::new());
        for (index, piece) in stream.chunks(block).enumerate() {
            if let Fed::Ended(taken) = unstuffer.feed(piece, &mut data) {
                return (data, Some(stream.len() - index * block - taken));
            }
        }
        (data, None)
    }

    #[test]
    fn only_a_dot_between_two_crlf_ends_a_message() {
        let whole = [
            (&b".\r\n"[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b".a\r\n...\r\n.\r\n", b"a\r\n..\r\n"),
            (b"\r\n.\r\n", b"\r\n"),
        ];
        let open = [
            (&b"a\n.\n"[..], &b"a\n.\n"[..]),
            (b"a\n.\r\n", b"a\n.\r\n"),
            (b"a\r.\r\n", b"a\r.\r\n"),
            (b"a\r\r\n.\n", b"a\r\r\n\n"),
            (b"a\r\n.\n", b"a\r\n\n"),
            (b"a\r\n.\r.\r\n", b"a\r\n\r.\r\n"),
            (b"a\r\n.\r\r\n", b"a\r\n\r\r\n"),
            (b"a.\r\n", b"a.\r\n"),
        ];
        for block in [1, 2, 3, 100] {
            for (stream, data) in whole {
                assert_eq!(
                    read(stream, block),
                    (data.to_vec(), Some(0)),
                    "{stream:?} by {block}"
                );
            }
            for (stream, data) in open {
                assert_eq!(
                    read(stream, block),
                    (data.to_vec(), None),
                    "{stream:?} by {block}"
                );
            }
        }
    }

    #[test]
    fn what_follows_the_end_is_left() {
        assert_eq!(read(b"a\r\n.\r\nQUIT\r\n", 100), (b"a\r\n".to_vec(), Some(6)));
    }

    proptest! {
        #[test]
        fn a_stuffed_message_comes_out_as_it_went_in(
            pieces in prop::collection::vec(prop::sample::select(vec!["\r", "\n", "\r\n", ".", "..", "a"]), 0..40),
            block in 1_usize..9,
        ) {
            let message = pieces.concat() + "\r\n";
            let mut stuffed = message.replace("\r\n.", "\r\n..");
            if stuffed.starts_with('.') {
                stuffed.insert(0, '.');
            }
            stuffed.push_str(".\r\nQUIT\r\n");
            prop_assert_eq!(read(stuffed.as_bytes(), block), (message.into_bytes(), Some(6)));
        }
    }
}
