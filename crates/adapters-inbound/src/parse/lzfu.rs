//! Compressed RTF (MS-OXRTFCP), bounded.

const COMPRESSED: u32 = 0x7546_5A4C;
const UNCOMPRESSED: u32 = 0x414C_454D;
const HEADER: usize = 16;
const DICTIONARY: usize = 4_096;

/// What the dictionary holds before the first octet (MS-OXRTFCP §2.1.2.1).
const PRELOADED: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \
\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Unpacks RTF. `None` when it is none, or would have more than `most` octets.
pub(super) fn unpack(packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let word = |at: usize| Some(u32::from_le_bytes(packed.get(at..at + 4)?.try_into().ok()?));
    let raw_size = usize::try_from(word(4)?).ok().filter(|size| *size <= most)?;
    let content = packed.get(HEADER..)?;
    match word(8)? {
        UNCOMPRESSED => content.get(..raw_size).map(<[u8]>::to_vec),
        COMPRESSED => Some(inflate(content, raw_size)),
        _ => None,
    }
}

fn inflate(content: &[u8], most: usize) -> Vec<u8> {
    let mut dictionary = [b' '; DICTIONARY];
    dictionary[..PRELOADED.len()].copy_from_slice(PRELOADED);
    let mut write = PRELOADED.len();
    // The declared size is a claim: nothing is reserved for it.
    let mut raw = Vec::new();
    let mut octets = content.iter().copied();
    while let Some(control) = octets.next() {
        for bit in 0..8 {
            if raw.len() >= most {
                return raw;
            }
            if control >> bit & 1 == 0 {
                let Some(literal) = octets.next() else { return raw };
                raw.push(literal);
                dictionary[write] = literal;
                write = (write + 1) % DICTIONARY;
                continue;
            }
            let (Some(high), Some(low)) = (octets.next(), octets.next()) else {
                return raw;
            };
            let reference = usize::from(high) << 8 | usize::from(low);
            let (offset, length) = (reference >> 4, (reference & 0xF) + 2);
            // A reference to where the next octet goes is the end.
            if offset == write {
                return raw;
            }
            for step in 0..length {
                let octet = dictionary[(offset + step) % DICTIONARY];
                raw.push(octet);
                dictionary[write] = octet;
                write = (write + 1) % DICTIONARY;
            }
        }
    }
    raw.truncate(most);
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(raw_size: u32, kind: u32) -> Vec<u8> {
        [
            0_u32.to_le_bytes(),
            raw_size.to_le_bytes(),
            kind.to_le_bytes(),
            [0; 4],
        ]
        .concat()
    }

    #[test]
    fn the_specifications_examples_unpack() {
        // MS-OXRTFCP §4.1.1 and §4.1.2.
        let first: [u8; 49] = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a,
            0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c,
            0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        let text = unpack(&first, 1_000).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
        );
        let plain = [header(5, UNCOMPRESSED), b"{rtf}".to_vec()].concat();
        assert_eq!(unpack(&plain, 1_000).unwrap(), b"{rtf}");
    }

    #[test]
    fn a_small_text_cannot_become_a_large_one() {
        let bomb = [header(u32::MAX, COMPRESSED), vec![0xFF; 1_000]].concat();
        assert_eq!(unpack(&bomb, 1 << 20), None);
        let lying = [header(1 << 20, COMPRESSED), vec![0xFF; 1_000]].concat();
        assert!(unpack(&lying, 1 << 20).unwrap().len() <= 17 * 1_000);
    }
}
