//! The daemon: one to a SQLite file, an orderly end, and a restored database that sends nothing by itself.

use std::fs;

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
