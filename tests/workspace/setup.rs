//! What new worktrees get: submodules, files, a command that was agreed to.

use std::fs;

use serde_json::json;

use crate::support::Sandbox;
use crate::support::git::{Upstream, commit, git};

fn place() -> (Sandbox, Upstream) {
    let place = Sandbox::new();
    let up = Upstream::new(&place.path().join("up"), "core");
    let url = format!("file://{}", up.bare.display());
    let _ = place.json(&["repo", "add", "core", &url, "--base", "main"]);
    let _ = place.json(&["feature", "new", "pay"]);
    let _ = place.json(&["attach", "pay", "core"]);
    (place, up)
}

fn row(report: &serde_json::Value) -> &serde_json::Value {
    let report = if report["result"].is_null() { report } else { &report["result"] };
    &report["features"][0]["hosts"][0]["repos"][0]
}

#[test]
fn a_command_runs_once_and_only_when_it_was_agreed_to() {
    let (place, _up) = place();
    let command = "pwd >>../ran; test -e ../ready";
    let said = place.sf(&["repo", "set", "core", "--setup", command, "--json"]);
    assert_eq!((said.status, &said.json()["error"]["code"]), (4, &json!("needs_consent")), "{said:?}");
    let _ = place.json(&["repo", "set", "core", "--setup", command, "--yes"]);
    let said = place.sf(&["sync", "pay", "--json"]);
    assert_eq!(said.status, 1, "it fails: {said:?}");
    let report = said.json();
    assert_eq!(
        (&row(&report)["error"]["code"], &row(&report)["branch"]),
        (&json!("tool"), &json!("created")),
        "{report}"
    );
    assert!(row(&report)["error"].to_string().contains("status 1"), "{report}");
    let above = place.home().join("features/pay");
    assert!(above.join("core/README").exists(), "the worktree is there all the same");
    fs::write(above.join("ready"), "").expect("written");
    let _ = place.json(&["sync", "pay"]);
    let again = place.json(&["sync", "pay"]);
    assert_eq!(row(&again)["worktree"], "unchanged");
    let ran = fs::read_to_string(above.join("ran")).expect("it ran");
    assert_eq!(ran.lines().count(), 2, "again until it succeeded, and then no more: {ran}");
    assert!(ran.lines().all(|line| line.ends_with("features/pay/core")), "{ran}");
    // Somebody else's bundle brings no command along.
    let file = place.path().join("bundle.json");
    let _ = place.json(&["state", "export", file.to_str().expect("text")]);
    let other = Sandbox::new();
    let said = other.sf(&["state", "import", file.to_str().expect("text")]);
    assert!(said.stderr.contains("not taken: the set-up command of `core`"), "{said:?}");
    assert_eq!(other.json(&["repo", "list"])[0]["options"]["setup"], json!(null));
}

#[test]
fn files_are_copied_and_linked_and_never_written_over() {
    let (place, up) = place();
    up.push("kept", "theirs", "main");
    fs::create_dir(place.home().join("env")).expect("made");
    for name in ["core.env", "shared", "kept"] {
        fs::write(place.home().join("env").join(name), name).expect("written");
    }
    let _ = place.json(&[
        "repo",
        "set",
        "core",
        "--copy",
        "~/env/core.env:.env",
        "--copy",
        "env/kept",
        "--link",
        "env/shared:deep/shared",
    ]);
    let _ = place.json(&["sync", "pay"]);
    let tree = place.home().join("features/pay/core");
    assert_eq!(fs::read_to_string(tree.join(".env")).expect("copied"), "core.env");
    assert_eq!(fs::read_link(tree.join("deep/shared")).expect("a link"), place.home().join("env/shared"));
    assert_eq!(fs::read_to_string(tree.join("kept")).expect("there"), "theirs");
    for bad in ["x:../y", "x:/y", ""] {
        assert_eq!(place.sf(&["repo", "set", "core", "--copy", bad]).status, 2, "{bad:?}");
    }
    assert_eq!(place.sf(&["repo", "set", "core"]).status, 2, "nothing is said");
}

#[test]
fn clones_can_be_partial_or_borrow() {
    let (place, up) = place();
    let near = place.home().join("near.git");
    git(place.path(), &["clone", "-q", "--bare", &up.url(), near.to_str().expect("text")]);
    git(&up.bare, &["config", "uploadpack.allowFilter", "true"]);
    let _ = place.json(&["repo", "set", "core", "--filter", "blob:none", "--reference", "near.git"]);
    let _ = place.json(&["sync", "pay"]);
    let anchor = place.home().join("repo-cache/core.anchor");
    assert_eq!(git(&anchor, &["config", "remote.origin.partialclonefilter"]), "blob:none");
    assert!(!anchor.join("objects/info/alternates").exists(), "what was borrowed was copied");
    fs::remove_dir_all(&near).expect("removed");
    assert_eq!(row(&place.json(&["sync", "pay"]))["worktree"], "unchanged");
    assert_eq!(place.sf(&["repo", "set", "core", "--filter", "--upload-pack=x"]).status, 2);
}

#[test]
fn submodules_are_told_and_checked_out_when_wanted() {
    let (place, up) = place();
    let inner = Upstream::new(&place.path().join("up"), "inner");
    fs::write(place.home().join(".gitconfig"), "[protocol \"file\"]\n\tallow = always\n").expect("written");
    git(&up.work, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &inner.url(), "sub"]);
    fs::write(up.work.join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n")
        .expect("written");
    git(&up.work, &["add", "-A"]);
    up.push("more", "1", "main");
    let report = place.json(&["sync", "pay"]);
    let notes = row(&report)["notes"].to_string();
    assert!(notes.contains("1 submodule is not checked out"), "{report}");
    let lfs = place.sh("git lfs version >/dev/null 2>&1 && echo there || echo missing");
    assert_eq!(notes.contains("git-lfs"), lfs == "missing\n", "{report}");
    let _ = place.json(&["repo", "set", "core", "--submodules"]);
    let _ = place.json(&["feature", "new", "other"]);
    let _ = place.json(&["attach", "other", "core"]);
    let report = place.json(&["sync", "other"]);
    assert!(!row(&report)["notes"].to_string().contains("submodule"), "{report}");
    let sub = place.home().join("features/other/core/sub");
    assert!(sub.join("README").exists());
    // Work inside of it is work.
    commit(&sub, "mine", "1");
    let said = place.sf(&["feature", "destroy", "other", "--yes", "--json"]);
    assert_eq!(said.status, 4, "{said:?}");
    assert!(said.stdout.contains("\"sub\""), "{said:?}");
}
