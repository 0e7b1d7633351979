//! The configuration as an operator meets it: defaults, both sources, and faults that name their key.

use std::path::PathBuf;
use std::time::Duration;

use recado_app::settings::WayBack;
use recado_domain::incoming::OpenTickets;
use recado_domain::ledger::Via;
use recado_domain::locale::Locale;
use recado_domain::parameter::Parameter;
use recado_domain::person::EmailAddress;

use super::*;

fn environment(variables: &[(&str, &str)]) -> Sources {
    let environment = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Sources {
        file: None,
        environment,
    }
}

/// A file of this text, in a directory that lives as long as the guard.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("recado.toml");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Configuration, ConfigurationFault> {
    let (_directory, path) = file(text);
    Configuration::load(&Sources {
        file: Some(path),
        ..environment(variables)
    })
}

/// The whole line that an operator reads.
fn fault(text: &str, variables: &[(&str, &str)]) -> String {
    let fault = load(text, variables).expect_err("the configuration is faulty");
    format!("{:#}", anyhow::Error::from(fault))
}

#[test]
fn without_anything_the_defaults_serve_a_local_trial() {
    let configuration = Configuration::load(&environment(&[])).unwrap();
    assert_eq!(configuration.database.url(), "sqlite://var/recado.db");
    assert_eq!(configuration.http.listen, "127.0.0.1:8417");
    assert_eq!(configuration.secret_file, PathBuf::from("var/secret"));
    assert_eq!(configuration.workers, 2);
    assert_eq!(configuration.messaging.locale, Locale::Es);
    assert_eq!(configuration.delivery.lease, Duration::from_mins(1));
}

#[test]
fn the_documented_example_is_accepted() {
    let text = r#"
        [database]
        url = "postgres://desk:pw@db.example.org/recado?sslmode=verify-full"
        ca_file = "/etc/ssl/private-ca.pem"
        [http]
        listen = "0.0.0.0:8417"
        public_url = "https://desk.example.org"
        [security]
        secret_file = "/run/secrets/recado"
        [mail]
        transport = "smtp"
        time_zone = "America/Sao_Paulo"
        locale = "pt"
        ehlo_name = "desk.example.org"
        connections = 4
        per_minute = 30
        per_day = 2000
        verp = true
        [desk]
        address = "desk@example.org"
        name = "Mesa de ayuda"
        [parameters]
        14 = "smtp.example.org"
        269 = 587
        13 = { env = "SMTP_PASSWORD" }
        [delivery]
        workers = 3
        batch = 10
        lease = "90s"
        shutdown = "5s"
        hold = "30s"
        expire = "2d"
        breaker_max = "30s"
        schedule = ["1m", "5m"]
        keep_messages = "7d"
        [inbound]
        lmtp = "127.0.0.1:8424"
        poll = "30s"
        plus_address = false
        authentication_servers = ["MX.example.org", "mx2.example.org"]
        exchange = ["imap"]
        open_tickets = "anyone"
        monitoring = ["Nagios@example.org"]
        reopen = "7d"
        token_age = "90d"
        keep_raw = "30d"
        tls_name = "imap.example.org"
        ca_file = "/etc/ssl/imap-ca.pem"
        [limits]
        requests_per_minute = 600
        body = "40MiB"
        mail = "25MiB"
        [log]
        format = "json"
        level = "info,recado_app=debug"
    "#;
    let configuration = load(text, &[("SMTP_PASSWORD", "0123")]).unwrap();
    assert_eq!(configuration.workers, 3);
    assert_eq!(
        configuration.pins.set_value(Parameter::SmtpPassword),
        Some("0123")
    );
    assert_eq!(configuration.pins.set_value(Parameter::SmtpPort), Some("587"));
    assert_eq!(configuration.delivery.schedule.delay(2), Duration::from_mins(5));
    assert_eq!(configuration.messaging.hold, Duration::from_secs(30));
    assert_eq!(configuration.messaging.public_host, "desk.example.org");
    assert_eq!(configuration.limits.requests_per_minute.map(u32::from), Some(600));
    let inbound = &configuration.inbound;
    assert_eq!(inbound.lmtp.as_deref(), Some("127.0.0.1:8424"));
    assert_eq!(inbound.poll, Duration::from_secs(30));
    assert_eq!(inbound.tls_name.as_deref(), Some("imap.example.org"));
    let way_back = WayBack {
        lmtp: true,
        plus_address: false,
        verp: true,
    };
    assert_eq!(configuration.messaging.way_back, way_back);
    assert_eq!(configuration.delivery.way_back, way_back);
    let policy = &configuration.incoming.policy;
    assert_eq!(
        policy.trust.servers,
        ["mx.example.org", "mx2.example.org"],
        "servers are compared in lower case"
    );
    assert_eq!(policy.trust.exchange, [Via::Imap]);
    assert_eq!(policy.open_tickets, OpenTickets::Anyone);
    assert_eq!(policy.monitoring[0].as_str(), "nagios@example.org");
    assert_eq!(policy.reopen, Duration::from_hours(7 * 24));
    assert_eq!(policy.token_age, Duration::from_hours(90 * 24));
    assert_eq!(
        policy.desk.as_ref().map(EmailAddress::as_str),
        Some("desk@example.org")
    );
    assert_eq!(configuration.incoming.keep_raw, Duration::from_hours(30 * 24));
    assert_eq!(configuration.incoming.largest_mail, 25 << 20);
}

#[test]
fn without_a_key_of_it_mail_comes_in_only_where_parameter_200_says_so() {
    let configuration = load("[mail]\nca_file = \"/etc/ssl/private-ca.pem\"", &[]).unwrap();
    assert_eq!(configuration.inbound.lmtp, None);
    assert_eq!(configuration.inbound.poll, Duration::from_mins(1));
    assert_eq!(
        configuration.inbound.ca_file, configuration.mail.ca_file,
        "one authority serves both servers, unless told"
    );
    let policy = &configuration.incoming.policy;
    assert_eq!(policy.open_tickets, OpenTickets::Known);
    assert!(policy.trust.servers.is_empty() && policy.trust.exchange.is_empty());
    assert_eq!(configuration.messaging.way_back, WayBack::default());
    let piped = load("[inbound]\npipe = true", &[]).unwrap();
    assert!(
        piped.messaging.way_back.lmtp && piped.inbound.lmtp.is_none(),
        "a pipe is a way back, without anything to listen on"
    );
    assert_eq!(configuration.incoming.largest_mail, 50 << 20);
}

#[test]
fn the_environment_wins_over_the_file() {
    let text =
        "[http]\nlisten = \"127.0.0.1:1\"\n[delivery]\nschedule = [\"1m\"]\n[parameters]\n13 = \"file\"\n";
    let configuration = load(
        text,
        &[
            ("RECADO_HTTP__LISTEN", "127.0.0.1:2"),
            ("RECADO_DELIVERY__SCHEDULE", "10s, 20s"),
            ("RECADO_PARAMETERS__13", "0123"),
            ("RECADO_CONFIG", "is no key"),
            ("RECADO_BIN", "is none either"),
            ("OTHER__KEY", "is somebody else's"),
        ],
    )
    .unwrap();
    assert_eq!(configuration.http.listen, "127.0.0.1:2");
    assert_eq!(configuration.delivery.schedule.delay(9), Duration::from_secs(20));
    assert_eq!(
        configuration.pins.set_value(Parameter::SmtpPassword),
        Some("0123"),
        "a password is no number"
    );
}

#[test]
fn a_password_in_a_file_of_its_own_loses_only_its_last_line_break() {
    let (_directory, path) = file(" 0123 \r\n");
    let text = format!(
        "[parameters]\n13 = {{ file = {:?} }}\n",
        path.display().to_string()
    );
    assert_eq!(
        load(&text, &[]).unwrap().pins.set_value(Parameter::SmtpPassword),
        Some(" 0123 ")
    );
}

#[test]
fn a_fault_names_key_place_and_mend() {
    for (text, named) in [
        ("[http]\nport = 1", "http.port"),
        ("[httpd]\nport = 1", "httpd"),
        ("listen = 1", "listen"),
        ("http = 1", "http"),
        ("[http]\nlisten = 8417", "http.listen"),
        ("[http]\nlisten = [\"127.0.0.1:1\"]", "http.listen"),
        ("[http]\npublic_url = \"desk\"", "http.public_url"),
        ("[database]\nurl = \"mysql://x\"", "database.url"),
        (
            "[database]\nurl = \"postgres://db/recado\"",
            "security.secret_file",
        ),
        ("[mail]\ntransport = \"pigeon\"", "mail.transport"),
        ("[mail]\ntime_zone = \"Mars/Olympus\"", "mail.time_zone"),
        ("[mail]\nlocale = \"fr\"", "mail.locale"),
        ("[mail]\nconnections = 0", "mail.connections"),
        ("[mail]\nper_day = -1", "mail.per_day"),
        ("[mail]\nverp = \"often\"", "mail.verp"),
        ("[desk]\naddress = \"desk\"", "desk.address"),
        ("[parameters]\nhost = \"x\"", "parameters.host"),
        ("[parameters]\n15 = \"x\"", "there is no parameter 15"),
        ("[parameters]\n269 = \"70000\"", "parameter 269 (SMTP port)"),
        ("[parameters]\n13 = { env = \"NOT_SET\" }", "NOT_SET"),
        ("[parameters]\n13 = { file = \"/nowhere/x\" }", "/nowhere/x"),
        ("[parameters]\n13 = { vault = \"x\" }", "parameters.13"),
        ("[delivery]\nexpire = \"4\"", "delivery.expire"),
        ("[delivery]\nlease = \"100ms\"", "delivery.lease"),
        ("[delivery]\nschedule = []", "delivery.schedule"),
        ("[delivery]\nschedule = [\"0s\"]", "delivery.schedule"),
        ("[inbound]\nlmtp = \"8424\"", "inbound.lmtp"),
        ("[inbound]\npoll = \"0s\"", "inbound.poll"),
        ("[inbound]\nexchange = [\"pop\"]", "inbound.exchange"),
        ("[inbound]\nmonitoring = [\"nagios\"]", "inbound.monitoring"),
        (
            "[inbound]\nauthentication_servers = [\"mx 1\"]",
            "inbound.authentication_servers",
        ),
        ("[inbound]\npipe = \"on\"", "inbound.pipe"),
        ("[inbound]\nimap = \"x\"", "inbound.imap"),
        ("[limits]\nmail = \"0\"", "limits.mail"),
        ("[inbound]\nopen_tickets = \"all\"", "inbound.open_tickets"),
        ("[limits]\nbody = \"large\"", "limits.body"),
        ("[log]\nlevel = \"loud\"", "log.level"),
        ("[log]\nformat = \"xml\"", "log.format"),
        ("[http\n", "recado.toml:1:6"),
    ] {
        let line = fault(text, &[]);
        assert!(line.contains(named), "{text:?} gave {line}");
        assert!(
            line.starts_with("configuration: ") && !line.contains('\n'),
            "{line:?}"
        );
    }
}

#[test]
fn a_fault_of_the_environment_names_the_variable() {
    for (name, value) in [
        ("RECADO_HTTP__PORT", "1"),
        ("RECADO_HTTP__LISTEN", "here"),
        ("RECADO_PARAMETERS__417", "none"),
    ] {
        let line = fault("", &[(name, value)]);
        assert!(line.contains(name), "{line}");
    }
    let line = fault("", &[("RECADO_HTPP__LISTEN", "x")]);
    assert!(
        line.contains("htpp (in RECADO_HTPP__LISTEN): is no section"),
        "{line}"
    );
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let sources = Sources {
        file: Some(PathBuf::from("/nowhere/recado.toml")),
        ..environment(&[])
    };
    let fault = Configuration::load(&sources).unwrap_err();
    assert!(fault.to_string().contains("/nowhere/recado.toml"), "{fault}");
}

#[test]
fn no_secret_is_shown_in_debug_or_in_a_fault() {
    let text = "[database]\nurl = \"postgres://u:hunter2@db/x\"\n[security]\nsecret_file = \"s\"\n[parameters]\n13 = \"hunter2\"";
    assert!(!format!("{:?}", load(text, &[]).unwrap()).contains("hunter2"));
    for text in [
        "[database]\nurl = \"psql://u:hunter2@db/x\"",
        "[parameters]\n13 = \"hunter2\\nx\"",
        "[parameters]\n13 = \"hunter2",
        "[parameters]\n13 = [\"hunter2\"]",
    ] {
        let fault = load(text, &[]).unwrap_err();
        assert!(!format!("{fault:?} {fault}").contains("hunter2"), "{fault:?}");
    }
}
