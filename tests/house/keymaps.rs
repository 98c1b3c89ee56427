//! Keymaps: every row means something, no chord twice, nothing begins something else.

use std::path::Path;

use session_forge::cockpit::keys::Keys;
use session_forge::config::Keymap;
use session_forge::config::embed::Folder;

#[test]
fn every_row_of_every_keymap_is_understood() {
    let names = Folder::Keymaps.names();
    assert!(names.contains(&"default") && names.contains(&"vim"), "{names:?}");
    for name in names {
        let (map, mut notices) = Keymap::load(name, Path::new("/nonexistent/keymap.toml"));
        let keys = Keys::new(&map, &mut notices);
        assert!(notices.is_empty(), "{name}: {notices:?}");
        assert_eq!(keys.bindings().len(), map.rows.len());
    }
}

#[test]
fn a_row_that_means_nothing_says_file_and_key() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("keymap.toml");
    std::fs::write(
        &path,
        "[global]\nt = \"snyc {feature}\"\nu = \"sync --no-such-option\"\nv = \"sync {x}\"\n",
    )
    .expect("written");
    let (map, mut notices) = Keymap::load("default", &path);
    let before = notices.len();
    Keys::new(&map, &mut notices);
    let said: Vec<String> = notices[before..].iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("keymap.toml") && said[0].contains("global.t"), "{said:?}");
    assert!(said[0].contains("`sync`"), "the nearest name is offered: {said:?}");
    assert!(said[1].contains("--no-such-option"), "{said:?}");
}

#[test]
fn a_keymap_that_is_no_toml_is_a_notice() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("keymap.toml");
    std::fs::write(&path, "[global\n").expect("written");
    let (map, notices) = Keymap::load("default", &path);
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(!map.rows.is_empty());
    let (_, notices) = Keymap::load("no-such-map", Path::new("/nonexistent/keymap.toml"));
    assert!(notices[0].to_string().contains("vim"), "those that there are: {notices:?}");
}
