//! Runs that are overtaken by a removal between looking and making: what nobody wants any longer is not made.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use session_forge::error::Code;
use session_forge::fleet::sh;
use session_forge::model::Time;
use session_forge::sys::lock;
use session_forge::workspace::removal::{self, About, Back, Order, Seen, Target, Trash, Where};

use super::sync;
use crate::support::git::{Upstream, commit};
use crate::support::{Said, Sandbox};

/// A home with a feature that was never synced, and a second user of the same home with a memory of their own.
struct Place {
    sandbox: Sandbox,
    up: Upstream,
}

impl Place {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let up = Upstream::new(&sandbox.path().join("up"), "core");
        let place = Self { sandbox, up };
        for home in [place.sandbox.sf_home(), place.theirs()] {
            for line in [
                &["repo", "add", "core", &place.up.url(), "--base", "main"][..],
                &["feature", "new", "pay"],
                &["attach", "pay", "core"],
            ] {
                assert_eq!(place.run(&home, line).status, 0, "{line:?}");
            }
        }
        place
    }

    /// The other user's memory.
    fn theirs(&self) -> PathBuf {
        self.sandbox.path().join("theirs")
    }

    fn run(&self, sf_home: &Path, line: &[&str]) -> Said {
        let mut sf = self.sandbox.sf_command(&[line, &["--json"]].concat());
        sf.env("SF_HOME", sf_home);
        Said::of(sf)
    }

    /// Runs a line in front of a git that does `meanwhile` the first time that somebody looks for a
    /// branch: when sync has looked at the clone and holds no lock.
    fn overtaken(&self, line: &[&str], meanwhile: &str) -> Said {
        let (bin, flag) = (self.sandbox.path().join("bin"), self.sandbox.path().join("overtaken"));
        fs::create_dir_all(&bin).expect("made");
        let git = self.sandbox.sh("command -v git").trim().to_owned();
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in *for-each-ref*refs/heads/feat/pay*)\n  if mkdir {flag} 2>/dev/null; then\n    \
             ( {meanwhile} ) >{flag}/said 2>&1 || echo failed >>{flag}/said\n  fi ;;\nesac\nexec {git} \"$@\"\n",
            flag = flag.display(),
        );
        fs::write(bin.join("git"), script).expect("written");
        let _ = self.sandbox.sh(&format!("chmod +x {}/git", bin.display()));
        let mut sf = self.sandbox.sf_command(&[line, &["--json"]].concat());
        let path = sf.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path);
        let path = path.expect("sealed").to_str().expect("text");
        let said = Said::of({
            let path = format!("{}:{path}", bin.display());
            sf.env("PATH", path);
            sf
        });
        let meanwhile = fs::read_to_string(flag.join("said")).expect("it was overtaken");
        assert!(!meanwhile.ends_with("failed\n"), "{meanwhile}");
        said
    }

    /// The words of a shell that run `sf` with somebody's memory.
    fn sf(&self, sf_home: &Path, line: &str) -> String {
        format!("SF_HOME={} {} {line}", sf_home.display(), env!("CARGO_BIN_EXE_sf"))
    }

    fn is_empty(&self) -> bool {
        let there = |path: &str| self.sandbox.home().join(path).exists();
        !there("features/pay") && !there("repo-cache/core.anchor/worktrees/core")
    }
}

fn row(said: &Said) -> Value {
    let said = said.json();
    let report = if said["result"].is_null() { &said } else { &said["result"] };
    report["features"][0]["hosts"][0]["repos"][0].clone()
}

#[test]
fn a_sync_that_is_overtaken_by_a_detach_makes_nothing() {
    let place = Place::new();
    let ours = place.sandbox.sf_home();
    let said = place.overtaken(&["sync", "pay"], &place.sf(&ours, "detach pay core --yes"));
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!((&row(&said)["worktree"], &row(&said)["anchor"]), (&json!(null), &json!(null)));
    assert!(row(&said)["notes"].to_string().contains("detached meanwhile"), "{said:?}");
    assert!(place.is_empty());
    let found = place.sandbox.json(&["host", "discover"]);
    assert_eq!(found["features"], json!([]), "nothing that only a look would find: {found}");
}

#[test]
fn a_sync_that_is_overtaken_by_another_machine_says_so_and_makes_nothing() {
    for line in ["detach pay core --yes", "feature destroy pay --yes", "repo remove core --yes"] {
        let place = Place::new();
        let said = place.overtaken(&["sync", "pay"], &place.sf(&place.theirs(), line));
        assert_eq!((said.status, &row(&said)["error"]["code"]), (1, &json!("conflict")), "{line}: {said:?}");
        assert!(place.is_empty(), "{line}");
        let again = place.sandbox.json(&["sync", "pay"]);
        let made = &again["features"][0]["hosts"][0]["repos"][0]["worktree"];
        assert_eq!(made, "created", "{line}: whoever still wants it gets it");
    }
}

#[test]
fn a_clone_that_is_overtaken_by_its_removal_is_not_made() {
    let place = Place::new();
    let theirs = place.sf(&place.theirs(), "repo remove core --yes");
    let said = place.overtaken(&["sync", "pay"], &theirs);
    assert_eq!(row(&said)["anchor"], json!(null), "{said:?}");
    assert!(!place.sandbox.home().join("repo-cache/core.anchor").exists());
}

#[tokio::test]
async fn a_restore_that_is_overtaken_by_a_removal_brings_nothing_back() {
    let place = sync::Place::new();
    let up = place.upstream("core");
    let wanted = sync::unit("core", &up);
    let (host, data) = (place.host.as_ref(), sh::quote(place.home().join("sf").to_str().expect("text")));
    let at = Where { root: None, data: &data, jobs: 1 };
    let remove = async |n: u32| {
        let about = About {
            host: None,
            feature: Some(wanted.feature.clone()),
            branch: Some(wanted.branch.clone()),
            base: None,
            repo: wanted.repo.clone(),
            at: Time(i64::from(n)),
        };
        let (target, entry) = (Target::Tree(wanted.clone()), format!("pay+core+{n}"));
        let order = Order { target, entry, about, seen: Seen::default() };
        removal::remove(host, at, &[order], true).await.expect("answered").remove(0).expect("removed")
    };
    place.sync(std::slice::from_ref(&wanted)).await;
    commit(&place.tree("core"), "mine", "1");
    remove(1).await.expect("kept");
    let Trash { entries, newest } = removal::trash(host, at).await.expect("answered");
    let back = |entry: &str, newest: &str| Back {
        entry: entry.to_owned(),
        unit: wanted.clone(),
        seen: newest.to_owned(),
    };
    let seen = newest["core"].clone();
    remove(2).await;
    let late = removal::restore(host, at, &[back(&entries[0].0, &seen)]).await.expect("answered").remove(0);
    assert_eq!(late.expect_err("overtaken").code, Code::Conflict);
    assert!(!place.tree("core").exists());
    let again = removal::trash(host, at).await.expect("answered");
    assert_eq!(again.entries, entries, "it is still there");
    let entry = back(&again.entries[0].0, &again.newest["core"]);
    removal::restore(host, at, &[entry]).await.expect("answered").remove(0).expect("brought back");
    assert!(place.tree("core").join("mine").exists());
}

#[test]
fn nobody_reads_what_is_wanted_while_it_is_being_removed() {
    let place = Place::new();
    let path = place.sandbox.sf_home().join("lock/worktrees.local.lock");
    let removing = lock::try_lock(&path).expect("made").expect("nobody else");
    let said = place.run(&place.sandbox.sf_home(), &["sync", "pay", "--timeout", "4s"]);
    assert!(said.stdout.contains("another sf removes worktrees of `local`"), "{said:?}");
    assert!(place.is_empty());
    drop(removing);
    let made = place.sandbox.json(&["sync", "pay"]);
    assert_eq!(made["features"][0]["hosts"][0]["ok"], true, "{made}");
}
