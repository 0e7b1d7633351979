//! The daemon: one to a SQLite file, an orderly end, and a restored database that sends nothing by itself.

use std::fs;

use recado_test_support::servers::postgres::Postgres;

use crate::house::House;

#[test]
fn sigterm_ends_the_daemon_with_0_and_a_second_daemon_is_refused_until_then() {
    let house = House::new();
    let daemon = house.serve();
    let second = house.run(&["serve"]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains("another daemon"), "{second:?}");
    assert_eq!(
        house.run(&["parameter", "set", "417", "1"]).code,
        Some(0),
        "commands work beside a daemon"
    );
    let (code, log) = daemon.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");
    let (code, _) = house.serve().terminate();
    assert_eq!(code, Some(0));
}

#[test]
fn a_restored_database_is_held_until_an_operator_releases_it() {
    let house = House::new();
    house.write(
        "recado.toml",
        "[mail]\ntransport = \"file\"\n[parameters]\n10 = \"desk@example.com\"\n",
    );
    assert_eq!(house.serve().terminate().0, Some(0));
    let (database, backup) = (house.path().join("var/recado.db"), house.path().join("backup.db"));
    fs::copy(&database, &backup).unwrap();
    assert_eq!(house.serve().terminate().0, Some(0));
    assert!(
        house.run(&["channel", "list"]).out.contains("open"),
        "a restart is no restore"
    );

    for suffix in ["-wal", "-shm"] {
        // Not there when the last connection cleaned up.
        drop(fs::remove_file(
            house.path().join(format!("var/recado.db{suffix}")),
        ));
    }
    fs::copy(&backup, &database).unwrap();
    let (code, log) = house.serve().terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("restored"), "{log}");
    let listed = house.run(&["channel", "list"]);
    assert!(
        listed.out.contains("held") && listed.out.contains("restored"),
        "{listed:?}"
    );

    assert_eq!(house.run(&["channel", "release", "0"]).code, Some(0));
    assert_eq!(house.serve().terminate().0, Some(0));
    assert!(
        !house.run(&["channel", "list"]).out.contains("held"),
        "a released channel stays released"
    );
}

#[test]
fn an_address_in_use_is_named() {
    let house = House::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = crate::house::ended(house.recado(["serve"]).env("RECADO_HTTP__LISTEN", &address));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("http.listen") && ended.err.contains(&address),
        "{ended:?}"
    );
}

#[test]
fn daemons_of_one_postgresql_share_a_secret_and_rotate_it_together() {
    let Some(postgres) = Postgres::for_this_test() else {
        return;
    };
    let (one, other) = (House::new(), House::new());
    let url = postgres.database("shared_secret");
    let (first, second) = ("1".repeat(40), "2".repeat(40));
    for house in [&one, &other] {
        house.write(
            "recado.toml",
            &format!("[database]\nurl = {url:?}\n[security]\nsecret_file = \"secret\"\n"),
        );
    }
    one.write("secret", &first);
    other.write("secret", &second);
    let daemon = one.serve();
    let refused = other.run(&["serve"]);
    assert_eq!(refused.code, Some(78), "{refused:?}");
    assert!(refused.err.contains("security.secret_file"), "{refused:?}");

    other.write("secret", &format!("{second}\n{first}\n"));
    assert_eq!(other.serve().terminate().0, Some(0), "it still accepts the first");
    assert_eq!(daemon.terminate().0, Some(0));
    let left_behind = one.run(&["serve"]);
    assert_eq!(left_behind.code, Some(78), "{left_behind:?}");
    other.write("secret", &second);
    assert_eq!(other.serve().terminate().0, Some(0), "the rotation is complete");
}
