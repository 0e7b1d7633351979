//! Mails made to crash, hang or fill memory: each costs no more than a plain mail of its size does by a fixed factor,
//! and ten times the octets cost about ten times as much.

mod pipeline;

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use recado_adapters_inbound::parse::MailReader;
use recado_domain::incoming::{From, IncomingMail, Remark};
use recado_ports::reader::{MailEnvelope, ReadLimits, Reader};
use rustix::time::{ClockId, clock_gettime};

const LIMITS: ReadLimits = ReadLimits {
    text: 100_000,
    attachments: 20,
    attachment: 10_000_000,
};

/// How much dearer than a plain mail of its size a mail may be.
const DEARER: u32 = 12;
/// How much dearer ten times the octets may be.
const GROWTH: u32 = 25;
/// What no measurement is exact to.
const GRAIN: Duration = Duration::from_millis(15);

/// A mail of about that many octets.
type Make = fn(usize) -> Vec<u8>;

fn repeat(head: &str, unit: &str, tail: &str, size: usize) -> Vec<u8> {
    format!("{head}{}{tail}", unit.repeat(size / unit.len() + 1)).into_bytes()
}

fn numbered(head: &str, size: usize, unit: impl Fn(usize) -> String) -> Vec<u8> {
    let mut mail = head.to_owned();
    for number in 0.. {
        if mail.len() >= size {
            break;
        }
        mail.push_str(&unit(number));
    }
    mail.into_bytes()
}

const FROM: &str = "From: ana@customer.example\nMessage-ID: <1@customer.example>\n";

fn plain(size: usize) -> Vec<u8> {
    repeat(
        &format!("{FROM}\n"),
        "The printer on the second floor is out of toner again.\n",
        "",
        size,
    )
}

fn tnef(size: usize) -> Vec<u8> {
    let mut stream = b"\x78\x9f\x3e\x22\x01\x00".to_vec();
    while stream.len() < size * 3 / 4 {
        stream.extend(b"\x02\x02\x90\x06\x00\x00\x00\x00\x00\x00\x00");
        stream.extend(b"\x02\x05\x90\x06\x00\x08\x00\x00\x00\xff\xff\xff\xff\x1f\x10\x01\x37\x00\x00");
    }
    let head = format!("{FROM}Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n");
    [
        head.into_bytes(),
        data_encoding::BASE64.encode(&stream).into_bytes(),
    ]
    .concat()
}

const HOSTILE: &[(&str, Make)] = &[
    ("nested multiparts", |size| {
        numbered(FROM, size, |level| {
            format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n")
        })
    }),
    ("nested multiparts of one boundary", |size| {
        repeat(
            FROM,
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
            "",
            size,
        )
    }),
    ("nested messages", |size| {
        repeat(FROM, "Content-Type: message/rfc822\n\n", "", size)
    }),
    ("many parts", |size| {
        repeat(
            &format!("{FROM}Content-Type: multipart/mixed; boundary=b\n\n"),
            "--b\n\nx\n",
            "",
            size,
        )
    }),
    ("many multiparts whose boundary never comes", |size| {
        numbered(
            &format!("{FROM}Content-Type: multipart/mixed; boundary=b\n\n"),
            size,
            |part| format!("--b\nContent-Type: multipart/mixed; boundary=never{part}\n\n"),
        )
    }),
    ("many lines that are nearly boundaries", |size| {
        repeat(
            &format!("{FROM}Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"),
            "--bb\n",
            "",
            size,
        )
    }),
    ("one line of angles", |size| {
        repeat(&format!("{FROM}\n"), ">", "", size)
    }),
    ("lines of angles", |size| {
        repeat(&format!("{FROM}\n"), ">>>>>>>>>>>> x\n", "", size)
    }),
    ("one line without break", |size| {
        repeat(&format!("{FROM}\n"), "On On On ", "wrote:", size)
    }),
    ("lines that wrote", |size| {
        repeat(&format!("{FROM}\n"), "On Monday, Ana wrote:\n", "", size)
    }),
    ("flowed lines", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/plain; format=flowed\n\n"),
            "> a \n",
            "",
            size,
        )
    }),
    ("a long field", |size| {
        repeat(&format!("{FROM}Subject: "), "x", "\n\nHello\n", size)
    }),
    ("many fields", |size| {
        numbered(FROM, size, |number| format!("X-{number}: a\n"))
    }),
    ("a header that is folded for ever", |size| {
        repeat(&format!("{FROM}Subject: a\n"), " \n\tb\n", "\n", size)
    }),
    ("encoded words", |size| {
        repeat(&format!("{FROM}Subject: "), "=?utf-8?Q?=C3=A9?= ", "\n\n", size)
    }),
    ("encoded words without end", |size| {
        repeat(&format!("{FROM}Subject: "), "=?utf-8?Q?a", "\n\n", size)
    }),
    ("beginnings of encoded words", |size| {
        repeat(&format!("{FROM}Subject: "), "=?", "\n\n", size)
    }),
    ("encoded words in addresses", |size| {
        repeat(&format!("{FROM}To: "), "=?utf-8?Q?a =?a?b?, ", "\n\n", size)
    }),
    ("authors", |size| {
        repeat("From: ", "ana@customer.example, ", "\n\nx", size)
    }),
    ("author fields", |size| {
        repeat("", "From: ana@customer.example\n", "\nx", size)
    }),
    ("recipients", |size| {
        numbered(&format!("{FROM}To: "), size, |number| {
            format!("p{number}@x.example, ")
        })
    }),
    ("open brackets in addresses", |size| {
        repeat(&format!("{FROM}To: "), "<(\"", "\n\n", size)
    }),
    ("nested comments", |size| {
        repeat(&format!("{FROM}To: "), "(", "\n\n", size)
    }),
    ("groups", |size| {
        repeat(&format!("{FROM}Cc: "), "a:;", "\n\n", size)
    }),
    ("references", |size| {
        numbered(&format!("{FROM}References: "), size, |number| {
            format!("<{number}@x> ")
        })
    }),
    ("reference fields", |size| {
        repeat(FROM, "References: <1@x>\n", "\n\n", size)
    }),
    ("authentication results", |size| {
        repeat(
            FROM,
            "Authentication-Results: mx; dkim=pass header.d=x ((((\n",
            "\n",
            size,
        )
    }),
    ("parameters", |size| {
        numbered(&format!("{FROM}Content-Type: text/plain"), size, |number| {
            format!("; a{number}*0=b")
        })
    }),
    ("base64 of nothing but A", |size| {
        repeat(
            &format!("{FROM}Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"),
            "AAAA",
            "",
            size,
        )
    }),
    ("base64 that is none", |size| {
        repeat(
            &format!("{FROM}Content-Transfer-Encoding: base64\n\n"),
            "A-_*",
            "",
            size,
        )
    }),
    ("quoted-printable", |size| {
        repeat(
            &format!("{FROM}Content-Transfer-Encoding: quoted-printable\n\n"),
            "=41=\n",
            "",
            size,
        )
    }),
    ("quoted-printable that is none", |size| {
        repeat(
            &format!("{FROM}Content-Transfer-Encoding: quoted-printable\n\n"),
            "==",
            "",
            size,
        )
    }),
    ("NULs", |size| repeat(&format!("{FROM}\n"), "\0", "", size)),
    ("carriage returns", |size| {
        repeat(&format!("{FROM}\n"), "\r", "", size)
    }),
    ("line feeds", |size| repeat(&format!("{FROM}\n"), "\n", "", size)),
    ("line breaks before everything", |size| {
        repeat("", "\r\n", FROM, size)
    }),
    ("escapes of ISO-2022-JP", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/plain; charset=iso-2022-jp\n\n"),
            "\x1b$B\x1b(B",
            "",
            size,
        )
    }),
    ("UTF-7", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/plain; charset=utf-7\n\n"),
            "+AGE-+",
            "",
            size,
        )
    }),
    ("reference lines", |size| {
        repeat(&format!("{FROM}\n"), "[ref:[ref:", "", size)
    }),
    ("a report about many", |size| {
        repeat(
            &format!(
                "{FROM}Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
            ),
            "Action: failed\n\n",
            "",
            size,
        )
    }),
    ("a report in words", |size| {
        repeat(
            &format!("Return-Path: <>\nSubject: failure notice\n{FROM}\n"),
            "Message-ID: <a@b> 5.1.1.1\n",
            "",
            size,
        )
    }),
    ("winmail.dat", tnef),
    ("nested elements", |size| {
        repeat(&format!("{FROM}Content-Type: text/html\n\n"), "<div>", "", size)
    }),
    ("nested quotes", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/html\n\n"),
            "<blockquote>x",
            "",
            size,
        )
    }),
    ("nested tables", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/html\n\n"),
            "<table><tr><td>",
            "",
            size,
        )
    }),
    ("formatting never closed", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/html\n\n"),
            "<b><i><p>",
            "",
            size,
        )
    }),
    ("attributes", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/html\n\n<p "),
            "a=b ",
            ">",
            size,
        )
    }),
    ("entities", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/html\n\n"),
            "&#x41;&lt;",
            "",
            size,
        )
    }),
    ("comments never closed", |size| {
        repeat(
            &format!("{FROM}Content-Type: text/html\n\n"),
            "<!--<![CDATA[<",
            "",
            size,
        )
    }),
];

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("the clock runs forwards")
}

/// What a mail costs. What else the machine does makes readings dearer and never cheaper, so one beyond the bound is made
/// again a few times.
fn cost_within(bound: Duration, octets: &[u8]) -> Duration {
    let mut least = cost(octets);
    for _ in 0..5 {
        if least <= bound {
            break;
        }
        least = least.min(cost(octets));
    }
    least
}

/// The cheaper of two readings, for the first may pay for others' memory.
fn cost(octets: &[u8]) -> Duration {
    let once = || {
        let start = processor_time();
        std::hint::black_box(MailReader.head(octets));
        std::hint::black_box(read(octets));
        processor_time().saturating_sub(start)
    };
    once().min(once())
}

fn read(octets: &[u8]) -> IncomingMail {
    MailReader
        .read(octets, &MailEnvelope::default(), &LIMITS)
        .expect("every octet sequence is a mail of some kind")
}

/// Octets of memory that the process held at most since the last call; `None` where the system does not tell.
fn peak_memory() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    fs::write("/proc/self/clear_refs", "5").ok()?;
    Some(kibibytes * 1024)
}

/// One test, so that nothing else runs in its process while it measures.
#[test]
fn no_mail_costs_much_more_than_another_of_its_size() {
    const SMALL: usize = 25_000;
    const LARGE: usize = 10 * SMALL;
    let plain = cost(&plain(LARGE));
    let mut faults = String::new();
    let mut table = String::new();
    for (name, make) in HOSTILE {
        let (small, large) = (make(SMALL), make(LARGE));
        let cost_of_small = cost(&small);
        peak_memory();
        let before = peak_memory().unwrap_or_default();
        let bound = (plain * DEARER).min(cost_of_small * GROWTH) + GRAIN;
        let cost_of_large = cost_within(bound, &large);
        let memory = peak_memory().unwrap_or_default().saturating_sub(before);
        writeln!(
            table,
            "{name:45} {cost_of_small:>12.1?} {cost_of_large:>12.1?} {memory:>12}"
        )
        .unwrap();
        if cost_of_large > plain * DEARER + GRAIN {
            writeln!(
                faults,
                "{name}: {cost_of_large:?}, a plain mail of that size {plain:?}"
            )
            .unwrap();
        }
        if cost_of_large > cost_of_small * GROWTH + GRAIN {
            writeln!(
                faults,
                "{name}: {cost_of_small:?}, ten times the octets {cost_of_large:?}"
            )
            .unwrap();
        }
        if memory > 60 * LARGE {
            writeln!(faults, "{name}: {memory} octets of memory for a mail of {LARGE}").unwrap();
        }
    }
    println!("{table}plain {plain:?}");
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn hostile_mails_keep_what_holds_of_any_mail() {
    for (_, make) in HOSTILE {
        pipeline::run(&make(20_000));
    }
}

#[test]
fn what_was_not_read_is_said() {
    let of = |name: &str| {
        HOSTILE
            .iter()
            .find(|(found, _)| *found == name)
            .expect("a known case")
            .1
    };
    for name in ["nested multiparts", "many parts", "a long field", "many fields"] {
        assert!(
            read(&of(name)(500_000)).remarks.contains(&Remark::StructureCut),
            "{name}"
        );
    }
    let long = read(&plain(500_000));
    assert!(long.remarks.contains(&Remark::TextCut));
    assert!(long.text.len() <= LIMITS.text);
    assert_eq!(long.attachments.len(), 1, "the whole text is attached");
    assert!(long.attachments[0].content.len() > 500_000);
    for name in ["authors", "author fields"] {
        assert_eq!(read(&of(name)(300_000)).from, From::Several, "{name}");
    }
}
