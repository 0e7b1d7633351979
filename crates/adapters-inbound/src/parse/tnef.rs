//! `winmail.dat`: the files, and the text if need be, that Outlook wraps into one (MS-OXTNEF).
//!
//! A stream of attributes: level, id, length, data, checksum. Attachments are groups of attributes of level 2, each
//! begun by its rendering data; properties (MS-OXCDATA) stand in attributes of their own. Every length is checked
//! against what is there, nothing is copied but what is kept, and the first thing that makes no sense ends the
//! reading: what came before it stays.

use mail_parser::decoders::charsets::map::charset_decoder;

use super::body::Text;
use super::{charset, content, lzfu};

const SIGNATURE: u32 = 0x223E_9F78;
/// Attributes of one stream, and properties of one attribute, that are read.
const ENTRIES: usize = 5_000;
/// Files in one stream.
const FILES: usize = 200;

/// `attAttachRenddata`, `attAttachTitle`, `attAttachData`, `attAttachment`, `attMsgProps`, `attBody`, `attOemCodepage`.
const RENDERING: u32 = 0x0006_9002;
const TITLE: u32 = 0x0001_8010;
const DATA: u32 = 0x0006_800F;
const ATTACHMENT_PROPERTIES: u32 = 0x0006_9005;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const BODY: u32 = 0x0002_800C;
const CODE_PAGE: u32 = 0x0006_9007;
/// `attMessageClass`.
const MESSAGE_CLASS: u32 = 0x0007_8008;

/// `PidTagBody`, `PidTagRtfCompressed`, `PidTagHtml`, `PidTagAttachLongFilename`, `PidTagAttachMimeTag`,
/// `PidTagAttachDataBinary`.
const PROPERTY_BODY: u16 = 0x1000;
const PROPERTY_RTF: u16 = 0x1009;
const PROPERTY_HTML: u16 = 0x1013;
const PROPERTY_LONG_NAME: u16 = 0x3707;
const PROPERTY_MEDIA_TYPE: u16 = 0x370E;
const PROPERTY_DATA: u16 = 0x3701;

/// A file in a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TnefFile {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) content: Vec<u8>,
}

/// What a stream holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tnef {
    pub(super) message_class: String,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    /// The text as RTF.
    pub(super) rtf: Option<Vec<u8>>,
    pub(super) files: Vec<TnefFile>,
    /// Whether there is more to it than was read.
    pub(super) is_cut: bool,
}

impl Tnef {
    /// Its text in both forms, line breaks and NUL as [`super::content::text`] has them.
    pub(super) fn take_text(&mut self) -> Text {
        let plain =
            |text: &mut Option<String>| text.take().map(content::with_plain_breaks).unwrap_or_default();
        Text {
            plain: plain(&mut self.text),
            html: plain(&mut self.html),
        }
    }
}

/// Reads a stream; `None` when it is none. `most` bounds the octets of unpacked RTF.
pub(super) fn read(octets: &[u8], most: usize) -> Option<Tnef> {
    let mut stream = Stream(octets);
    if stream.u32()? != SIGNATURE {
        return None;
    }
    stream.take(2)?;
    let mut tnef = Tnef::default();
    let mut code_page = None;
    for _ in 0..ENTRIES {
        if read_attribute(&mut stream, &mut tnef, &mut code_page, most).is_none() {
            break;
        }
    }
    tnef.is_cut = stream.0.iter().any(|octet| *octet != 0);
    tnef.files.retain(|file| !file.content.is_empty());
    Some(tnef)
}

fn read_attribute(
    stream: &mut Stream<'_>,
    tnef: &mut Tnef,
    code_page: &mut Option<u32>,
    most: usize,
) -> Option<()> {
    stream.take(1)?;
    let id = stream.u32()?;
    let length = stream.length()?;
    let data = stream.take(length)?;
    let text = |octets: &[u8]| in_code_page(octets, *code_page);
    match id {
        CODE_PAGE => *code_page = Stream(data).u32(),
        MESSAGE_CLASS => tnef.message_class = text(data),
        BODY => tnef.text = Some(text(data)),
        MESSAGE_PROPERTIES => read_properties(data, |property, value| match (property, value) {
            (PROPERTY_BODY, Value::Text(body)) => tnef.text = Some(body),
            (PROPERTY_BODY, Value::Octets(body)) => tnef.text = Some(text(body)),
            (PROPERTY_HTML, Value::Text(html)) => tnef.html = Some(html),
            (PROPERTY_HTML, Value::Octets(html)) => tnef.html = Some(charset::decode(html, None).text),
            (PROPERTY_RTF, Value::Octets(rtf)) => tnef.rtf = lzfu::unpack(rtf, most),
            _ => {}
        }),
        RENDERING if tnef.files.len() < FILES => tnef.files.push(TnefFile::default()),
        RENDERING => return None,
        _ => {
            if let Some(file) = tnef.files.last_mut() {
                read_file_attribute(file, id, data, *code_page);
            }
        }
    }
    stream.take(2).map(|_| ())
}

fn read_file_attribute(file: &mut TnefFile, id: u32, data: &[u8], code_page: Option<u32>) {
    let text = |octets: &[u8]| in_code_page(octets, code_page);
    match id {
        TITLE if file.name.is_empty() => file.name = text(data),
        DATA => file.content = data.to_vec(),
        ATTACHMENT_PROPERTIES => read_properties(data, |property, value| match (property, value) {
            (PROPERTY_LONG_NAME, Value::Text(name)) => file.name = name,
            (PROPERTY_LONG_NAME, Value::Octets(name)) => file.name = text(name),
            (PROPERTY_MEDIA_TYPE, Value::Text(kind)) => file.content_type = kind,
            (PROPERTY_MEDIA_TYPE, Value::Octets(kind)) => file.content_type = text(kind),
            (PROPERTY_DATA, Value::Octets(data)) if file.content.is_empty() => file.content = data.to_vec(),
            _ => {}
        }),
        _ => {}
    }
}

/// A property's value, of the kinds that are read.
enum Value<'a> {
    Text(String),
    Octets(&'a [u8]),
}

/// Reads the properties of an attribute, as far as they make sense.
fn read_properties(octets: &[u8], mut found: impl FnMut(u16, Value<'_>)) {
    let mut stream = Stream(octets);
    let Some(count) = stream.length() else { return };
    for _ in 0..count.min(ENTRIES) {
        if read_property(&mut stream, &mut found).is_none() {
            return;
        }
    }
}

fn read_property(stream: &mut Stream<'_>, found: &mut impl FnMut(u16, Value<'_>)) -> Option<()> {
    const MULTIPLE: u16 = 0x1000;
    let kind = stream.u16()?;
    let id = stream.u16()?;
    if id >= 0x8000 {
        skip_name(stream)?;
    }
    let fixed = match kind & !MULTIPLE {
        // Short, long, float, currency, date, error, boolean, 64 bits, time, GUID; each takes a multiple of 4.
        0x0002 | 0x0003 | 0x0004 | 0x000A | 0x000B => Some(4),
        0x0005..=0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        // Object, strings, binary.
        0x000D | 0x001E | 0x001F | 0x0102 => None,
        _ => return None,
    };
    let is_variable = fixed.is_none();
    let values = if is_variable || kind & MULTIPLE != 0 {
        stream.length()?
    } else {
        1
    };
    for _ in 0..values.min(ENTRIES) {
        let length = match fixed {
            Some(length) => length,
            None => stream.length()?,
        };
        let octets = stream.take(length)?;
        stream.take(length.wrapping_neg() % 4)?;
        match kind {
            0x001F => found(id, Value::Text(utf_16(octets))),
            // An object begins with the id of its interface.
            0x000D => found(id, Value::Octets(octets.get(16..).unwrap_or_default())),
            0x001E | 0x0102 => found(id, Value::Octets(octets)),
            _ => {}
        }
    }
    Some(())
}

/// The name of a named property: a GUID, then a number or a text.
fn skip_name(stream: &mut Stream<'_>) -> Option<()> {
    stream.take(16)?;
    if stream.u32()? == 0 {
        stream.take(4)?;
    } else {
        let length = stream.length()?;
        stream.take(length)?;
        stream.take(length.wrapping_neg() % 4)?;
    }
    Some(())
}

fn utf_16(octets: &[u8]) -> String {
    let units = octets
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    text.trim_end_matches('\0').to_owned()
}

fn in_code_page(octets: &[u8], code_page: Option<u32>) -> String {
    let octets = octets.strip_suffix(b"\0").unwrap_or(octets);
    let decoder = code_page.and_then(|page| charset_decoder(format!("windows-{page}").as_bytes()));
    match decoder {
        Some(decoder) if std::str::from_utf8(octets).is_err() => decoder(octets),
        _ => charset::decode(octets, None).text,
    }
}

/// What is left to read.
struct Stream<'a>(&'a [u8]);

impl<'a> Stream<'a> {
    fn take(&mut self, octets: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(octets)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [
            &[level][..],
            &id.to_le_bytes(),
            &length.to_le_bytes(),
            data,
            &[0, 0],
        ]
        .concat()
    }

    fn property(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
        let length = u32::try_from(value.len()).unwrap();
        let padding = vec![0; value.len().wrapping_neg() % 4];
        [
            &kind.to_le_bytes()[..],
            &id.to_le_bytes(),
            &1_u32.to_le_bytes(),
            &length.to_le_bytes(),
            value,
            &padding,
        ]
        .concat()
    }

    fn properties(list: &[Vec<u8>]) -> Vec<u8> {
        [
            u32::try_from(list.len()).unwrap().to_le_bytes().to_vec(),
            list.concat(),
        ]
        .concat()
    }

    fn stream(attributes: &[Vec<u8>]) -> Vec<u8> {
        [&SIGNATURE.to_le_bytes()[..], &[1, 0], &attributes.concat()].concat()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect()
    }

    fn sample() -> Vec<u8> {
        stream(&[
            attribute(1, CODE_PAGE, &[0xE4, 4, 0, 0, 0, 0, 0, 0]),
            attribute(1, MESSAGE_CLASS, b"IPM.Note\0"),
            attribute(
                1,
                MESSAGE_PROPERTIES,
                &properties(&[
                    [&0x0003_u16.to_le_bytes()[..], &0x3FDE_u16.to_le_bytes(), &[0; 4]].concat(),
                    property(0x001F, PROPERTY_BODY, &wide("Hola Peña")),
                    property(0x0102, PROPERTY_HTML, b"<p>Hola</p>"),
                ]),
            ),
            attribute(2, RENDERING, &[0; 14]),
            attribute(2, TITLE, b"SHORT~1.TXT\0"),
            attribute(2, DATA, b"one"),
            attribute(
                2,
                ATTACHMENT_PROPERTIES,
                &properties(&[
                    property(0x001E, PROPERTY_LONG_NAME, b"Peque\xf1o.txt\0"),
                    property(0x001E, PROPERTY_MEDIA_TYPE, b"text/plain\0"),
                ]),
            ),
            attribute(2, RENDERING, &[0; 14]),
            attribute(2, TITLE, b"b.pdf\0"),
            attribute(2, DATA, b"two"),
        ])
    }

    #[test]
    fn text_and_files_are_unpacked() {
        let tnef = read(&sample(), 1_000).unwrap();
        assert_eq!(tnef.message_class, "IPM.Note");
        assert_eq!(tnef.text.as_deref(), Some("Hola Peña"));
        assert_eq!(tnef.html.as_deref(), Some("<p>Hola</p>"));
        let files: Vec<_> = tnef
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.content.as_slice()))
            .collect();
        assert_eq!(files, [("Pequeño.txt", &b"one"[..]), ("b.pdf", b"two")]);
        assert_eq!(tnef.files[0].content_type, "text/plain");
        assert!(!tnef.is_cut);
    }

    #[test]
    fn a_stream_cut_anywhere_keeps_what_came_before() {
        let whole = sample();
        let mut most = 0;
        for end in 0..whole.len() {
            let files = read(&whole[..end], 1_000).map_or(0, |tnef| tnef.files.len());
            assert!(files >= most, "cut at {end}");
            most = files;
        }
        assert_eq!(most, 2);
    }

    #[test]
    fn lengths_that_lie_end_the_reading() {
        let mut lying = sample();
        let length = lying.len() - 9;
        lying[length..length + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        let read_so_far = read(&lying, 1_000).unwrap();
        assert_eq!((read_so_far.files.len(), read_so_far.is_cut), (1, true));
        let many = stream(&vec![attribute(2, RENDERING, &[]); 100_000]);
        assert_eq!(read(&many, 1_000).unwrap().files.len(), 0);
        let count = stream(&[attribute(1, MESSAGE_PROPERTIES, &u32::MAX.to_le_bytes())]);
        assert_eq!(read(&count, 1_000), Some(Tnef::default()));
        assert_eq!(read(b"PK\x03\x04", 1_000), None);
    }
}
