//! A message as it goes over the wire.

/// Lines ended by CRLF, dots stuffed (RFC 5321 §4.5.2), and the final dot.
///
/// Composed mails have no bare CR or LF. Should one come, it becomes a line end: as it is, a server could take the
/// text after it for commands.
pub(super) fn stuffed(message: &[u8]) -> Vec<u8> {
    // Room for the commands of the next mail, too.
    let mut out = Vec::with_capacity(message.len() + message.len() / 32 + 512);
    if message.first() == Some(&b'.') {
        out.push(b'.');
    }
    // Copied up to here; looked at up to `line`, the beginning of a line.
    let (mut copied, mut line) = (0, 0);
    while let Some(end) = memchr::memchr2(b'\r', b'\n', &message[line..]) {
        let end = line + end;
        line = end + 2;
        if !message[end..].starts_with(b"\r\n") {
            out.extend_from_slice(&message[copied..end]);
            out.extend_from_slice(b"\r\n");
            line = end + 1;
            copied = line;
        }
        if message.get(line) == Some(&b'.') {
            out.extend_from_slice(&message[copied..line]);
            out.push(b'.');
            copied = line;
        }
    }
    out.extend_from_slice(&message[copied..]);
    if line < message.len() {
        out.extend_from_slice(b"\r\n");
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
