//! Mail that comes in: by `recado receive` and by LMTP, into a ledger that the command line reads and steers.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::house::{Ended, House};

/// From somebody whom nobody knows.
const STRANGER: &str = "From: Iván Ajeno <ivan@other.example>\nTo: desk@example.org\nMessage-ID: <1@other.example>\n\
                        Subject: Hola\n\n¿Me ayudan?\n";

/// What a machine reads of a command that succeeded.
fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

#[test]
fn a_mail_on_standard_input_is_taken_without_a_word_and_waits_in_the_ledger() {
    let house = House::new();
    let taken = house.run_with_input(&["receive", "--to", "desk@example.org"], STRANGER);
    assert_eq!(
        (taken.code, taken.out.as_str(), taken.err.as_str()),
        (Some(0), "", "")
    );
    let listed = json(&house.run(&["--json", "mail", "list", "--outcome", "quarantined"]));
    let mail = &listed["items"][0];
    assert_eq!((&mail["via"], &mail["subject"]), (&"pipe".into(), &"Hola".into()));
    let id = mail["id"].as_str().unwrap();

    let shown = house.run(&["mail", "show", id]);
    assert!(
        shown.out.contains("quarantined") && shown.out.contains("the sender is not known"),
        "{shown:?}"
    );
    assert_eq!(house.run(&["mail", "raw", id]).out, STRANGER);
    let refused = house.run(&["mail", "refuse", id]);
    assert!(refused.out.contains("is refused"), "{refused:?}");
    assert_eq!(
        house.run(&["mail", "replay", id]).code,
        Some(1),
        "it is not replayed"
    );
    let released = json(&house.run(&["--json", "mail", "release", id, "--as-watcher"]));
    assert_eq!(released["outcome"], "opened");
    let again = house.run(&["mail", "release", id]);
    assert_eq!(again.code, Some(1));
    assert!(
        again.err.starts_with("recado: mail release: ") && again.err.contains("opened"),
        "{again:?}"
    );
}

#[test]
fn a_machine_is_told_the_id_and_the_outcome() {
    let house = House::new();
    let input =
        "From ivan@other.example Sun Nov 22 10:00:00 2026\nFrom: ivan@other.example\nSubject: x\n\ny\n";
    let taken = json(&house.run_with_input(&["--json", "receive"], input));
    assert_eq!(taken["outcome"], "quarantined");
    let id = taken["id"].as_str().unwrap();
    let shown = house.run(&["mail", "show", id]);
    assert!(shown.out.contains("<ivan@other.example>"), "{shown:?}");
    assert!(
        house.run(&["mail", "raw", id]).out.starts_with("From: "),
        "the line before the mail is no part of it"
    );
}

#[test]
fn the_exit_code_tells_a_mail_server_what_to_do() {
    let house = House::new();
    house.write("recado.toml", "[limits]\nmail = \"1KiB\"\n");
    let empty = house.run_with_input(&["receive"], "");
    assert_eq!(empty.code, Some(65), "{empty:?}");
    let large = house.run_with_input(&["receive"], &"x".repeat(1 << 20));
    assert_eq!(large.code, Some(65), "{large:?}");
    assert!(
        large.err.contains("1048576 octets; at most 1024") && large.err.lines().count() == 1,
        "{large:?}"
    );
    house.write("recado.toml", "[database]\nurl = \"sqlite:///proc/recado.db\"\n");
    let away = house.run_with_input(&["receive"], STRANGER);
    assert_eq!(away.code, Some(75), "{away:?}");
    assert_eq!(away.err.lines().count(), 1, "{away:?}");
    house.write("recado.toml", "[limits]\nmails = \"1KiB\"\n");
    let wrong = house.run_with_input(&["receive"], STRANGER);
    // Anything but 75 would have the mail server return people's mail for a slip in a file.
    assert_eq!(wrong.code, Some(75), "{wrong:?}");
}

#[test]
fn mail_comes_in_by_lmtp_beside_the_pipe_and_the_command_line() {
    let house = House::new();
    house.write("recado.toml", "[inbound]\nlmtp = \"127.0.0.1:0\"\n");
    let (daemon, lmtp) = house.serve_with_lmtp();
    let answers = deliver(lmtp, STRANGER);
    assert!(answers.last().unwrap().starts_with("250 "), "{answers:?}");
    let copy = json(&house.run_with_input(&["--json", "receive"], &STRANGER.replace("Hola", "Adiós")));
    assert_eq!(copy["outcome"], "quarantined");
    let listed = json(&house.run(&["--json", "mail", "list"]));
    let vias: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| mail["via"].as_str().unwrap())
        .collect();
    assert_eq!(vias, ["pipe", "lmtp"], "the newest first");
    let (code, log) = daemon.terminate();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn an_lmtp_address_in_use_is_named() {
    let house = House::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = crate::house::ended(house.recado(["serve"]).env("RECADO_INBOUND__LMTP", &address));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("inbound.lmtp") && ended.err.contains(&address),
        "{ended:?}"
    );
    assert_eq!(ended.out, "", "nothing is said to be listened on");
}

/// Hands a mail over as a mail server does; gives the answers, the mail's own last.
fn deliver(address: SocketAddr, mail: &str) -> Vec<String> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    let mut said = Vec::new();
    let mut answer = || {
        loop {
            let mut line = String::new();
            assert_ne!(answers.read_line(&mut line).unwrap(), 0, "the server left");
            if line.as_bytes()[3] == b' ' {
                return line;
            }
        }
    };
    said.push(answer());
    let body = format!("{}.\r\n", mail.replace('\n', "\r\n"));
    for words in [
        "LHLO mx.example.org\r\n",
        "MAIL FROM:<ivan@other.example>\r\n",
        "RCPT TO:<desk@example.org>\r\n",
        "DATA\r\n",
        &body,
    ] {
        stream.write_all(words.as_bytes()).unwrap();
        said.push(answer());
    }
    said
}
