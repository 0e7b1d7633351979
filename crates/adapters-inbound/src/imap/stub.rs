//! A mail that stands for one that is too large to be taken: its head, and a text that says so.

/// The lines of a head that say how the body is written: ours is written otherwise.
const OF_THE_BODY: [&str; 2] = ["content-", "mime-version"];

/// Makes the mail. `head` may end in the middle of a line, which is left out then.
///
/// The text names neither folder nor number: the same mail found twice must be the same mail.
pub(super) fn stub(head: &[u8], size: Option<u64>, largest: usize) -> Vec<u8> {
    let whole = head
        .iter()
        .rposition(|octet| *octet == b'\n')
        .map_or(0, |end| end + 1);
    let mut mail = Vec::with_capacity(whole + 1_024);
    let mut keep = true;
    for line in head[..whole].split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let is_of_the_body = |name: &&str| {
                line.get(..name.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            };
            keep = !OF_THE_BODY.iter().any(is_of_the_body);
        }
        if keep {
            mail.extend_from_slice(line);
            mail.extend_from_slice(b"\r\n");
        }
    }
    let size = size.map_or_else(|| "?".to_owned(), |size| size.to_string());
    let text = format!(
        "MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\
         \r\n\
         [Este correo es demasiado grande y se quedó en el buzón: {size} octetos, y se aceptan {largest}.]\r\n\
         [Este e-mail é grande demais e ficou na caixa de correio: {size} octetos, e aceitam-se {largest}.]\r\n\
         [This mail is too large and was left in the mailbox: {size} octets, and {largest} are taken.]\r\n"
    );
    mail.extend_from_slice(text.as_bytes());
    mail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_keeps_the_head_and_replaces_what_describes_the_body() {
        let head = b"From: a@b.example\nContent-Type: multipart/mixed;\r\n\tboundary=x\r\nmime-version: 1.0\r\nSubject: big\r\n file\r\n\r\n";
        let mail = String::from_utf8(stub(head, Some(99), 10)).unwrap();
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            head.lines().collect::<Vec<_>>(),
            [
                "From: a@b.example",
                "Subject: big",
                " file",
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8",
                "Content-Transfer-Encoding: 8bit"
            ]
        );
        assert!(body.contains("99 octets") && body.contains("10 are taken"));
    }

    #[test]
    fn a_head_that_was_cut_loses_its_last_line_alone() {
        let mail = String::from_utf8(stub(b"From: a@b.example\r\nSubject: hal", None, 10)).unwrap();
        assert!(mail.starts_with("From: a@b.example\r\nMIME-Version"), "{mail}");
        assert!(stub(b"", None, 10).starts_with(b"MIME-Version"));
    }
}
