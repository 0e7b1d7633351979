//! A wrong configuration refuses to start with exit code 78, and one line that names the key.

use crate::house::{House, ended};

#[test]
fn a_wrong_file_is_refused_by_its_key() {
    for (text, key) in [
        ("[http]\nport = 1\n", "http.port"),
        ("[smtp]\nhost = \"x\"\n", "smtp"),
        ("[database]\nurl = \"mysql://x\"\n", "database.url"),
        (
            "[database]\nurl = \"postgres://db/recado\"\n",
            "security.secret_file",
        ),
        (
            "[database]\nurl = \"postgres://db/recado\"\n[security]\nsecret_file = \"gone\"\n",
            "security.secret_file",
        ),
        ("[mail]\nverp = \"often\"\n", "mail.verp"),
        (
            "[parameters]\n13 = { env = \"SMTP_PASSWORD\" }\n",
            "SMTP_PASSWORD",
        ),
        ("[inbound]\nlmtp = \"8424\"\n", "inbound.lmtp"),
        ("[http\n", "recado.toml:1"),
    ] {
        let house = House::new();
        house.write("recado.toml", text);
        let ended = house.run(&["serve"]);
        assert_eq!(ended.code, Some(78), "{text:?}: {ended:?}");
        assert!(
            ended.err.starts_with("recado: configuration: ") && ended.err.contains(key),
            "{ended:?}"
        );
        assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
        assert_eq!(ended.out, "");
    }
}

#[test]
fn a_wrong_variable_is_refused_by_its_name() {
    let house = House::new();
    for (name, value) in [
        ("RECADO_HTTP__LISTEN", "here"),
        ("RECADO_HTTPS__LISTEN", "127.0.0.1:1"),
        ("RECADO_HTTP__LISTENS", "127.0.0.1:1"),
        ("RECADO_PARAMETERS__15", "x"),
        ("RECADO_PARAMETERS__269", "0"),
    ] {
        let ended = ended(house.recado(["migrate"]).env(name, value));
        assert_eq!(ended.code, Some(78), "{name}: {ended:?}");
        assert!(ended.err.contains(name), "{ended:?}");
    }
}

#[test]
fn the_named_file_counts_and_must_be_there() {
    let house = House::new();
    house.write("recado.toml", "[http]\nport = 1\n");
    house.write("other.toml", "[database]\nurl = \"sqlite://other.db\"\n");
    assert_eq!(house.run(&["migrate", "--config", "other.toml"]).code, Some(0));
    assert!(house.path().join("other.db").exists());
    assert_eq!(
        ended(house.recado(["migrate"]).env("RECADO_CONFIG", "other.toml")).code,
        Some(0)
    );
    let missing = house.run(&["--config", "gone.toml", "migrate"]);
    assert_eq!(missing.code, Some(78));
    assert!(missing.err.contains("gone.toml"), "{missing:?}");
}

#[test]
fn a_pinned_parameter_keeps_its_noughts_and_cannot_be_set() {
    let house = House::new();
    let ended = ended(
        house
            .recado(["parameter", "get", "12"])
            .env("RECADO_PARAMETERS__12", "0123"),
    );
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "0123\n"));
    house.write("recado.toml", "[parameters]\n14 = \"smtp.example.org\"\n");
    let refused = house.run(&["parameter", "set", "14", "other.example.org"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("parameter 14 (SMTP server) is pinned"),
        "{refused:?}"
    );
}

#[test]
fn no_secret_is_printed_whatever_goes_wrong() {
    let house = House::new();
    house.write("secret", &"s".repeat(40));
    house.write(
        "recado.toml",
        "[database]\nurl = \"postgres://u:hunter2@127.0.0.1:1/x\"\n[security]\nsecret_file = \"secret\"\n\
         [parameters]\n13 = \"hunter2\"\n",
    );
    for arguments in [["serve", "-vvv"], ["doctor", "-vvv"], ["migrate", "-vvv"]] {
        let ended = house.run(&arguments);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            !ended.err.contains("hunter2") && !ended.out.contains("hunter2"),
            "{ended:?}"
        );
    }
}
