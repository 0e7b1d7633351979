//! Quoted-printable (RFC 2045 §6.7), for text.

use super::lines;

/// Longest line, its soft line break included.
const MAX_LINE: usize = 76;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Writes `text` in lines of at most 76 characters. Its own line ends, of whatever kind, become CRLF.
pub(super) fn encode(out: &mut Vec<u8>, text: &str) {
    for (index, line) in lines(text).enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\r\n");
        }
        encode_line(out, line.as_bytes());
    }
}

fn encode_line(out: &mut Vec<u8>, line: &[u8]) {
    // A blank at the end of a line would be lost on its way.
    let (line, blank) = match line.split_last() {
        Some((&blank @ (b' ' | b'\t'), before)) => (before, Some(blank)),
        _ => (line, None),
    };
    let mut used = 0;
    let mut rest = line;
    while let Some(&first) = rest.first() {
        // No further than a line can reach: a line of a megabyte must not be looked through for each of its pieces.
        let near = &rest[..rest.len().min(MAX_LINE + 1)];
        let run = near.iter().position(|&octet| !stands_for_itself(octet));
        let run = run.unwrap_or(near.len());
        if run == 0 {
            rest = &rest[1..];
            escape(out, &mut used, first, rest.is_empty() && blank.is_none());
            continue;
        }
        let fits_whole = run == rest.len() && blank.is_none() && used + run <= MAX_LINE;
        // One place is kept for the soft line break.
        let taken = if fits_whole {
            run
        } else {
            run.min(MAX_LINE - 1 - used)
        };
        out.extend_from_slice(&rest[..taken]);
        used += taken;
        rest = &rest[taken..];
        if taken < run {
            soft_break(out, &mut used);
        }
    }
    if let Some(blank) = blank {
        escape(out, &mut used, blank, true);
    }
}

fn escape(out: &mut Vec<u8>, used: &mut usize, octet: u8, is_last: bool) {
    let room = if is_last { MAX_LINE } else { MAX_LINE - 1 };
    if *used + 3 > room {
        soft_break(out, used);
    }
    let digit = |value: u8| HEX[usize::from(value)];
    out.extend_from_slice(&[b'=', digit(octet >> 4), digit(octet & 15)]);
    *used += 3;
}

fn soft_break(out: &mut Vec<u8>, used: &mut usize) {
    out.extend_from_slice(b"=\r\n");
    *used = 0;
}

fn stands_for_itself(octet: u8) -> bool {
    matches!(octet, b'\t' | b' '..=b'~') && octet != b'='
}

#[cfg(test)]
mod tests {
    use lettre::message::Body;
    use lettre::message::header::ContentTransferEncoding;
    use proptest::prelude::*;

    use super::super::with_crlf;

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        super::encode(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_of_76_stays_whole_and_one_of_77_does_not() {
        let line = |length: usize| "a".repeat(length);
        assert_eq!(encoded(&line(76)), line(76));
        assert_eq!(encoded(&line(77)), format!("{}=\r\naa", line(75)));
        assert_eq!(encoded(&format!("{}=", line(73))), format!("{}=3D", line(73)));
        assert_eq!(
            encoded(&format!("{}=b", line(73))),
            format!("{}=\r\n=3Db", line(73))
        );
    }

    #[test]
    fn a_line_of_megabytes_is_encoded_in_time_that_grows_with_it() {
        let encoded = encoded(&"a".repeat(4_000_000));
        assert_eq!(encoded.replace("=\r\n", "").len(), 4_000_000);
    }

    #[test]
    fn a_blank_before_a_line_end_is_kept() {
        assert_eq!(encoded("a \nb\t\r\n \rc  "), "a=20\r\nb=09\r\n=20\r\nc =20");
    }

    proptest! {
        /// Mails that wait in an outbox were written by lettre; what is written anew is the same.
        #[test]
        fn the_octets_are_as_lettre_writes_them(text in "([ -~]{0,90}|[ =\\t\n\r]{0,5}|[a-z]{70,80}|é{0,30}|\\PC{0,20}){0,6}") {
            let theirs = Body::new_with_encoding(with_crlf(&text), ContentTransferEncoding::QuotedPrintable);
            let theirs = String::from_utf8(theirs.unwrap().into_vec()).unwrap();
            prop_assert_eq!(encoded(&text), theirs);
        }
    }
}
