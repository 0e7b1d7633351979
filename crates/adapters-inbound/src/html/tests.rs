//! HTML as mail programs write it, and as attackers do.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJKL";

fn written(html: &str) -> String {
    read(html).written
}

#[test]
fn lines_break_where_readers_see_them_break() {
    for (html, expected) in [
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        (
            "<div>one</div><div>two<br></div><div><br></div><div>three</div>",
            "one\ntwo\n\nthree",
        ),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        (
            "<p class=MsoNormal>one</p>\n<p class=MsoNormal><o:p>&nbsp;</o:p></p>\n<p class=MsoNormal>two</p>",
            "one\n\ntwo",
        ),
        ("<ul><li>a<li>b<ol start=3><li>c</ol></ul>", "- a\n- b\n  3. c"),
        (
            "<table><tr><td>a</td> <td>b</td></tr><tr><td><div>c</div></td><td><p>d</p></td></tr></table>",
            "a | b\nc\n\nd",
        ),
        ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        ("  a \n  <b>b</b> <i>c</i>d&nbsp; e", "a b cd  e"),
        (
            "see <a href=\"https://example.com/x\">here</a>, <a href=\"https://example.com\">example.com</a>",
            "see here <https://example.com/x>, example.com",
        ),
        ("<h1>T</h1>x<hr>y", "T\n\nx\n________________________________\ny"),
        (
            "a<img src=cid:1 alt='screen.png'>b<img src=https://t.example/p.gif>c <img alt='😀' src=x>",
            "a [image: screen.png]bc 😀",
        ),
        (
            "a<script>x</script><style>y</style><!-- z --><title>t</title>b",
            "ab",
        ),
    ] {
        assert_eq!(written(html), expected, "{html}");
    }
}

#[test]
fn quotes_of_the_big_programs_are_set_aside() {
    for (program, html) in [
        (
            "Gmail",
            "<div dir=ltr>Sí.</div><br><div class=gmail_quote gmail_quote_container><div dir=ltr class=gmail_attr>El lun, 15 ene 2024 a las 10:30, Mesa (&lt;<a href=\"mailto:m@example.com\">m@example.com</a>&gt;) escribió:<br></div><blockquote class=gmail_quote style=\"border-left:1px solid\">¿Va?</blockquote></div>",
        ),
        (
            "Gmail in a language that nobody knows",
            "<div>Sí.</div><div class=gmail_quote><div class=gmail_attr>Xyz abc def<br></div><blockquote class=gmail_quote>¿Va?</blockquote></div>",
        ),
        (
            "Outlook on the web",
            "<div>Sí.</div><div id=appendonsend></div><hr style='display:inline-block;width:98%'><div id=divRplyFwdMsg dir=ltr><b>Xyz:</b> Mesa<br><b>Abc:</b> hoy<br></div><div>¿Va?</div>",
        ),
        (
            "Outlook on Windows",
            "<p class=MsoNormal>Sí.<o:p></o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>De:</b> Mesa &lt;m@example.com&gt;<br><b>Enviado:</b> lunes<br><b>Asunto:</b> x<o:p></o:p></p></div><p class=MsoNormal>¿Va?</p>",
        ),
        (
            "Thunderbird",
            "<p>Sí.<br></p><div class=moz-cite-prefix>El 15/1/24 a las 10:30, Mesa escribió:<br></div><blockquote type=cite cite='mid:x'>¿Va?</blockquote><div class=moz-signature>-- <br>Ana</div>",
        ),
        (
            "Apple Mail",
            "<div>Sí.</div><br><div><blockquote type=cite><div>El 15 ene 2024, a las 10:30, Mesa &lt;m@example.com&gt; escribió:</div><br class=Apple-interchange-newline><div>¿Va?</div></blockquote></div>",
        ),
        (
            "Yahoo",
            "<div>Sí.</div><div id=ydp1yahoo_quoted_2 class=ydp1yahoo_quoted><div>Xyz, Mesa:</div><div>¿Va?</div></div>",
        ),
        (
            "Proton",
            "Sí.<div class=protonmail_signature_block>Sent with Proton</div><div class=protonmail_quote>On Monday, January 15th, 2024 at 10:30 AM, Mesa &lt;m@example.com&gt; wrote:<br><blockquote class=protonmail_quote type=cite>¿Va?</blockquote></div>",
        ),
        (
            "Zoho",
            "<div>Sí.</div><div class=zmail_extra><div>---- xyz ----</div><blockquote>¿Va?</blockquote></div>",
        ),
        (
            "a plain blockquote under an attribution",
            "Sí.<br>El 15/1/2024 10:30, Mesa escribió:<blockquote>¿Va?</blockquote>",
        ),
    ] {
        let parts = read(html);
        assert_eq!(parts.written, "Sí.", "{program}: {parts:#?}");
        assert!(
            parts.quoted.is_some_and(|quoted| quoted.contains("¿Va?")),
            "{program}"
        );
        assert!(
            parts.sanitised.contains("Sí.") && !parts.sanitised.contains("¿Va?"),
            "{program}: {}",
            parts.sanitised
        );
    }
}

#[test]
fn answers_within_a_quote_stay_with_what_they_answer() {
    let parts = read(&format!(
        "<div class=gmail_quote><div class=gmail_attr>El lun, Mesa escribió:</div>\
         <blockquote class=gmail_quote>Hola:<br><br>¿Versión?</blockquote><div>La 5.</div>\
         <blockquote class=gmail_quote>¿Sistema?</blockquote><div>Linux.</div>\
         <blockquote class=gmail_quote>Saludos<br>[ref:{TOKEN}]</blockquote></div>"
    ));
    assert_eq!(parts.written, "> ¿Versión?\n\nLa 5.\n\n> ¿Sistema?\n\nLinux.");
    assert_eq!(
        parts.sanitised,
        "<div><blockquote>¿Versión?</blockquote><div>La 5.</div><blockquote>¿Sistema?</blockquote><div>Linux.</div></div>"
    );
}

#[test]
fn an_indented_paragraph_is_no_quote() {
    assert_eq!(
        written("Los pasos:<blockquote style='margin:0 0 0 40px;border:none'>uno<br>dos</blockquote>"),
        "Los pasos:\n\nuno\ndos"
    );
}

#[test]
fn a_paragraph_that_its_author_set_as_a_quote_is_kept() {
    let set = "<div>El manual dice<blockquote class=gmail_quote>uno<br>dos<br>tres</blockquote></div>";
    assert_eq!(written(set), "El manual dice\n\n> uno\n> dos\n> tres");
    let answered = format!(
        "{set}<div class=gmail_quote><div class=gmail_attr>El lun, Mesa escribió:</div>\
         <blockquote class=gmail_quote>¿Qué dice?<br>[ref:{TOKEN}]</blockquote></div>"
    );
    assert_eq!(written(&answered), "El manual dice\n\n> uno\n> dos\n> tres");
}

#[test]
fn a_mail_that_is_passed_on_is_kept() {
    let html = "<div>Vean:</div><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>De: Luis</div>No imprime.</div>";
    assert_eq!(read(html).quoted, None);
}

#[test]
fn what_stays_is_harmless() {
    for (html, expected) in [
        ("<script>alert(1)</script>a", "a"),
        ("<p onclick=x style='position:fixed'>a</p>", "<p>a</p>"),
        (
            "<a href='javascript:x'>a</a>",
            "<a rel=\"noopener noreferrer nofollow\">a</a>",
        ),
        (
            "<a href=https://example.com target=_top>a</a>",
            "<a href=\"https://example.com\" rel=\"noopener noreferrer nofollow\">a</a>",
        ),
        ("<img src=x onerror=alert(1)>a", "a"),
        ("<img src=https://t.example/pixel.gif width=1>a", "a"),
        (
            "<form action=https://evil.example><input name=p><button>Go</button></form>a",
            "<div>Go</div>a",
        ),
        ("<svg><script>alert(1)</script><style>x</style>a</svg>", "a"),
        (
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "",
        ),
        ("&lt;script&gt;a", "&lt;script&gt;a"),
        ("<iframe src=x></iframe><object data=x>a</object>", "a"),
        (
            "<base href=//evil.example><a href=/x>a</a>",
            "<a rel=\"noopener noreferrer nofollow\">a</a>",
        ),
    ] {
        assert_eq!(read(html).sanitised, expected, "{html}");
    }
}

#[test]
fn our_reference_never_stays() {
    let parts = read(&format!("<p>Sí.</p><p>[ref:{TOKEN}]</p>"));
    assert_eq!(parts.written, "Sí.");
    assert!(!parts.sanitised.contains(TOKEN));
}

/// Processor time of this thread: what else the machine does hardly counts.
fn time(html: &str) -> Duration {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).expect("below a second"),
        )
    };
    let start = now();
    std::hint::black_box(read(std::hint::black_box(html)));
    now().saturating_sub(start)
}

/// Times a text and one of ten times its size, until the larger takes no more than linear work would, or eight times:
/// the least time of each counts.
fn assert_linear(name: &str, small: &str, large: &str) {
    let mut least = (Duration::MAX, Duration::MAX);
    let is_linear = (0..8).any(|_| {
        least = (least.0.min(time(small)), least.1.min(time(large)));
        least.1 < least.0 * 30 + Duration::from_millis(5)
    });
    assert!(is_linear, "{name}: {least:?}");
}

#[test]
fn ten_times_the_html_takes_about_ten_times_as_long() {
    for (name, unit) in [
        ("nesting", "<div>"),
        ("quotes", "<blockquote type=cite>"),
        ("indents", "<br><blockquote>"),
        ("formatting", "<p><b><i><font color=a>"),
        ("links", "<a href=https://example.com>"),
        ("tables", "<table><tr><td>"),
        ("items", "<ul><li>a"),
        ("ends", "</div>"),
        ("breaks", "<br>"),
        ("angles", "<"),
        ("comments", "<!--"),
        ("tags cut off", "<a \""),
        ("raw text", "<textarea></"),
        ("entities", "&notanentity"),
        ("two-octet letters", "¿"),
        ("ampersands", "&"),
        ("containers", "<div class=yahoo_quoted>"),
        ("words", "a "),
    ] {
        let of = |octets: usize| unit.repeat(octets / unit.len());
        assert_linear(name, &of(10_000), &of(100_000));
    }
    let indents_below_a_long_line =
        |octets: usize| "a ".repeat(octets / 4) + &"<blockquote></blockquote>".repeat(octets / 50);
    assert_linear(
        "indents below a long line",
        &indents_below_a_long_line(20_000),
        &indents_below_a_long_line(200_000),
    );
    let attributes = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("a{number}=b")).collect();
        format!("<p {}>x", names.join(" "))
    };
    assert_linear("attributes", &attributes(2_000), &attributes(20_000));
}

/// Pieces of which hostile and broken HTML is made.
fn piece() -> impl Strategy<Value = String> {
    let tag = prop::sample::select(vec![
        "div",
        "p",
        "b",
        "a href='javascript:x'",
        "a href=https://e.example",
        "blockquote type=cite",
        "table",
        "tr",
        "td",
        "ul",
        "li",
        "pre",
        "script",
        "style",
        "svg",
        "math",
        "img src=cid:x",
        "img src=x onerror=x",
        "br",
        "hr",
        "form",
        "div class=gmail_quote",
        "div class=gmail_attr",
        "div id=divRplyFwdMsg",
        "div id=Signature",
        "textarea",
        "title",
        "span style='display:none'",
        "iframe src=x",
        "plaintext",
        "template",
        "noscript",
        "select",
        "option",
        "frameset",
    ]);
    prop_oneof![
        tag.clone().prop_map(|tag| format!("<{tag}>")),
        tag.prop_map(|tag| format!("</{}>", tag.split(' ').next().unwrap())),
        "[a-zé¿ ]{0,8}",
        prop::sample::select(vec![
            "<",
            ">",
            "\"",
            "'",
            "<!--",
            "-->",
            "&lt;script&gt;",
            "&amp;",
            "&#0;",
            "\n",
            "wrote:",
            "]]>",
            "<![CDATA[",
        ])
        .prop_map(str::to_owned),
        Just(format!("[ref:{TOKEN}]")),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_what_stays_is_harmless_and_read_again_the_same(pieces in prop::collection::vec(piece(), 0..40)) {
        let parts = read(&pieces.concat());
        for token in tokens::Tokens::of(&parts.sanitised) {
            if let tokens::Token::Open(tag) = token {
                prop_assert!(sanitise::KEPT.contains(&tag.name.as_str()), "{}", parts.sanitised);
                for name in ["style", "id", "class", "src"] {
                    prop_assert_eq!(tag.attribute(name), "");
                }
                prop_assert!(["", "https://e.example"].contains(&tag.attribute("href")), "{}", parts.sanitised);
            }
        }
        prop_assert!(!parts.written.contains(TOKEN) && !parts.sanitised.contains(TOKEN));
        let again = ammonia::Builder::new().clean(&parts.sanitised).to_string();
        prop_assert_eq!(again.matches('<').count(), parts.sanitised.matches('<').count());
    }
}
