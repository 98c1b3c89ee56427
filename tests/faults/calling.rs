//! Names, targets and URLs that try to be something else.

use std::fs;

use super::Four;
use crate::support::git::Upstream;

#[test]
fn names_that_try_to_escape() {
    let four = Four::new();
    let evil = [
        "../x",
        "a/../../x",
        "a b",
        "a\nb",
        "a'b",
        "a\"b",
        "$(touch pwned)",
        "`touch pwned`",
        "a;b",
        "-x",
        ".lock",
        "a.lock",
        "",
    ];
    for name in evil {
        for line in [
            vec!["feature", "new", "--", name],
            vec!["repo", "add", "--", name, "/srv/x"],
            vec!["host", "add", "--", name, "x"],
        ] {
            let said = four.place.sf(&line);
            assert_eq!(said.status, 2, "{line:?}: {said:?}");
        }
        for line in [vec!["sync", "--", name], vec!["feature", "destroy", "--yes", "--", name]] {
            assert_ne!(four.place.sf(&line).status, 0, "{line:?}");
        }
    }
    assert!(!four.place.home().join("pwned").exists());
    four.heals();
}

#[test]
fn targets_that_try_to_be_options() {
    let four = Four::new();
    let pwned = four.place.path().join("pwned");
    let option = format!("-oProxyCommand=touch${{IFS}}{}", pwned.display());
    assert_eq!(four.place.sf(&["host", "add", "x", "--", &option]).status, 2);
    for (name, target) in [("y", format!("ssh://{option}/")), ("z", format!("root@{option}"))] {
        let said = four.place.sf(&["--timeout", "5s", "host", "add", name, "--", &target]);
        assert!(said.status == 2 || said.stderr.contains("added, but"), "{said:?}");
    }
    assert!(!pwned.exists(), "no program was started");
    four.heals();
}

#[test]
fn addresses_of_repositories_that_try_to_be_commands() {
    let four = Four::new();
    for url in ["--upload-pack=touch pwned", "ext::sh -c 'touch pwned'", "fd::3", "a\nb", ""] {
        assert_eq!(four.place.sf(&["repo", "add", "x", "--", url]).status, 2, "{url:?}");
    }
    // One that is strange and right.
    let up = Upstream::new(&four.place.path().join("up/a 'b\"c $(touch pwned);"), "core");
    four.import(&four.place, &serde_json::json!([{ "name": "core", "url": up.url(), "base": "main" }]));
    four.heals();
    for host in &four.hosts {
        let names: Vec<_> =
            fs::read_dir(&host.home).expect("there").map(|e| e.expect("there").file_name()).collect();
        assert!(!names.iter().any(|name| name == "pwned"), "{names:?}");
    }
}

#[test]
fn roots_that_are_strange_are_taken_literally() {
    let four = Four::new();
    let root = four.last().home.join("a 'b\" $(touch pwned)");
    let _ = four.place.json(&["detach", "pay", "core", "--hosts", "d", "--yes"]);
    let _ = four.place.json(&["host", "remove", "d", "--yes"]);
    let _ = four.place.json(&["host", "add", "d", "d", "--root", root.to_str().expect("text")]);
    let _ = four.place.json(&["attach", "pay", "core", "--hosts", "d"]);
    assert_eq!(four.sync(&[]).status, 0);
    assert!(root.join("features/pay/core/README").exists() && !four.last().home.join("pwned").exists());
    assert_eq!(four.place.sf(&["feature", "destroy", "pay", "--yes"]).status, 0);
    assert!(!root.join("features/pay").exists());
}
