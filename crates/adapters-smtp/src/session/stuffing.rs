//! A message as it goes over the wire.

/// Lines ended by CRLF, dots stuffed (RFC 5321 §4.5.2), and the final dot.
///
/// Composed mails have no bare CR or LF. Should one come, it becomes a line end: as it is, a server could take the
/// text after it for commands.
pub(super) fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 32 + 8);
    let mut push_line = |line: &[u8]| {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    };
    let body = message
        .strip_suffix(b"\n")
        .map_or(message, |body| body.strip_suffix(b"\r").unwrap_or(body));
    if !message.is_empty() {
        for line in body.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.split(|byte| *byte == b'\r').for_each(&mut push_line);
        }
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stuffed_text(message: &str) -> String {
        String::from_utf8(stuffed(message.as_bytes())).unwrap()
    }

    #[test]
    fn a_dot_at_the_beginning_of_a_line_is_doubled() {
        assert_eq!(
            stuffed_text("a\r\n.\r\n..b\r\n.c\r\n"),
            "a\r\n..\r\n...b\r\n..c\r\n.\r\n"
        );
        assert_eq!(stuffed_text(".\r\n"), "..\r\n.\r\n");
    }

    #[test]
    fn the_last_line_is_ended() {
        assert_eq!(stuffed_text("a"), "a\r\n.\r\n");
        assert_eq!(stuffed_text(""), ".\r\n");
        assert_eq!(stuffed_text("a\r\n\r\n"), "a\r\n\r\n.\r\n");
    }

    #[test]
    fn no_bare_line_break_reaches_the_wire() {
        assert_eq!(
            stuffed_text("a\n.\r\nMAIL FROM:<x@y>\r.\rb"),
            "a\r\n..\r\nMAIL FROM:<x@y>\r\n..\r\nb\r\n.\r\n"
        );
    }

    proptest! {
        #[test]
        fn only_the_end_looks_like_the_end(message in "[.\r\na]{0,60}") {
            let text = stuffed_text(&message);
            prop_assert!(text.ends_with(".\r\n"));
            let framed = format!("\r\n{text}");
            prop_assert_eq!(framed.find("\r\n.\r\n"), Some(framed.len() - 5));
            let bare = text.replace("\r\n", "");
            prop_assert!(!bare.contains(['\r', '\n']));
        }

        #[test]
        fn a_composed_message_comes_back_whole(lines in proptest::collection::vec("[.a-z ]{0,8}", 1..8)) {
            let message = lines.join("\r\n") + "\r\n";
            let text = stuffed_text(&message);
            let unstuffed: String = text[..text.len() - 3]
                .split_inclusive("\r\n")
                .map(|line| line.strip_prefix('.').unwrap_or(line))
                .collect();
            prop_assert_eq!(unstuffed, message);
        }
    }
}
