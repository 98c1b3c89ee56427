//! Repositories and worktrees that are not as they should be.

use std::fs;

use serde_json::json;

use super::{Four, NAMES};
use crate::support::git::{Upstream, commit, git};

/// Another repository is wanted on all hosts, too.
fn beside(four: &Four, name: &str, base: Option<&str>) {
    let url = four.url(name);
    four.import(&four.place, &json!([{ "name": name, "url": url, "base": base }]));
}

#[test]
fn a_repository_that_is_empty() {
    let four = Four::new();
    let bare = four.place.path().join("up/empty.git");
    git(four.place.path(), &["init", "-q", "--bare", "-b", "main", bare.to_str().expect("text")]);
    beside(&four, "empty", None);
    let report = four.sync(&[]);
    assert_eq!(report.status, 1, "{}", report.answer);
    for name in NAMES {
        assert_eq!(report.error(name)["code"], "tool");
        assert!(report.error(name).to_string().contains("is it empty?"), "{}", report.answer);
    }
    let work = four.place.path().join("up/work");
    git(four.place.path(), &["clone", "-q", bare.to_str().expect("text"), work.to_str().expect("text")]);
    commit(&work, "first", "1");
    git(&work, &["push", "-q", "origin", "HEAD:refs/heads/main"]);
    assert_eq!(four.sync(&[]).status, 0, "it heals");
}

#[test]
fn a_repository_without_the_base_branch() {
    let four = Four::new();
    let up = Upstream::new(&four.place.path().join("up"), "unbased");
    beside(&four, "unbased", Some("nowhere"));
    let report = four.sync(&[]);
    assert_eq!((report.status, &report.error("a")["code"]), (1, &json!("tool")));
    assert!(report.error("d").to_string().contains("no branch `nowhere`"));
    up.push("x", "1", "nowhere");
    assert_eq!(four.sync(&[]).status, 0, "it heals");
}

#[test]
fn a_repository_that_is_shallow() {
    let four = Four::new();
    let up = Upstream::new(&four.place.path().join("up"), "deep");
    (0..3).for_each(|n| up.push("file", &n.to_string(), "main"));
    let shallow = four.place.path().join("up/shallow.git");
    let from = format!("file://{}", up.bare.display());
    git(
        four.place.path(),
        &["clone", "-q", "--bare", "--depth", "1", &from, shallow.to_str().expect("text")],
    );
    beside(&four, "shallow", Some("main"));
    let report = four.sync(&[]);
    assert_eq!(report.status, 0, "{}", report.answer);
    assert_eq!(report.row("d")["ahead"], 0);
    assert_eq!(four.sync(&[]).row("d")["worktree"], "unchanged");
}

#[test]
fn a_repository_that_is_large() {
    let four = Four::new();
    // Many files, and something large that only the history still has.
    let up = &four.up;
    let _ = four.place.sh(&format!(
        "cd {work}; mkdir many; for i in $(seq 1000); do echo $i >many/$i; done; head -c 12000000 /dev/urandom >big
         git add .; git -c user.name=Dev -c user.email=d@e.org commit -qm 'Add much'; git rm -q big
         git -c user.name=Dev -c user.email=d@e.org commit -qm 'Take the large one away'; git push -q origin HEAD:main",
        work = up.work.display()
    ));
    four.heals();
    let size = |host: usize| {
        let anchor = four.hosts[host].home.join("repo-cache/core.anchor");
        let said = four.place.sh(&format!("du -sk {}", anchor.display()));
        said.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).expect("a number")
    };
    assert!(size(3) > 11_000, "a clone has everything: {}", size(3));
    // A partial clone has what is needed, and no more; the remote has to allow it.
    git(&up.bare, &["config", "uploadpack.allowFilter", "true"]);
    let _ = four.place.json(&["repo", "remove", "core", "--yes"]);
    four.import(&four.place, &json!([{ "name": "core", "url": four.url("core"), "base": "main" }]));
    let _ = four.place.json(&["repo", "set", "core", "--filter", "blob:none"]);
    four.heals();
    assert!(size(3) < 5_000, "without the large one: {}", size(3));
    assert!(four.tree(3).join("many/1000").exists());
}

#[test]
fn a_remote_that_is_gone() {
    let four = Four::new();
    four.heals();
    commit(&four.tree(3), "mine", "1");
    let away = four.up.bare.with_extension("away");
    fs::rename(&four.up.bare, &away).expect("moved");
    let report = four.sync(&[]);
    assert_eq!(report.status, 1, "{}", report.answer);
    for name in NAMES {
        assert_eq!(report.error(name)["code"], "tool");
        assert!(report.error(name).to_string().contains("core.git"), "git's own words: {}", report.answer);
    }
    assert_eq!(git(&four.tree(3), &["log", "-1", "--format=%s"]), "change mine");
    fs::rename(away, &four.up.bare).expect("moved");
    assert_eq!(four.sync(&[]).row("d")["ahead"], 1);
}

#[test]
fn a_remote_that_one_host_cannot_reach() {
    let four = Four::new();
    let config = format!(
        "[url \"/nonexistent/\"]\n\tinsteadOf = file://{}/\n",
        four.place.path().join("up").display()
    );
    fs::write(four.last().home.join(".gitconfig"), config).expect("written");
    four.sync(&[]).only_last(1, "tool", "/nonexistent/core.git");
    fs::remove_file(four.last().home.join(".gitconfig")).expect("removed");
    four.heals();
}

#[test]
fn a_remote_that_was_rewritten() {
    let four = Four::new();
    four.up.push("second", "2", "main");
    four.heals();
    commit(&four.tree(3), "mine", "1");
    let head = git(&four.tree(3), &["rev-parse", "HEAD"]);
    four.up.rewrite();
    let report = four.sync(&[]);
    assert_eq!(report.status, 0, "{}", report.answer);
    for name in NAMES {
        assert!(report.row(name)["notes"].to_string().contains("was rewritten"), "{}", report.answer);
    }
    assert_eq!(git(&four.tree(3), &["rev-parse", "HEAD"]), head);
}

#[test]
fn names_of_files_that_fight_or_control() {
    let four = Four::new();
    let strange = ["Readme", "README.TXT", "readme.txt", "line\nbreak", "\u{1b}[31mred", "-dash", "a\tb"];
    for name in strange {
        fs::write(four.up.work.join(name), name).expect("written");
    }
    git(&four.up.work, &["add", "-A"]);
    four.up.push("last", "1", "main");
    let said = four.place.sf(&["sync", "pay"]);
    assert_eq!(said.status, 0, "{said:?}");
    for host in 0..4 {
        for name in strange {
            let there = fs::read_to_string(four.tree(host).join(name)).expect(name);
            assert_eq!(there, name);
        }
    }
    // What is changed is named without a control character reaching the terminal.
    for name in ["line\nbreak", "\u{1b}[31mred", "new \u{7}\u{1b}]0;x"] {
        fs::write(four.tree(3).join(name), "changed").expect("written");
    }
    assert_eq!(four.sync(&[]).row("d")["dirty"], 3);
    let said = four.place.sf(&["feature", "destroy", "pay", "--yes"]);
    assert_eq!(said.status, 4, "{said:?}");
    let text = said.stdout + &said.stderr;
    assert!(text.contains("line?break") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    assert_eq!(four.place.sf(&["feature", "destroy", "pay", "--force", "--yes"]).status, 0);
    assert_eq!(four.place.sf(&["feature", "restore", "pay"]).status, 0);
    assert_eq!(fs::read_to_string(four.tree(3).join("\u{1b}[31mred")).expect("back"), "changed");
}

#[test]
fn branches_of_a_remote_that_look_like_commands() {
    let four = Four::new();
    for branch in
        ["x;touch${IFS}pwned", "$(touch${IFS}pwned)", "`touch${IFS}pwned`", "a'b\"c", "--upload-pack=x"]
    {
        let name = format!("refs/heads/{branch}");
        git(&four.up.bare, &["update-ref", &name, "main"]);
    }
    four.heals();
    for host in &four.hosts {
        assert!(!host.home.join("pwned").exists() && !host.home.join("features/pay/core/pwned").exists());
    }
}

#[test]
fn a_worktree_that_was_moved() {
    let four = Four::new();
    four.heals();
    let (tree, moved) = (four.tree(3), four.last().home.join("features/pay/core-old"));
    fs::write(tree.join("draft"), "mine").expect("written");
    fs::rename(&tree, &moved).expect("moved");
    let report = four.sync(&[]);
    report.only_last(1, "conflict", "was moved to");
    assert!(report.error("d").to_string().contains("worktree repair"));
    assert_eq!(fs::read_to_string(moved.join("draft")).expect("there"), "mine");
    fs::rename(&moved, &tree).expect("back");
    four.heals();
}

#[test]
fn a_worktree_that_was_deleted() {
    let four = Four::new();
    four.heals();
    let tree = four.tree(3);
    commit(&tree, "mine", "1");
    let amended = git(&tree, &["rev-parse", "HEAD"]);
    git(&tree, &["commit", "-q", "--amend", "-m", "amended"]);
    fs::write(tree.join("staged"), "only in the index").expect("written");
    git(&tree, &["add", "staged"]);
    let blob = git(&tree, &["rev-parse", ":staged"]);
    fs::remove_dir_all(&tree).expect("removed");
    let report = four.sync(&[]);
    assert_eq!((report.status, &report.row("d")["worktree"]), (0, &json!("created")), "{}", report.answer);
    assert!(
        report.row("d")["notes"].to_string().contains("refs/sf/trash/forgotten+pay+core"),
        "{}",
        report.answer
    );
    assert_eq!(git(&tree, &["log", "-1", "--format=%s"]), "amended");
    let anchor = four.last().home.join("repo-cache/core.anchor");
    git(&anchor, &["reflog", "expire", "--expire=now", "--all"]);
    git(&anchor, &["gc", "-q", "--prune=now"]);
    for oid in [amended, blob] {
        git(&anchor, &["cat-file", "-e", &oid]);
    }
    four.heals();
}

#[test]
fn a_folder_of_somebody_else_in_the_place() {
    let four = Four::new();
    fs::create_dir_all(four.tree(3)).expect("made");
    fs::write(four.tree(3).join("notes"), "theirs").expect("written");
    four.sync(&[]).only_last(1, "conflict", "no worktree of this repository");
    assert_eq!(fs::read_to_string(four.tree(3).join("notes")).expect("there"), "theirs");
    fs::remove_dir_all(four.tree(3)).expect("moved away");
    four.heals();
}

#[test]
fn an_anchor_that_is_damaged() {
    let four = Four::new();
    four.heals();
    let anchor = four.last().home.join("repo-cache/core.anchor");
    commit(&four.tree(3), "mine", "1");
    fs::rename(anchor.join("HEAD"), anchor.join("HEAD.away")).expect("damaged");
    four.sync(&[]).only_last(1, "conflict", "no git repository");
    assert!(four.tree(3).join("mine").exists());
    fs::rename(anchor.join("HEAD.away"), anchor.join("HEAD")).expect("mended");
    four.heals();
    assert_eq!(git(&four.tree(3), &["log", "-1", "--format=%s"]), "change mine");
}
