//! `recado demo --once`: the main job, with nothing else installed.

use crate::house::House;

#[test]
fn the_mail_arrives_with_all_six_keys_filled_in() {
    let house = House::new();
    let demo = house.run(&["demo", "--once", "--port", "0"]);
    assert_eq!(demo.code, Some(0), "{demo:?}");
    let lines: Vec<_> = demo.out.lines().collect();
    let marks: Vec<_> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.starts_with("--- mail"))
        .map(|(index, _)| index)
        .collect();
    assert_eq!(marks.len(), 2, "{}", demo.out);
    let mail = lines[marks[0]..marks[1]].join("\n");
    for expected in [
        "Subject: Nuevo mensaje de Ana Peña [#4711]",
        "To: Tomás Técnico <tomas@demo.example>",
        "La impresora del segundo piso se atasca otra vez.\nSolo con la bandeja 2; la 1 funciona.",
        "se atasca otra vez.<br>Solo con",
        "Solicitante: Ana Peña",
        "Responsable: Tomás Técnico",
        "Solicitud: 4711",
    ] {
        assert!(mail.contains(expected), "{expected:?} is not in\n{mail}");
    }
    assert!(!mail.contains("${"), "{mail}");
    assert!(mail.contains("Reply-To: "), "{mail}");
    let after = lines[marks[1] + 1..].join("\n");
    for expected in [
        "Tomás Técnico answers in a mail program",
        "a comment on ticket 4711",
        "Ya la miro: cambio el rodillo",
    ] {
        assert!(after.contains(expected), "{expected:?} is not in\n{after}");
    }
    assert!(!after.contains("se atasca"), "the quote is set aside: {after}");
    assert_eq!(demo.err, "");
    assert!(
        house.path().read_dir().unwrap().next().is_none(),
        "nothing is left behind"
    );
}

#[test]
fn the_data_is_kept_where_it_is_asked_for_and_used_again() {
    let house = House::new();
    for _ in 0..2 {
        let demo = house.run(&["demo", "--once", "--port", "0", "--keep", "kept"]);
        assert_eq!(demo.code, Some(0), "{demo:?}");
    }
    assert!(house.path().join("kept/recado.db").exists());
}
