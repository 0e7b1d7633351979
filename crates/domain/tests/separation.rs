//! What `quote::separate` keeps and sets aside, that it loses nothing, and that its work grows with the text alone.

use std::time::Duration;

use proptest::prelude::*;
use recado_domain::quote::{Purpose, separate, separate_for};

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJKL";

fn written(mail: &str) -> String {
    separate(mail).written
}

#[test]
fn an_answer_above_the_quote_is_kept_alone() {
    for mail in [
        "Sí, funciona.\n\nEl lun, 15 ene 2024 a las 10:30, Mesa (<mesa@example.com>)\nescribió:\n\n> ¿Funciona?\n>\n> Saludos\n",
        "Sí, funciona.\n\nDe: Mesa <mesa@example.com>\nEnviado: lunes, 15 de enero de 2024 10:30\nPara: Ana\nAsunto: VPN\n\n¿Funciona?\n",
        "Sí, funciona.\r\n\r\n________________________________\r\nDe: Mesa <mesa@example.com>\r\nEnviado: lunes\r\nPara: Ana\r\nAsunto: VPN\r\n\r\n¿Funciona?\r\n",
        "Sí, funciona.\n\nEnviado desde mi iPhone\n\n> El 15 ene 2024, a las 10:30, Mesa <mesa@example.com> escribió:\n> \n> ¿Funciona?\n",
        "Sí, funciona.\n-- \nAna Peña\nEl lun, 15 ene 2024 a las 10:30, Mesa <mesa@example.com> escribió:\n\n¿Funciona?",
    ] {
        assert_eq!(written(mail), "Sí, funciona.", "{mail}");
    }
}

#[test]
fn an_answer_on_the_line_of_the_attribution_keeps_the_line() {
    let parts = separate("Sí, gracias. On Wed, Apr 4, 2012 at 3:59 PM, desk@example.com wrote:\n> Hi");
    assert_eq!(
        parts.written,
        "Sí, gracias. On Wed, Apr 4, 2012 at 3:59 PM, desk@example.com wrote:"
    );
    assert_eq!(parts.quoted.as_deref(), Some("> Hi"));
}

#[test]
fn an_answer_below_the_quote_is_kept_alone() {
    let quote = format!("On 1/15/24 10:30, Desk wrote:\n> Does it work?\n> \n> [ref:{TOKEN}]\n");
    assert_eq!(written(&format!("{quote}\nIt does.\n\n-- \nAna")), "It does.");
    assert_eq!(
        written(&format!("Hello,\n\n{quote}\nIt does.")),
        "Hello,\n\nIt does."
    );
    let unmarked = format!(
        "-----Original Message-----\nFrom: Desk\nSent: today\nSubject: VPN\n\nDoes it?\n[ref:{TOKEN}]\n"
    );
    assert_eq!(written(&format!("{unmarked}\nIt does.")), "It does.");
}

#[test]
fn answers_between_quoted_lines_keep_what_they_answer() {
    let mail = format!(
        "El lun, 15 ene 2024 a las 10:30, Mesa <mesa@example.com> escribió:\n\
         > Hola, Ana:\n>\n> ¿Qué versión tiene?\nLa 5.2.\n> ¿Y qué sistema?\n\nLinux.\n\n> Saludos\n> [ref:{TOKEN}]\n"
    );
    let parts = separate(&mail);
    assert_eq!(
        parts.written,
        "> ¿Qué versión tiene?\nLa 5.2.\n> ¿Y qué sistema?\n\nLinux."
    );
    let quoted = parts.quoted.unwrap();
    assert!(
        quoted.contains("> Hola, Ana:") && quoted.contains("> Saludos"),
        "{quoted}"
    );
}

#[test]
fn a_mail_that_is_passed_on_is_kept_whole() {
    let mail = "Vean esto, por favor:\n\n---------- Forwarded message ---------\nDe: Luis <luis@example.com>\n\
                Date: lun, 15 ene 2024 a las 10:30\nSubject: Falla\nTo: Ana <ana@example.com>\n\nNo imprime.";
    assert_eq!(
        separate(mail),
        recado_domain::quote::Separated {
            written: mail.to_owned(),
            quoted: None
        }
    );
}

#[test]
fn what_outlook_passes_on_is_kept_unless_it_answers_us() {
    let mail =
        "Vean esto.\n\nDe: Luis <luis@example.com>\nEnviado: hoy\nPara: Ana\nAsunto: Falla\n\nNo imprime.";
    assert_eq!(separate_for(mail, Purpose::Forward).written, mail);
    assert_eq!(separate_for(mail, Purpose::Answer).written, "Vean esto.");
    let ours = format!("{mail}\n[ref:{TOKEN}]");
    assert_eq!(separate_for(&ours, Purpose::Forward).written, "Vean esto.");
}

#[test]
fn what_people_type_is_not_taken_for_a_quote() {
    for mail in [
        "El registro dice:\n> error 42\n> error 43\n> error 44",
        "Hola,\n>50% de los usuarios no entran",
        "De: Madrid\nA: Barcelona\nFecha: 15/01/2024\n\nNecesito un billete",
        "On Monday 15/01 at 10:30 the server wrote:\nERROR 42\nand stopped",
        "Sent from my old desk, the parcel never came",
        "--\nuno\n\n--\ndos\n\n¿Cuál de los dos?",
    ] {
        assert_eq!(separate(mail).written, mail);
        assert_eq!(separate(mail).quoted, None);
    }
}

#[test]
fn where_all_would_be_cut_nothing_is() {
    for mail in [
        "> solo\n> citas",
        "De: a@example.com\nEnviado: hoy\nAsunto: x\n\nhola",
        "--\nAna",
        "Enviado desde mi iPhone",
    ] {
        assert_eq!(separate(mail).written, mail);
        assert_eq!(separate(mail).quoted, None);
    }
}

#[test]
fn our_reference_is_set_aside_even_from_a_mail_of_nothing_else() {
    let parts = separate(&format!("> hola\n> [ref:{TOKEN}]"));
    assert_eq!(parts.written, "> hola");
    assert_eq!(parts.quoted, Some(format!("> [ref:{TOKEN}]")));
    assert_eq!(separate(&format!("[ref:{TOKEN}]")).written, "");
}

/// Lines of which mails are made, so that chance meets the rules.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[ -~áéñ]{0,30}",
        "> [a-z ?]{0,20}",
        Just(">".to_owned()),
        Just("-- ".to_owned()),
        Just("--".to_owned()),
        Just("Ana wrote:".to_owned()),
        Just("El lun, 15 ene 2024 a las 10:30, Ana Peña".to_owned()),
        Just("(<ana@example.com>) escribió:".to_owned()),
        Just("From: Desk <desk@example.com>".to_owned()),
        Just("Sent: Monday".to_owned()),
        Just("Subject: VPN".to_owned()),
        Just("-----Original Message-----".to_owned()),
        Just("---------- Forwarded message ---------".to_owned()),
        Just("________________________________".to_owned()),
        Just("Enviado desde mi iPhone".to_owned()),
        Just("AP> hola".to_owned()),
        Just(format!("> [ref:{TOKEN}]")),
        Just(format!("[ref:{TOKEN}]")),
    ]
}

fn shown(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty())
}

proptest! {
    #[test]
    fn every_line_is_on_one_side_in_order(lines in proptest::collection::vec(line(), 0..40)) {
        let mail = lines.join("\n");
        let parts = separate(&mail);
        let quoted = parts.quoted.clone().unwrap_or_default();
        // The two sides, each in its order, merge to the mail: a line must be the next one of either. Equal lines
        // may stand on both sides, so all ways to merge are followed.
        let (written, quoted): (Vec<_>, Vec<_>) = (shown(&parts.written).collect(), shown(&quoted).collect());
        let mut heads = vec![0_usize];
        let mut read = 0;
        for line in shown(&mail) {
            let mut next: Vec<usize> = Vec::new();
            for head in heads {
                if written.get(head) == Some(&line) {
                    next.push(head + 1);
                }
                if quoted.get(read - head) == Some(&line) {
                    next.push(head);
                }
            }
            next.sort_unstable();
            next.dedup();
            prop_assert!(!next.is_empty(), "lost: {line:?}\n{parts:?}");
            heads = next;
            read += 1;
        }
        prop_assert_eq!(read, written.len() + quoted.len());
    }

    #[test]
    fn something_is_written_unless_there_is_only_a_reference(lines in proptest::collection::vec(line(), 0..20)) {
        let mail = lines.join("\n");
        let parts = separate(&mail);
        let has_words = shown(&mail).any(|line| !line.contains(TOKEN) && !line.trim_matches(['>', ' ']).is_empty());
        prop_assert!(!has_words || !parts.written.is_empty());
        prop_assert!(!parts.written.contains(TOKEN));
    }

    #[test]
    fn any_text_is_survived(mail in "\\PC*") {
        separate(&mail);
    }
}

/// Processor time of this thread: what else the machine does hardly counts.
fn time(mail: &str) -> Duration {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).expect("below a second"),
        )
    };
    let start = now();
    std::hint::black_box(separate(std::hint::black_box(mail)));
    now().saturating_sub(start)
}

/// How often both sizes are timed, at most; the least time of each counts.
const ROUNDS: usize = 8;

#[test]
fn ten_times_the_text_takes_about_ten_times_as_long() {
    let wrapped = "El lun, 15 ene 2024 a las 10:30, Ana\n".repeat(3);
    for unit in [
        ">",
        "On ",
        "X wrote:\n",
        "On 2024-01-15 10:30, X <x@example.com> wrote: ",
        "On 2024-01-15 10:30, X <x@example.com> wrote:\n",
        &wrapped,
        "> a\nb\n",
        "> a\n\n",
        "--\n",
        "-- \n\n",
        "From: a@example.com\n",
        "From: a@example.com\nTo: b,\n",
        "________________________________\n",
        "________________________________",
        "-----Original Message-----\n",
        "Sent from my iPhone\n",
        "[ref:",
        "[ref:abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJK\n",
        "AP> ",
        "AP> a\n",
        "\n",
        ">\n",
        "\u{a0}",
        "é",
        "a:",
        "a.1:",
    ] {
        let of = |octets: usize| unit.repeat(octets / unit.len());
        let (small, large) = (of(40_000), of(400_000));
        let mut least = (Duration::MAX, Duration::MAX);
        // A square would take a hundred times as long. Below a few milliseconds the clock decides, not the work.
        let is_linear = (0..ROUNDS).any(|_| {
            least = (least.0.min(time(&small)), least.1.min(time(&large)));
            least.1 < least.0 * 30 + Duration::from_millis(5)
        });
        assert!(is_linear, "{unit:?}: {least:?} for 40 kB and 400 kB");
    }
}
