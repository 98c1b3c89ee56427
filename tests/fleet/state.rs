//! What is found on hosts, exported and imported; differences, and HAPI in the right folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::World;
use crate::support::git::{Upstream, commit, git};
use crate::support::{Said, Sandbox};

fn lines(place: &Sandbox, lines: &[&str]) {
    for line in lines {
        let _ = place.json(&line.split(' ').collect::<Vec<_>>());
    }
}

#[test]
fn what_lies_on_hosts_is_taken_in() {
    let world = World::new();
    let sshd = world.net.host("far");
    let up = Upstream::new(&world.place.path().join("up"), "core");
    let cache = sshd.home.join("repo-cache");
    fs::create_dir_all(&cache).expect("made");
    git(&cache, &["clone", "-q", &up.url(), "core.anchor"]);
    let anchor = cache.join("core.anchor");
    // One where it belongs, one below the anchor, one of no anchor at all.
    let there = sshd.home.join("features/pay/core");
    git(&anchor, &["worktree", "add", "-q", "-b", "feat/pay", there.to_str().expect("text")]);
    git(&anchor, &["worktree", "add", "-q", "-b", "feat/old", "features/old/core"]);
    git(&sshd.home, &["clone", "-q", &up.url(), "features/solo/web"]);
    lines(&world.place, &["host add far far"]);
    let dry = world.place.json(&["host", "discover", "far", "--dry-run"]);
    assert_eq!(dry["new_features"], json!(["old", "pay", "solo"]), "{dry}");
    assert_eq!(world.place.json(&["feature", "list"]), json!([]));
    let found = world.place.json(&["host", "discover"]);
    assert_eq!(
        (&found["repos"], &found["features"]),
        (&json!(["core", "web"]), &json!(["old", "pay", "solo"]))
    );
    let again = world.place.json(&["host", "discover"]);
    assert_eq!((&again["features"], &again["new_features"]), (&found["features"], &json!([])));
    let shown = world.place.json(&["feature", "show", "pay"]);
    assert_eq!((&shown["branch"], &shown["repos"][0]["hosts"]), (&json!("feat/pay"), &json!(["far"])));
    let trees = world.place.json(&["worktree", "list", "pay"]);
    assert_eq!((&trees[0]["present"], &trees[0]["branch"]), (&json!(true), &json!("feat/pay")));
}

#[test]
fn differences_are_told_by_kind() {
    let place = Sandbox::new();
    let up = Upstream::new(&place.path().join("up"), "core");
    let url = up.url();
    lines(&place, &[&format!("repo add core {url}"), "feature new pay", "attach pay core", "sync pay"]);
    let tree = place.home().join("features/pay/core");
    commit(&tree, "mine", "one\n");
    fs::write(tree.join("mine"), "one\ntwo\n").expect("written");
    git(&tree, &["add", "mine"]);
    fs::write(tree.join("README"), "other\n").expect("written");
    fs::write(tree.join("ü"), "").expect("written");
    let diff = place.json(&["worktree", "diff", "pay", "core"]);
    let file = |kind: &str| diff[kind]["files"].clone();
    assert_eq!(file("staged"), json!([{ "path": "mine", "status": "M", "added": 1, "deleted": 0 }]));
    assert_eq!(file("unstaged")[0]["path"], "README");
    assert_eq!(file("committed"), json!([{ "path": "mine", "status": "A", "added": 1, "deleted": 0 }]));
    assert!(diff["staged"]["text"].as_str().expect("text").contains("+two"));
    assert_eq!((&diff["untracked"], &diff["base"]), (&json!(["ü"]), &json!("main")));
    assert_eq!(place.sf(&["worktree", "diff", "pay", "nope"]).status, 1);
}

#[test]
fn a_state_goes_from_one_home_to_another_whole_or_not_at_all() {
    let (from, to) = (Sandbox::new(), Sandbox::new());
    lines(
        &from,
        &[
            "repo add core /srv/core.git --base main",
            "feature new pay",
            "attach pay core",
            "config set jobs 3",
        ],
    );
    let file = from.path().join("state.json").display().to_string();
    assert_eq!(from.json(&["state", "export", &file]), json!({ "hosts": 0, "repos": 1, "features": 1 }));
    assert_eq!(to.json(&["state", "import", &file])["features"], 1);
    let list = |place: &Sandbox, what: &str| place.json(&[what, "list"]);
    assert_eq!(list(&from, "feature"), list(&to, "feature"));
    assert_eq!(to.json(&["config", "get", "jobs"])["value"], 3);
    assert_eq!(to.sf(&["state", "import", &file]).status, 0, "the same again");
    // A conflict changes nothing, though the host before it is fine.
    let mut bundle: Value = serde_json::from_str(&fs::read_to_string(&file).expect("there")).expect("JSON");
    bundle["repos"][0]["url"] = json!("/srv/other.git");
    bundle["hosts"] = json!([{ "name": "new", "target": "new", "root": null }]);
    bundle["settings"]["jobs"] = json!(5);
    fs::write(&file, bundle.to_string()).expect("written");
    assert_eq!(to.sf(&["state", "import", &file]).status, 4);
    assert_eq!(to.json(&["config", "get", "jobs"])["value"], 3);
    assert_eq!(list(&to, "host").as_array().map(Vec::len), Some(1));
    assert_eq!(to.sf(&["state", "import", &file, "--replace"]).status, 4, "it asks");
    let _ = to.json(&["state", "import", &file, "--replace", "--yes"]);
    assert_eq!(list(&to, "repo")[0]["url"], "/srv/other.git");
    fs::write(&file, "{}").expect("written");
    assert_eq!(to.sf(&["state", "import", &file]).status, 2);
}

#[test]
fn hapi_stands_in_the_worktree() {
    let world = World::new();
    let sshd = world.net.host("far");
    let root = sshd.home.join("a b");
    fs::create_dir_all(root.join("features/pay/core")).expect("made");
    let bin = sshd.home.join("bin");
    fs::create_dir_all(&bin).expect("made");
    fs::write(
        bin.join("hapi"),
        "#!/bin/sh\ntest -t 0 && pwd >\"$HOME/stood\"\necho \"$@\" >>\"$HOME/stood\"\n",
    )
    .expect("written");
    fs::set_permissions(bin.join("hapi"), fs::Permissions::from_mode(0o755)).expect("ours");
    fs::write(sshd.home.join(".profile"), format!("PATH=\"{}:$PATH\"\n", bin.display())).expect("written");
    let up = Upstream::new(&world.place.path().join("up"), "core").url();
    let _ = world.place.json(&["host", "add", "far", "far", "--root", root.to_str().expect("text")]);
    lines(
        &world.place,
        &[&format!("repo add core {up}"), "feature new pay", "attach pay core --hosts far,local"],
    );
    let start = world.place.json(&["hapi", "start", "pay", "core", "--host", "far", "--", "--model", "x y"]);
    let argv: Vec<String> = serde_json::from_value(start["argv"].clone()).expect("words");
    assert_eq!(argv.last().map(|word| word.starts_with("exec sh -lc ")), Some(true), "{argv:?}");
    // Forced, because a test has no terminal of its own.
    let line = start["shell"].as_str().expect("a line").replacen(" -t ", " -tt ", 1);
    let mut command = world.place.command("/bin/sh");
    command.args(["-c", &line]);
    let said = Said::of(command);
    assert_eq!(said.status, 0, "{said:?}");
    let stood = fs::read_to_string(sshd.home.join("stood")).expect("it ran");
    assert_eq!(stood, format!("{}\nclaude --model x y\n", root.join("features/pay/core").display()));
    let near = world.place.json(&["hapi", "start", "pay", "--host", "local"]);
    assert_eq!(
        (&near["argv"], &near["workdir"]),
        (&json!(["hapi", "claude"]), &json!(world.place.home().join("features/pay")))
    );
    let said = world.place.sf(&["hapi", "start", "pay", "core", "--host", "local", "--execute", "--json"]);
    assert_eq!(said.json()["error"]["code"], "not_found", "the worktree is not there yet: {said:?}");
}

/// A worktree as session-forge 0.1.4 makes it: its commands, in its order.
fn made_by_session_forge(home: &std::path::Path, url: &str, feature: &str) -> std::path::PathBuf {
    let anchor = home.join("repo-cache/core.anchor");
    fs::create_dir_all(home.join("repo-cache")).expect("made");
    if !anchor.exists() {
        git(home, &["clone", "-q", url, "repo-cache/core.anchor"]);
    }
    let branch = format!("feat/{feature}");
    git(&anchor, &["fetch", "-q", "origin", "main"]);
    git(&anchor, &["branch", "-q", &branch, "origin/main"]);
    fs::create_dir_all(home.join("features").join(feature)).expect("made");
    git(
        home,
        &[
            "-C",
            "repo-cache/core.anchor",
            "worktree",
            "add",
            "-q",
            &format!("features/{feature}/core"),
            &branch,
        ],
    );
    anchor.join("features").join(feature).join("core")
}

/// Its files, with a repository that is there.
fn its_state(place: &Sandbox, url: &str) -> std::path::PathBuf {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/session-forge");
    let to = place.path().join("forge");
    fs::create_dir_all(to.join("features")).expect("made");
    for (file, name) in [
        ("home/.sf/config.yml", "config.yml"),
        ("home/.sf/features/pay.yml", "features/pay.yml"),
        ("home/.sf/features/old.yml", "features/old.yml"),
        ("bundle.json", "bundle.json"),
    ] {
        let text = fs::read_to_string(from.join(file)).expect("the fixture");
        fs::write(to.join(name), text.replace("https://git.example.org/core.git", url)).expect("written");
    }
    to
}

#[test]
fn what_session_forge_left_is_taken_and_work_goes_on() {
    let world = World::new();
    let sshd = world.net.host("far");
    let up = Upstream::new(&world.place.path().join("up"), "core");
    let state = its_state(&world.place, &up.url());
    let theirs = made_by_session_forge(&sshd.home, &up.url(), "pay");
    let near = made_by_session_forge(&world.place.home(), &up.url(), "pay");
    let old = made_by_session_forge(&sshd.home, &up.url(), "old");
    commit(&theirs, "mine", "1");
    fs::write(theirs.join("draft"), "kept").expect("written");
    fs::write(old.join("other"), "kept, too").expect("written");

    let said = world.place.sf(&["state", "import", state.to_str().expect("text"), "--json"]);
    assert_eq!((said.status, said.json()), (0, json!({ "hosts": 1, "repos": 1, "features": 2 })), "{said:?}");
    for left in ["host `box`: its variables (EDITOR)", "host `box`: its tags", "feature `old`, `core`"] {
        assert!(said.stderr.contains(left), "{left}: {said:?}");
    }
    let bundle = state.join("bundle.json");
    let again = world.place.json(&["state", "import", bundle.to_str().expect("text")]);
    assert_eq!(again, said.json(), "its bundle says the same, and the same again is fine");

    // Where they are, they are seen, and guarded.
    let trees = world.place.json(&["worktree", "list", "pay"]);
    let row = trees.as_array().expect("rows").iter().find(|row| row["host"] == "far").expect("a row");
    assert_eq!(
        (&row["present"], &row["dirty"], &row["ahead"]),
        (&json!(true), &json!(1), &json!(1)),
        "{row}"
    );
    let said = world.place.sf(&["feature", "destroy", "old", "--yes", "--json"]);
    assert_eq!(said.status, 4, "{said:?}");
    assert_eq!(said.json()["result"]["kept"][0]["losses"]["untracked"], json!(["other"]));
    let _ = world.place.json(&["feature", "destroy", "old", "--yes", "--force"]);
    assert!(!old.exists());
    let _ = world.place.json(&["feature", "restore", "old"]);
    assert_eq!(fs::read_to_string(sshd.home.join("features/old/core/other")).expect("back"), "kept, too");

    // The first sync brings them to their place.
    let dry = world.place.json(&["sync", "pay", "--dry-run"]);
    assert_eq!(dry["features"][0]["hosts"][0]["repos"][0]["worktree"], "created", "{dry}");
    assert!(theirs.exists());
    let report = world.place.json(&["sync", "pay"]);
    assert!(report.to_string().contains("moved here from"), "{report}");
    let (far, here) = (sshd.home.join("features/pay/core"), world.place.home().join("features/pay/core"));
    assert_eq!(fs::read_to_string(far.join("draft")).expect("moved"), "kept");
    assert!(far.join("mine").exists() && here.join("README").exists() && !theirs.exists() && !near.exists());
    let report = world.place.json(&["sync", "--all"]);
    for feature in report["features"].as_array().expect("rows") {
        for host in feature["hosts"].as_array().expect("rows") {
            let row = &host["repos"][0];
            assert_eq!(
                (&row["anchor"], &row["worktree"]),
                (&json!("unchanged"), &json!("unchanged")),
                "{report}"
            );
        }
    }
    let said = world.place.sf(&["feature", "destroy", "pay", "--yes"]);
    assert_eq!(said.status, 4, "{said:?}");
    let _ = world.place.json(&["feature", "destroy", "pay", "--yes", "--force"]);
    assert!(!far.exists() && !here.exists());
    let _ = world.place.json(&["feature", "destroy", "old", "--yes", "--force"]);
    let gone = world.place.json(&["repo", "remove", "core", "--yes"]);
    assert_eq!(gone["removed"].as_array().map(Vec::len), Some(2), "both anchors: {gone}");
}
