//! The forms of calling and answering.

use crate::support::Sandbox;

#[test]
fn json_is_exactly_one_document() {
    let place = Sandbox::new();
    let version = place.json(&["version"]);
    assert_eq!(version["protocol"], 1);
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(place.json(&["journal", "list"]), serde_json::json!([]));
}

#[test]
fn a_failure_with_json_is_a_document_too() {
    let place = Sandbox::new();
    let said = place.sf(&["config", "get", "nope", "--json"]);
    assert_eq!(said.status, 1);
    assert_eq!(said.json()["error"]["code"], "not_found");
    assert!(said.stderr.contains("nope"));
}

#[test]
fn settings_are_kept_and_say_where_they_come_from() {
    let place = Sandbox::new();
    assert_eq!(place.json(&["config", "set", "ssh.program", "/opt/ssh"])["value"], "/opt/ssh");
    let row = place.json(&["config", "get", "ssh.program"]);
    assert_eq!(row["value"], "/opt/ssh");
    assert!(row["origin"].as_str().expect("text").ends_with("config.toml"));
    assert_eq!(place.json(&["config", "get", "jobs"])["origin"], "default");
    let said = place.sf(&["config", "set", "jobs", "many"]);
    assert_eq!(said.status, 2, "{said:?}");
}

#[test]
fn everything_lies_below_the_home_that_was_named() {
    let place = Sandbox::new();
    let other = place.path().join("other");
    let said = place.sf(&["--home", other.to_str().expect("text"), "repo", "add", "core", "/srv/core.git"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(other.join("state.db").exists());
    assert!(!place.sf_home().join("state.db").exists());
    assert_eq!(std::fs::read_dir(place.home()).expect("home").count(), 0, "nothing in $HOME");
}

#[test]
fn files_are_private() {
    use std::os::unix::fs::MetadataExt;
    let place = Sandbox::new();
    assert_eq!(place.sf(&["repo", "add", "core", "/srv/core.git"]).status, 0);
    let mut todo = vec![place.sf_home()];
    while let Some(path) = todo.pop() {
        let meta = std::fs::metadata(&path).expect("there");
        assert_eq!(meta.mode() & 0o077, 0, "{}", path.display());
        if meta.is_dir() {
            todo.extend(std::fs::read_dir(&path).expect("ours").map(|e| e.expect("an entry").path()));
        }
    }
}

#[test]
fn without_a_terminal_the_cockpit_points_at_batch() {
    let place = Sandbox::new();
    let said = place.sf(&[]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("--batch"), "{said:?}");
}

#[test]
fn help_completions_and_manual_come_from_one_grammar() {
    let place = Sandbox::new();
    let help = place.sf(&["--help"]);
    assert_eq!(help.status, 0);
    for word in ["sync", "session", "capture", "host"] {
        assert!(help.stdout.contains(word), "{word}");
        for shell in ["bash", "zsh", "fish"] {
            assert!(place.sf(&["completions", shell]).stdout.contains(word), "{shell} {word}");
        }
    }
    let dir = place.path().join("man");
    let pages = place.json(&["man", dir.to_str().expect("text")]);
    let pages = pages["pages"].as_array().expect("pages");
    assert!(pages.iter().any(|p| p == "sf-session-start.1"), "{pages:?}");
    assert!(std::fs::read_to_string(dir.join("sf-sync.1")).expect("a page").contains("sync"));
}
