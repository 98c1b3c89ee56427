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
        "[global]\nt = \"snyc {feature}\"\nu = \"sync --no-such-option\"\nw = \"sync {x}\"\n",
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

#[test]
fn the_keys_in_the_readme_are_those_of_the_keymap() {
    let keymap = std::fs::read_to_string(super::root().join("keymaps/default.toml")).expect("the keymap");
    let readme = std::fs::read_to_string(super::root().join("README.md")).expect("README.md");
    let (_, table) = readme.split_once("| key | command |").expect("the table of keys");
    let mut rows = 0;
    for row in table.lines().skip(2).take_while(|l| l.starts_with('|')) {
        let words: Vec<&str> = row.split('`').collect();
        let wanted = format!("\"{}\" = \"{}\"", words[1], words[3]);
        assert!(keymap.lines().any(|l| l == wanted), "README.md says {wanted}, the keymap does not");
        rows += 1;
    }
    assert!(rows > 5, "the table of keys was not found");
}
