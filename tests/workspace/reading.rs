//! Looking into worktrees and working in them: commits, a shell, an editor.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::git::{Upstream, commit, git};
use crate::support::{Sandbox, wait_for};

fn place() -> (Sandbox, Upstream) {
    let sandbox = Sandbox::new();
    let up = Upstream::new(&sandbox.path().join("up"), "core");
    let _ = sandbox.json(&["repo", "add", "core", &up.url(), "--base", "main"]);
    let _ = sandbox.json(&["feature", "new", "pay"]);
    let _ = sandbox.json(&["attach", "pay", "core"]);
    let _ = sandbox.json(&["sync", "pay"]);
    (sandbox, up)
}

#[test]
fn commits_say_whose_they_are_and_whether_they_are_pushed() {
    let (sandbox, _up) = place();
    let tree = sandbox.home().join("features/pay/core");
    commit(&tree, "a", "1\n2\n");
    git(&tree, &["push", "-q", "origin", "HEAD:refs/heads/feat/pay"]);
    commit(&tree, "a", "1\n");
    let log = sandbox.json(&["worktree", "log", "pay", "core"]);
    assert_eq!(
        (&log["branch"], &log["base"], &log["more"]),
        (&json!("feat/pay"), &json!("main"), &json!(false))
    );
    let of = |n: usize, key: &str| log["commits"][n][key].clone();
    assert_eq!(log["commits"].as_array().map(Vec::len), Some(3), "{log}");
    assert_eq!([of(0, "own"), of(0, "pushed"), of(0, "deleted")], [json!(true), json!(false), json!(1)]);
    assert_eq!([of(1, "own"), of(1, "pushed"), of(1, "added")], [json!(true), json!(true), json!(2)]);
    assert_eq!([of(2, "own"), of(2, "pushed"), of(2, "author")], [json!(false), json!(true), json!("Dev")]);
    let short = sandbox.json(&["worktree", "log", "pay", "core", "--limit", "1"]);
    assert_eq!((short["commits"].as_array().map(Vec::len), &short["more"]), (Some(1), &json!(true)));
    assert_eq!(sandbox.sf(&["worktree", "log", "pay", "web"]).status, 1, "there is none");
    fs::remove_dir_all(&tree).expect("removed");
    let said = sandbox.sf(&["worktree", "log", "pay", "core", "--json"]);
    assert_eq!((said.status, &said.json()["error"]["code"]), (1, &json!("not_found")), "{said:?}");
}

#[test]
fn a_shell_and_the_editor_of_ones_own_open_in_the_worktree() {
    let (mut sandbox, _up) = place();
    let tree = sandbox.home().join("features/pay/core");
    let editor = sandbox.path().join("my editor");
    fs::write(&editor, "#!/bin/sh\necho \"$1 $2 in $(pwd)\" >\"$HOME/edited\"\n").expect("written");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("ours");
    // Through a link without a blank, because what the variable holds are words.
    std::os::unix::fs::symlink(&editor, sandbox.path().join("ed")).expect("made");
    sandbox.set("EDITOR", format!("{} --wait", sandbox.path().join("ed").display()));
    let _ = sandbox.json(&["worktree", "edit", "pay", "core"]);
    let said = wait_for("the editor", || {
        fs::read_to_string(sandbox.home().join("edited")).ok().filter(|s| s.ends_with('\n'))
    });
    assert_eq!(said, format!("--wait . in {}\n", tree.display()));
    let shell = sandbox.json(&["worktree", "shell", "pay", "core"]);
    let id = shell["id"].as_str().expect("an id");
    let _ = sandbox.json(&["session", "send", id, "pwd >$HOME/where", "--enter", "--force"]);
    let said = wait_for("the shell", || {
        fs::read_to_string(sandbox.home().join("where")).ok().filter(|s| s.ends_with('\n'))
    });
    assert_eq!(said, format!("{}\n", tree.display()));
    assert_eq!(sandbox.json(&["session", "show", id])["repo"], "core");
}
