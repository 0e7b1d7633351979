//! Commands: exit codes, one-line errors, what goes to standard output.

use crate::house::House;

#[test]
fn bad_usage_ends_with_2() {
    let house = House::new();
    for arguments in [
        &["no-such-command"][..],
        &["parameter", "get", "many"],
        &[
            "user",
            "add",
            "--email",
            "nobody",
            "--name",
            "N",
            "--role",
            "requester",
        ],
        &[
            "user",
            "add",
            "--email",
            "a@b.example",
            "--name",
            "N",
            "--role",
            "king",
        ],
        &["template", "show", "0"],
        &["delivery", "list", "--state", "lost"],
        &["mail", "list", "--outcome", "lost"],
    ] {
        let ended = house.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert_eq!(ended.out, "");
    }
    assert!(!house.path().join("var").exists(), "bad usage opens no database");
}

#[test]
fn what_is_not_there_ends_with_1_and_is_named_in_one_line() {
    let house = House::new();
    for (arguments, named) in [
        (&["parameter", "get", "15"][..], "there is no parameter 15"),
        (&["parameter", "set", "269", "70000"], "parameter 269 (SMTP port)"),
        (&["template", "show", "7"], "template 7 does not exist"),
        (&["template", "check", "gone.html"], "gone.html"),
        (
            &["delivery", "show", "00000000-0000-0000-0000-000000000000"],
            "00000000-0000-0000-0000-000000000000",
        ),
        (
            &["mail", "show", "00000000-0000-0000-0000-000000000000"],
            "00000000-0000-0000-0000-000000000000",
        ),
        (
            &["token", "create", "--email", "nobody@example.com", "--label", "x"],
            "nobody@example.com",
        ),
    ] {
        let ended = house.run(arguments);
        assert_eq!(ended.code, Some(1), "{arguments:?}: {ended:?}");
        assert!(
            ended.err.starts_with("recado: ") && ended.err.contains(named),
            "{ended:?}"
        );
        assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    }
}

#[test]
fn a_token_stands_alone_on_standard_output() {
    let house = House::new();
    let add = [
        "user",
        "add",
        "--email",
        "Ana@Example.com",
        "--name",
        "Peña, Ana",
        "--role",
        "administrator",
    ];
    assert_eq!(house.run(&add).code, Some(0));
    let again = house.run(&add);
    assert_eq!(again.code, Some(1));
    assert!(
        again.err.contains("ana@example.com has an account already"),
        "{again:?}"
    );

    let created = house.run(&["token", "create", "--email", "ana@example.com", "--label", "x"]);
    assert_eq!((created.code, created.err.as_str()), (Some(0), ""));
    assert_eq!(created.out.lines().count(), 1);
    assert!(created.out.starts_with("recado_"), "{}", created.out);
    assert!(!created.out.trim_end().contains(char::is_whitespace));
}

#[test]
fn a_secret_is_read_from_standard_input_and_never_printed() {
    let house = House::new();
    for (arguments, input) in [
        (&["parameter", "set", "13", "-"][..], "hunter2 0123\n"),
        (&["parameter", "get", "13"], ""),
        (&["parameter", "list"], ""),
        (&["--json", "parameter", "list"], ""),
    ] {
        let ended = house.run_with_input(arguments, input);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(
            !ended.out.contains("hunter2") && !ended.err.contains("hunter2"),
            "{ended:?}"
        );
    }
    let short = house.run_with_input(
        &[
            "user",
            "add",
            "--email",
            "a@b.example",
            "--name",
            "A",
            "--role",
            "requester",
            "--password-stdin",
        ],
        "hunter2\n",
    );
    assert_eq!(short.code, Some(1));
    assert!(
        short.err.contains("at least 8 characters") && !short.err.contains("hunter2"),
        "{short:?}"
    );
}

#[test]
fn whoever_is_locked_out_is_let_in_again() {
    let house = House::new();
    let email = ["--email", "ana@example.com"];
    let add = ["user", "add", "--name", "Ana", "--role", "administrator"];
    assert_eq!(house.run(&[&add[..], &email].concat()).code, Some(0));
    let user = |command: &'static str| [&["user", command][..], &email].concat();
    let short = house.run_with_input(&user("password"), "hunter2\n");
    assert_eq!(short.code, Some(1), "{short:?}");
    assert!(short.err.contains("at least 8 characters"), "{short:?}");
    let set = house.run_with_input(&user("password"), "hunter2 0123\n");
    assert_eq!(
        (set.code, set.out.as_str()),
        (Some(0), "ana@example.com has a new password\n")
    );
    let last = house.run(&user("disable"));
    assert!(
        last.code == Some(1) && last.err.contains("last active administrator"),
        "{last:?}"
    );
    let second = [
        "user",
        "add",
        "--email",
        "eva@example.com",
        "--name",
        "Eva",
        "--role",
        "administrator",
    ];
    assert_eq!(house.run(&second).code, Some(0));
    assert_eq!(house.run(&user("disable")).out, "ana@example.com is disabled\n");
    let listed = house.run(&["user", "list", "--role", "administrator"]).out;
    let rows: Vec<Vec<_>> = listed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[1..],
        [
            vec!["ana@example.com", "administrator", "disabled", "set", "Ana"],
            vec!["eva@example.com", "administrator", "active", "Eva"],
        ]
    );
    assert_eq!(house.run(&user("enable")).out, "ana@example.com is active\n");
    let unknown = house.run(&["user", "enable", "--email", "zoe@example.com"]);
    assert!(
        unknown.code == Some(1) && unknown.err.contains("zoe@example.com"),
        "{unknown:?}"
    );
}

#[test]
fn a_parameter_is_set_read_and_unset() {
    let house = House::new();
    assert_eq!(house.run(&["parameter", "set", "297", "Sí"]).code, Some(0));
    assert_eq!(house.run(&["parameter", "get", "297"]).out, "Y\n");
    assert_eq!(house.run(&["parameter", "set", "297", "--unset"]).code, Some(0));
    assert_eq!(house.run(&["parameter", "get", "297"]).out, "N\n");
    let pointing_nowhere = house.run(&["parameter", "set", "417", "9"]);
    assert_eq!(pointing_nowhere.code, Some(0));
    assert!(
        pointing_nowhere.err.contains("template 9 does not exist"),
        "{pointing_nowhere:?}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&house.run(&["--json", "parameter", "get", "417"]).out).unwrap();
    assert_eq!(
        (json["number"].as_u64(), json["value"].as_str()),
        (Some(417), Some("9"))
    );
}

#[test]
fn a_template_is_checked_with_every_fault_at_its_place() {
    let house = House::new();
    house.write(
        "bad.html",
        "<p>${COMENTTEXT}</p>\n<p>$ {USERNAME} ${IDSERVICEREQUEST</p>\n",
    );
    let check = house.run(&["template", "check", "bad.html"]);
    assert_eq!(check.code, Some(1));
    let lines: Vec<_> = check.out.lines().collect();
    assert!(
        lines[0].starts_with("bad.html:1:4: error: ") && lines[0].contains("${COMMENTTEXT}"),
        "{check:?}"
    );
    assert!(lines[1].starts_with("bad.html:2:4: error: "), "{check:?}");
    assert_eq!(lines.len(), 3, "{check:?}");
    let put = house.run(&["template", "put", "1", "--subject", "x", "--html", "bad.html"]);
    assert_eq!((put.code, put.out.as_str()), (Some(1), check.out.as_str()));
    assert_eq!(house.run(&["template", "list"]).out, "");

    house.write("good.html", "<p>\\${COMMENTTEXT}</p>");
    assert_eq!(house.run(&["template", "check", "good.html"]).code, Some(0));
    assert_eq!(
        house
            .run(&["template", "put", "1", "--subject", "x", "--html", "good.html"])
            .code,
        Some(0)
    );
    let preview = house.run(&["template", "preview", "1", "--comment", "{{7*7}} <b>"]);
    assert!(preview.out.contains("<p>{{7*7}} &lt;b&gt;</p>"), "{preview:?}");
}

#[test]
fn the_doctor_says_what_to_do() {
    let house = House::new();
    let doctor = house.run(&["doctor"]);
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.out.contains("parameter 417 is not set"), "{doctor:?}");
    assert!(doctor.out.contains("recado parameter set 417"), "{doctor:?}");
    assert!(!doctor.out.contains('\u{1b}'), "no colours but on a terminal");

    house.write(
        "recado.toml",
        "[mail]\ntransport = \"file\"\n[parameters]\n10 = \"desk@example.com\"\n417 = \"1\"\n",
    );
    house.write("good.html", "${COMMENTTEXT}");
    assert_eq!(
        house
            .run(&["template", "put", "1", "--subject", "x", "--html", "good.html"])
            .code,
        Some(0)
    );
    let well = house.run(&["--json", "doctor"]);
    assert_eq!(well.code, Some(0), "{well:?}");
    let json: serde_json::Value = serde_json::from_str(&well.out).unwrap();
    assert!(
        json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|finding| finding["verdict"] == "good"),
        "{json:#}"
    );
}

#[test]
fn the_doctor_looks_at_the_way_back() {
    let house = House::new();
    let findings = |settings: &str| -> String {
        house.write(
            "recado.toml",
            &format!("[mail]\ntransport = \"file\"\n[parameters]\n10 = \"desk@example.com\"\n200 = \"Y\"\n{settings}"),
        );
        let doctor = house.run(&["doctor"]);
        assert_eq!(doctor.code, Some(1), "{doctor:?}");
        doctor.out
    };
    let incomplete = findings("");
    for expected in [
        "fault    mailbox: parameter 23 (inbox server) is not set",
        "warning  senders: nobody's word about them counts",
        "authentication_servers",
    ] {
        assert!(
            incomplete.contains(expected),
            "{expected:?} is not in\n{incomplete}"
        );
    }
    // A port that was free a moment ago: nobody answers there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let away = findings(&format!(
        "23 = \"127.0.0.1\"\n24 = \"desk\"\n25 = \"hunter2\"\n27 = \"{port}\"\n"
    ));
    assert!(
        away.contains("fault    mailbox: ") && away.contains(&port.to_string()),
        "{away}"
    );
    assert!(!away.contains("hunter2"), "{away}");
}

#[test]
fn descriptions_need_no_database() {
    let house = House::new();
    let openapi: serde_json::Value = serde_json::from_str(&house.run(&["openapi"]).out).unwrap();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3."));
    assert!(house.run(&["completions", "bash"]).out.contains("recado"));
    assert!(!house.path().join("var").exists());
}
