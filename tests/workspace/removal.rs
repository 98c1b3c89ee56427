//! Removing: nothing is ever lost, and everything comes back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::git::{Upstream, commit, git};
use crate::support::pty::Terminal;
use crate::support::{Said, Sandbox};

/// A home with a repository and a synced feature.
struct Place {
    sandbox: Sandbox,
    up: Upstream,
}

impl Place {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let up = Upstream::new(&sandbox.path().join("up"), "core");
        fs::write(up.work.join(".gitignore"), "*.secret\nnode_modules/\ncache/\n").expect("written");
        git(&up.work, &["add", ".gitignore"]);
        up.push("kept", "1", "main");
        let _ = sandbox.json(&["repo", "add", "core", &up.url(), "--base", "main"]);
        let place = Self { sandbox, up };
        place.feature();
        place
    }

    fn feature(&self) {
        let _ = self.sandbox.json(&["feature", "new", "pay"]);
        let _ = self.sandbox.json(&["attach", "pay", "core"]);
        let _ = self.sandbox.json(&["sync", "pay"]);
    }

    fn tree(&self) -> PathBuf {
        self.sandbox.home().join("features/pay/core")
    }

    fn anchor(&self) -> PathBuf {
        self.sandbox.home().join("repo-cache/core.anchor")
    }

    fn sf(&self, line: &str) -> Said {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        self.sandbox.sf(&words)
    }

    fn features(&self) -> usize {
        self.sandbox.json(&["feature", "list"]).as_array().expect("rows").len()
    }
}

/// Every file of a worktree but git's own, with what it holds.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("there").path();
            let name = path.strip_prefix(dir).expect("below").to_owned();
            if name.as_os_str() == ".git" {
                continue;
            }
            if path.is_symlink() {
                let to = fs::read_link(&path).expect("a link");
                all.push((name, to.into_os_string().into_encoded_bytes()));
            } else if path.is_dir() {
                todo.push(path);
            } else {
                all.push((name, fs::read(&path).expect("readable")));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn what_is_clean_and_pushed_is_removed_and_comes_back() {
    let place = Place::new();
    assert_eq!(place.sf("feature destroy pay").status, 4, "it asks, and nobody is there");
    let dry = place.sf("feature destroy pay --dry-run");
    assert_eq!((dry.status, &dry.json()["removed"][0]["repo"]), (0, &json!("core")), "{dry:?}");
    assert!(place.tree().join("kept").exists());
    fs::create_dir_all(place.tree().join("node_modules/x")).expect("made");
    fs::write(place.tree().join("node_modules/x/y"), "again").expect("written");
    let said = place.sf("feature destroy pay --yes");
    assert_eq!(said.status, 0, "what can be made again holds up nobody: {said:?}");
    assert!(!place.sandbox.home().join("features/pay").exists());
    assert_eq!(git(&place.anchor(), &["branch", "--list"]), "");
    assert_eq!(place.features(), 0);
    let back = place.sandbox.json(&["feature", "restore", "pay"]);
    assert_eq!((&back["restored"][0]["error"], &back["restored"][0]["notes"]), (&Value::Null, &json!([])));
    assert!(place.tree().join("kept").exists());
    let again = place.sandbox.json(&["sync", "pay"]);
    assert_eq!(again["features"][0]["hosts"][0]["repos"][0]["worktree"], "unchanged", "{again}");
    assert_eq!(place.sf("feature restore pay").status, 1, "there is nothing more");
}

#[test]
fn every_kind_of_work_is_named_kept_and_brought_back() {
    let place = Place::new();
    let tree = place.tree();
    commit(&tree, "mine", "1");
    fs::write(tree.join("stash-me"), "1").expect("written");
    git(&tree, &["stash", "-q", "-u"]);
    fs::write(tree.join("kept"), "staged").expect("written");
    git(&tree, &["add", "kept"]);
    fs::write(tree.join("kept"), "and changed").expect("written");
    fs::remove_file(tree.join("README")).expect("removed");
    for (name, text) in
        [("new", "1"), ("line\nbreak", "2"), ("-dash ü", "3"), ("a.secret", "4"), ("deep/er/x", "5")]
    {
        fs::create_dir_all(tree.join(name).parent().expect("a folder")).expect("made");
        fs::write(tree.join(name), text).expect("written");
    }
    symlink("/nowhere", tree.join("link")).expect("made");
    fs::create_dir(tree.join("cache")).expect("made");
    fs::write(tree.join("cache/CACHEDIR.TAG"), "").expect("written");
    git(&tree, &["update-index", "--assume-unchanged", ".gitignore"]);
    fs::write(tree.join(".gitignore"), "*.secret\nnode_modules/\ncache/\nhidden\n").expect("written");

    let said = place.sf("feature destroy pay --yes");
    assert_eq!(said.status, 4, "{said:?}");
    let answer = said.json();
    assert_eq!((&answer["error"]["code"], &answer["result"]["removed"]), (&json!("refused"), &json!([])));
    let losses = &answer["result"]["kept"][0]["losses"];
    assert_eq!(losses["uncommitted"], json!([".gitignore", "README", "kept"]));
    assert_eq!(losses["untracked"], json!(["-dash ü", "deep/er/x", "line?break", "link", "new"]));
    assert_eq!(losses["ignored"], json!(["a.secret"]));
    assert_eq!(losses["unpushed"].as_array().map(Vec::len), Some(1));
    assert!(losses["unpushed"][0].as_str().expect("text").ends_with("change mine"));
    assert_eq!(losses["stashes"].as_array().map(Vec::len), Some(1));
    for text in ["a.secret", "change mine", "kept"] {
        assert!(answer["error"]["message"].as_str().expect("text").contains(text), "{answer}");
    }
    let before = files(&tree).into_iter().filter(|(name, _)| !name.starts_with("cache")).collect::<Vec<_>>();
    let (status, head) = (git(&tree, &["status", "--porcelain=v2"]), git(&tree, &["rev-parse", "HEAD"]));
    let staged = git(&tree, &["show", ":kept"]);

    assert_eq!(place.sf("feature destroy pay --force").status, 4, "force is no consent");
    let said = place.sf("feature destroy pay --force --yes");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(!place.sandbox.home().join("features").join("pay").exists());
    let trash = place
        .sandbox
        .sf_home()
        .join("trash")
        .join(said.json()["removed"][0]["trash"].as_str().expect("kept"));
    assert!(trash.join("commits.bundle").exists() && trash.join("files.tar.gz").exists());
    git(&place.anchor(), &["stash", "list"].map(|w| if w == "stash" { "reflog" } else { "refs/stash" }));
    git(&place.anchor(), &["update-ref", "-d", "refs/stash"]);

    let back = place.sandbox.json(&["feature", "restore", "pay"]);
    assert_eq!(back["restored"][0]["notes"], json!([]), "{back}");
    assert_eq!(files(&tree), before);
    assert_eq!(git(&tree, &["status", "--porcelain=v2"]), status);
    assert_eq!((git(&tree, &["rev-parse", "feat/pay"]), git(&tree, &["show", ":kept"])), (head, staged));
    assert_eq!(git(&tree, &["stash", "list"]).lines().count(), 1);
    assert!(git(&tree, &["show", "--stat", "stash@{0}^3"]).contains("stash-me"));
}

#[test]
fn a_person_sees_what_would_be_lost_before_anything_is_done() {
    let place = Place::new();
    fs::write(place.tree().join("draft"), "mine").expect("written");
    commit(&place.tree(), "mine", "1");
    let path = place.tree().display().to_string();
    let mut terminal = Terminal::start(&place.sandbox, &["feature", "destroy", "pay", "--force"], 160, 30);
    let shown = terminal.wait_text("[y/N]");
    for text in [&*path, "untracked: draft", "change mine", "kept in a trash", "feature restore"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    terminal.send("n\r");
    assert_eq!(terminal.exit(), 4);
    assert!(place.tree().join("draft").exists(), "no is no");
    // Where nothing would be done, nobody is asked.
    let mut terminal = Terminal::start(&place.sandbox, &["feature", "destroy", "pay"], 160, 30);
    assert_eq!(terminal.exit(), 4);
    let shown = terminal.text();
    assert!(shown.contains("untracked: draft") && !shown.contains("[y/N]"), "{shown}");
    let mut terminal = Terminal::start(&place.sandbox, &["repo", "remove", "core", "--force"], 160, 30);
    let shown = terminal.wait_text("[y/N]");
    assert!(shown.contains("untracked: draft") && shown.contains("core.anchor: the clone goes"), "{shown}");
    terminal.send("y\r");
    assert_eq!(terminal.exit(), 0);
    assert!(!place.tree().exists() && !place.anchor().exists());
}

#[test]
fn detached_amended_and_half_merged_work_is_kept() {
    let place = Place::new();
    let tree = place.tree();
    commit(&tree, "a", "first");
    let first = git(&tree, &["rev-parse", "HEAD"]);
    git(&tree, &["commit", "-q", "--amend", "-m", "amended"]);
    git(&tree, &["checkout", "-q", "-b", "other", "origin/main"]);
    commit(&tree, "a", "another");
    git(&tree, &["checkout", "-q", "--detach"]);
    commit(&tree, "b", "lonely");
    let lonely = git(&tree, &["rev-parse", "HEAD"]);
    let merge = Said::of({
        let mut command = place.sandbox.command("git");
        command.current_dir(&tree).args(["merge", "feat/pay"]);
        command
    });
    assert_eq!(merge.status, 1, "a conflict: {merge:?}");
    let status = git(&tree, &["status", "--porcelain=v2"]);
    let said = place.sf("detach pay core --force --yes");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(!tree.exists());
    git(&place.anchor(), &["reflog", "expire", "--expire=now", "--all"]);
    git(&place.anchor(), &["gc", "-q", "--prune=now"]);
    for oid in [&first, &lonely] {
        git(&place.anchor(), &["cat-file", "-e", oid]);
    }
    let back = place.sandbox.json(&["feature", "restore", "pay"]);
    assert_eq!(back["restored"][0]["notes"], json!([]), "{back}");
    assert_eq!(git(&tree, &["status", "--porcelain=v2"]), status);
    assert_eq!(git(&tree, &["rev-parse", "HEAD"]), lonely);
    git(&tree, &["merge", "--abort"]);
    assert!(git(&tree, &["reflog", "feat/pay"]).contains("amended"), "git remembers, too");
}

#[test]
fn a_worktree_whose_folder_is_gone_still_knows_commits() {
    let place = Place::new();
    let tree = place.tree();
    commit(&tree, "a", "on the branch");
    git(&tree, &["checkout", "-q", "--detach"]);
    commit(&tree, "b", "on no branch");
    let lonely = git(&tree, &["rev-parse", "HEAD"]);
    fs::remove_dir_all(&tree).expect("removed");
    let said = place.sf("feature destroy pay --yes");
    assert_eq!(said.status, 4, "{said:?}");
    assert_eq!(
        said.json()["result"]["kept"][0]["losses"]["unpushed"].as_array().map(Vec::len),
        Some(2),
        "{said:?}"
    );
    assert_eq!(place.sf("feature destroy pay --yes --force").status, 0);
    assert!(!git(&place.anchor(), &["worktree", "list"]).contains("features"), "git has forgotten it, too");
    git(&place.anchor(), &["reflog", "expire", "--expire=now", "--all"]);
    git(&place.anchor(), &["gc", "-q", "--prune=now"]);
    git(&place.anchor(), &["cat-file", "-e", &lonely]);
    assert_eq!(place.sf("feature restore pay").status, 0);
    assert!(git(&place.anchor(), &["log", "-1", "--format=%s", "feat/pay"]).contains("change a"));
}

#[test]
fn a_remote_that_lost_the_branch_makes_it_unpushed() {
    let place = Place::new();
    commit(&place.tree(), "mine", "1");
    git(&place.tree(), &["push", "-q", "origin", "HEAD:refs/heads/feat/pay"]);
    let _ = place.sandbox.json(&["sync", "pay"]);
    git(&place.up.bare, &["update-ref", "-d", "refs/heads/feat/pay"]);
    assert_eq!(place.sf("feature destroy pay --yes").status, 4, "deleted there meanwhile");
    git(&place.tree(), &["push", "-q", "origin", "HEAD:refs/heads/feat/pay"]);
    let bare = place.up.bare.with_extension("away");
    fs::rename(&place.up.bare, &bare).expect("renamed");
    assert_eq!(place.sf("feature destroy pay --yes").status, 4, "nobody can say");
    fs::rename(&bare, &place.up.bare).expect("renamed");
    assert_eq!(place.sf("feature destroy pay --yes").status, 0);
}

#[test]
fn links_that_lead_elsewhere_and_strange_folders_are_left_alone() {
    let place = Place::new();
    let outside = place.sandbox.path().join("outside");
    fs::create_dir_all(place.tree().parent().expect("a folder")).expect("made");
    fs::rename(place.sandbox.home().join("features/pay"), &outside).expect("moved");
    symlink(&outside, place.sandbox.home().join("features/pay")).expect("made");
    let said = place.sf("feature destroy pay --force --yes");
    assert_eq!(said.status, 4, "{said:?}");
    assert!(said.json()["error"]["message"].as_str().expect("text").contains("symbolic link"), "{said:?}");
    assert!(outside.join("core/kept").exists());
    fs::remove_file(place.sandbox.home().join("features/pay")).expect("removed");
    fs::create_dir_all(place.tree()).expect("made");
    fs::write(place.tree().join("notes"), "mine").expect("written");
    assert_eq!(place.sf("detach pay core --force --yes").status, 4);
    assert!(place.tree().join("notes").exists());
    assert_eq!(place.features(), 1);
}

#[test]
fn a_repository_goes_with_its_clones_and_comes_back_without_its_remote() {
    let place = Place::new();
    commit(&place.tree(), "mine", "1");
    let head = git(&place.tree(), &["rev-parse", "HEAD"]);
    assert_eq!(place.sf("repo remove core --yes").status, 4);
    assert!(place.anchor().exists());
    let said = place.sf("repo remove core --force --yes");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(!place.anchor().exists() && !place.tree().exists());
    assert_eq!(place.sandbox.json(&["repo", "list"]), json!([]));
    fs::remove_dir_all(&place.up.bare).expect("removed");
    let back = place.sandbox.json(&["feature", "restore", "pay"]);
    assert_eq!(back["restored"][0]["error"], Value::Null);
    assert_eq!(git(&place.tree(), &["rev-parse", "feat/pay"]), head);
    assert_eq!(place.sandbox.json(&["repo", "list"])[0]["name"], "core");
}

#[test]
fn a_session_that_runs_there_is_named_and_ended_only_by_force() {
    let place = Place::new();
    let started =
        place.sandbox.json(&["session", "start", "--feature", "pay", "--repo", "core", "--", "sleep", "600"]);
    let id = started["id"].as_str().expect("an id");
    let said = place.sf("feature destroy pay --yes");
    assert_eq!(said.status, 4, "{said:?}");
    assert_eq!(said.json()["result"]["kept"][0]["losses"]["sessions"], json!([id]));
    assert_eq!(place.sf("feature destroy pay --force --yes").status, 0);
    assert_eq!(place.sandbox.json(&["session", "show", id])["state"], "exited");
}
