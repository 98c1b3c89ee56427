//! `sync` on one host: what it makes, and what it leaves alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use session_forge::config::Settings;
use session_forge::error::{Code, Error, Result};
use session_forge::fleet::{Calls, Duplex, Fleet, Host};
use session_forge::model::workspace::{
    AnchorChange, Attachment, BranchChange, Feature, Repo, RepoOptions, SyncRepo, WorktreeChange,
};
use session_forge::model::{HostName, host};
use session_forge::sys::{Env, Paths};
use session_forge::workspace::sync::{How, sync};
use session_forge::workspace::{Unit, diff, discover, log, worktree};

use crate::support::git::{SEALED, Upstream, commit, git};

struct Nothing;

impl Calls for Nothing {
    fn call<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Value>> {
        async { Err(Error::unsupported("a test")) }.boxed()
    }

    fn open<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Duplex>> {
        async { Err(Error::unsupported("a test")) }.boxed()
    }
}

/// A machine with a home of its own, and upstream repositories beside it.
pub(super) struct Place {
    dir: tempfile::TempDir,
    pub(super) host: Arc<dyn Host>,
}

impl Place {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let home = dir.path().join("home dir");
        fs::create_dir(&home).expect("made");
        let mut env = Env::current().with("HOME", &home).with("SF_HOME", home.join("sf"));
        for (name, value) in SEALED {
            env = env.with(name, value);
        }
        let paths = Paths::resolve(&env, None).expect("resolved");
        let fleet = Fleet::new(&Settings::built_in().ssh, &paths, &env, Arc::new(Nothing), None);
        let host = fleet.host(&host::Host::local());
        Self { dir, host }
    }

    pub(super) fn home(&self) -> PathBuf {
        self.dir.path().join("home dir")
    }

    pub(super) fn upstream(&self, name: &str) -> Upstream {
        Upstream::new(&self.dir.path().join("up"), name)
    }

    pub(super) fn tree(&self, repo: &str) -> PathBuf {
        self.home().join("features/pay").join(repo)
    }

    pub(super) async fn sync(&self, units: &[Unit]) -> Vec<SyncRepo> {
        self.sync_how(units, false).await
    }

    async fn sync_how(&self, units: &[Unit], dry_run: bool) -> Vec<SyncRepo> {
        let how = How { root: None, jobs: 4, dry_run };
        let wants = || async { Ok(units.iter().map(feature_of).collect()) }.boxed();
        let settled = sync(self.host.as_ref(), units, how, &wants, &|_, _, _| {}).await.expect("it answers");
        settled.into_iter().map(|settled| settled.row).collect()
    }
}

fn unit_at(name: &str, url: &str) -> Unit {
    let repo = Repo {
        name: name.parse().expect("a name"),
        url: url.into(),
        base: None,
        options: RepoOptions::default(),
    };
    let feature = Feature {
        name: "pay".parse().expect("a name"),
        branch: "feat/pay".into(),
        base: None,
        repos: Vec::new(),
    };
    Unit::new(&feature, &repo)
}

/// A feature that wants this worktree here.
fn feature_of(unit: &Unit) -> Feature {
    let attached = Attachment { repo: unit.repo.name.clone(), hosts: vec![HostName::local()] };
    Feature {
        name: unit.feature.clone(),
        branch: unit.branch.clone(),
        base: unit.base.clone(),
        repos: vec![attached],
    }
}

pub(super) fn unit(name: &str, up: &Upstream) -> Unit {
    unit_at(name, &up.url())
}

fn changes(row: &SyncRepo) -> (Option<AnchorChange>, Option<BranchChange>, Option<WorktreeChange>) {
    assert_eq!(row.error, None, "{}", row.repo);
    (row.anchor, row.branch, row.worktree)
}

const CREATED: (Option<AnchorChange>, Option<BranchChange>, Option<WorktreeChange>) =
    (Some(AnchorChange::Created), Some(BranchChange::Created), Some(WorktreeChange::Created));
const UNCHANGED: (Option<AnchorChange>, Option<BranchChange>, Option<WorktreeChange>) =
    (Some(AnchorChange::Unchanged), Some(BranchChange::Unchanged), Some(WorktreeChange::Unchanged));

/// Every file below a folder with its content, to see that nothing changed.
fn everything(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("there") {
        let path = entry.expect("there").path();
        if path.is_dir() {
            all.extend(everything(&path));
        } else {
            let content = fs::read(&path).unwrap_or_default();
            all.push((path, content));
        }
    }
    all.sort();
    all
}

#[tokio::test]
async fn the_first_sync_makes_everything_and_the_second_nothing() {
    let place = Place::new();
    let (core, web) = (place.upstream("core"), place.upstream("web"));
    web.push("started", "elsewhere", "feat/pay");
    let units = [unit("core", &core), unit("web", &web)];
    let rows = place.sync(&units).await;
    assert_eq!(changes(&rows[0]), CREATED);
    assert_eq!(rows[1].branch, Some(BranchChange::Tracked));
    let path = place.tree("core");
    assert_eq!(rows[0].path.as_deref(), path.to_str());
    assert_eq!((rows[0].ahead, rows[0].behind, rows[0].dirty), (Some(0), Some(0), Some(0)));
    assert_eq!(git(&path, &["branch", "--show-current"]), "feat/pay");
    assert_eq!(fs::read_to_string(place.tree("web").join("started")).expect("checked out"), "elsewhere");
    assert_eq!(git(&place.tree("web"), &["rev-parse", "--abbrev-ref", "@{upstream}"]), "origin/feat/pay");
    let anchor = place.home().join("repo-cache/core.anchor");
    assert_eq!(git(&anchor, &["for-each-ref", "--format=%(refname)", "refs/heads"]), "refs/heads/feat/pay");
    // Again: the same, and not a byte elsewhere.
    let before = everything(&place.tree("core"));
    for row in place.sync(&units).await {
        assert_eq!(changes(&row), UNCHANGED);
        assert!(row.notes.is_empty(), "{:?}", row.notes);
    }
    assert_eq!(everything(&place.tree("core")), before);
    let mut top: Vec<_> =
        fs::read_dir(place.home()).expect("there").map(|e| e.expect("there").file_name()).collect();
    top.sort();
    assert_eq!(top, ["features", "repo-cache"], "nothing outside the two folders");
    let inside = fs::read_dir(place.home().join("repo-cache")).expect("there").count();
    assert_eq!(inside, 2, "no lock and no part of a clone is left");
}

#[tokio::test]
async fn a_dry_run_plans_the_same_and_writes_nothing() {
    let place = Place::new();
    let up = place.upstream("core");
    let units = [unit("core", &up)];
    let row = &place.sync_how(&units, true).await[0];
    assert_eq!(changes(row), CREATED);
    assert_eq!(everything(&place.home()), []);
    place.sync(&units).await;
    up.push("new", "x", "main");
    let before = everything(&place.home());
    let row = &place.sync_how(&units, true).await[0];
    assert_eq!(row.anchor, Some(AnchorChange::Updated));
    assert_eq!(everything(&place.home()), before);
    assert_eq!(place.sync(&units).await[0].anchor, Some(AnchorChange::Updated));
}

#[tokio::test]
async fn work_is_counted_and_left_alone() {
    let place = Place::new();
    let up = place.upstream("core");
    let units = [unit("core", &up)];
    place.sync(&units).await;
    let tree = place.tree("core");
    commit(&tree, "mine", "1");
    commit(&tree, "mine", "2");
    fs::write(tree.join("README"), "changed").expect("written");
    fs::write(tree.join("draft"), "new").expect("written");
    up.push("theirs", "1", "main");
    let head = git(&tree, &["rev-parse", "HEAD"]);
    let row = &place.sync(&units).await[0];
    assert_eq!((row.ahead, row.behind, row.dirty), (Some(2), Some(1), Some(2)));
    assert_eq!((row.anchor, row.worktree), (Some(AnchorChange::Updated), Some(WorktreeChange::Unchanged)));
    assert!(row.notes.iter().any(|n| n.contains("2 files are not committed")), "{:?}", row.notes);
    assert_eq!(git(&tree, &["rev-parse", "HEAD"]), head);
    assert_eq!(fs::read_to_string(tree.join("README")).expect("there"), "changed");
    // Detached, and another branch.
    git(&tree, &["checkout", "-q", "--detach"]);
    let row = &place.sync(&units).await[0];
    assert!(row.notes.iter().any(|n| n.contains("detached")), "{:?}", row.notes);
    git(&tree, &["checkout", "-q", "-b", "aside"]);
    let row = &place.sync(&units).await[0];
    assert_eq!(row.error, None);
    assert!(row.notes.iter().any(|n| n.contains("`aside` is checked out")), "{:?}", row.notes);
}

#[tokio::test]
async fn a_rewritten_base_is_told_and_nothing_is_reset() {
    let place = Place::new();
    let up = place.upstream("core");
    up.push("second", "2", "main");
    let units = [unit("core", &up)];
    place.sync(&units).await;
    let tree = place.tree("core");
    commit(&tree, "mine", "1");
    let head = git(&tree, &["rev-parse", "HEAD"]);
    up.rewrite();
    for _ in 0..2 {
        let row = &place.sync(&units).await[0];
        assert_eq!(row.error, None);
        assert!(row.notes.iter().any(|n| n.contains("`main` was rewritten")), "{:?}", row.notes);
        assert_eq!(git(&tree, &["rev-parse", "HEAD"]), head);
    }
    git(&tree, &["rebase", "-q", "--onto", "origin/main", "HEAD~1"]);
    assert!(place.sync(&units).await[0].notes.is_empty(), "told until it is dealt with");
}

#[tokio::test]
async fn one_bad_repository_holds_up_no_other() {
    let place = Place::new();
    let (core, empty) = (place.upstream("core"), place.dir.path().join("empty.git"));
    git(place.dir.path(), &["init", "-q", "--bare", empty.to_str().expect("UTF-8")]);
    let mut unbased = unit("unbased", &core);
    unbased.base = Some("nowhere".into());
    let units = [
        unit_at("gone", "/nonexistent/repo.git"),
        unit("core", &core),
        unbased,
        unit_at("empty", empty.to_str().expect("UTF-8")),
    ];
    let rows = place.sync(&units).await;
    let error = |row: &SyncRepo| row.error.clone().expect("failed");
    assert_eq!(error(&rows[0]).code, Code::Tool);
    assert!(
        error(&rows[0]).message.contains("/nonexistent/repo.git"),
        "git's own words: {}",
        error(&rows[0])
    );
    assert_eq!(changes(&rows[1]), CREATED);
    assert!(error(&rows[2]).message.contains("`nowhere`"), "{}", error(&rows[2]));
    assert_eq!(error(&rows[3]).code, Code::Tool);
    assert!(!place.home().join("repo-cache/gone.anchor").exists());
}

#[tokio::test]
async fn a_worktree_of_another_clone_of_the_same_repository_is_taken_as_it_is() {
    let place = Place::new();
    let up = place.upstream("core");
    let (units, tree) = ([unit("core", &up)], place.tree("core"));
    let other = place.dir.path().join("by-hand");
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    git(place.dir.path(), &["clone", "-q", &up.url(), &path(&other)]);
    git(&other, &["worktree", "add", "-q", "-b", "feat/pay", &path(&tree), "origin/main"]);
    commit(&tree, "mine", "1");
    fs::write(tree.join("draft"), "new").expect("written");
    let before = everything(&tree);
    for _ in 0..2 {
        let row = &place.sync(&units).await[0];
        assert_eq!(changes(row), UNCHANGED);
        assert_eq!((row.ahead, row.dirty), (Some(1), Some(1)));
        assert!(row.notes[0].contains("a clone of its own"), "{:?}", row.notes);
    }
    assert_eq!(everything(&tree), before);
    assert!(!place.home().join("repo-cache/core.anchor").exists());
    let shown = log::log(place.host.as_ref(), None, &units[0], 5).await.expect("there");
    assert_eq!((shown.commits[0].own, shown.commits[1].own), (true, false));
    let differs = diff::diff(place.host.as_ref(), None, &units[0]).await.expect("there");
    assert_eq!(differs.committed.files[0].path, "mine");
    // Another repository's is somebody else's, as ever.
    let row = &place.sync(&[unit("core", &place.upstream("other"))]).await[0];
    assert_eq!(row.error.as_ref().expect("another").code, Code::Conflict);
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone() {
    let place = Place::new();
    let (core, web) = (place.upstream("core"), place.upstream("web"));
    let squatter = place.tree("core");
    fs::create_dir_all(&squatter).expect("made");
    fs::write(squatter.join("notes"), "mine").expect("written");
    let anchor = place.home().join("repo-cache/web.anchor");
    fs::create_dir_all(&anchor).expect("made");
    fs::write(anchor.join("file"), "mine").expect("written");
    let rows = place.sync(&[unit("core", &core), unit("web", &web)]).await;
    for row in rows {
        assert_eq!(row.error.expect("in the way").code, Code::Conflict, "{}", row.repo);
    }
    assert_eq!(fs::read_to_string(squatter.join("notes")).expect("there"), "mine");
    assert_eq!(fs::read_to_string(anchor.join("file")).expect("there"), "mine");
}

#[tokio::test]
async fn a_worktree_that_was_removed_by_hand_is_made_again() {
    let place = Place::new();
    let (core, other) = (place.upstream("core"), place.upstream("other"));
    let units = [unit("core", &core)];
    place.sync(&units).await;
    let tree = place.tree("core");
    commit(&tree, "mine", "1");
    let head = git(&tree, &["rev-parse", "HEAD"]);
    // Somebody else's worktree of this anchor that is also gone keeps its registration.
    let anchor = place.home().join("repo-cache/core.anchor");
    let aside = place.dir.path().join("aside");
    git(&anchor, &["worktree", "add", "-q", "-b", "aside", aside.to_str().expect("UTF-8"), "origin/main"]);
    fs::remove_dir_all(&aside).expect("removed");
    fs::remove_dir_all(&tree).expect("removed");
    let row = &place.sync(&units).await[0];
    assert_eq!(
        changes(row),
        (Some(AnchorChange::Unchanged), Some(BranchChange::Unchanged), Some(WorktreeChange::Created))
    );
    assert_eq!(git(&tree, &["rev-parse", "HEAD"]), head);
    assert!(git(&anchor, &["worktree", "list"]).contains("aside"));
    // An anchor of another repository.
    let row = &place.sync(&[unit("core", &other)]).await[0];
    assert_eq!(row.error.as_ref().expect("another").code, Code::Conflict);
}

#[tokio::test]
async fn commits_of_no_branch_are_not_lost_with_a_folder() {
    let place = Place::new();
    let up = place.upstream("core");
    let units = [unit("core", &up)];
    place.sync(&units).await;
    let tree = place.tree("core");
    git(&tree, &["checkout", "-q", "--detach"]);
    commit(&tree, "mine", "1");
    fs::remove_dir_all(&tree).expect("removed");
    let error = place.sync(&units).await[0].error.clone().expect("kept");
    assert_eq!(error.code, Code::Conflict);
    assert!(error.message.contains("commits of no branch"), "{error}");
}

#[tokio::test]
async fn what_was_interrupted_is_finished() {
    let place = Place::new();
    let up = place.upstream("core");
    let units = [unit("core", &up)];
    // A clone that was killed leaves a part beside the anchor's place.
    let part = place.home().join("repo-cache/.core~new");
    fs::create_dir_all(part.join(".git")).expect("made");
    place.sync(&units).await;
    assert!(!part.exists());
    // `git worktree add` that was killed in its checkout: locked, no index, a part of the files.
    let (tree, anchor) = (place.tree("core"), place.home().join("repo-cache/core.anchor"));
    let own = anchor.join("worktrees/core");
    fs::write(own.join("locked"), "initializing").expect("written");
    fs::remove_file(own.join("index")).expect("there");
    fs::remove_file(tree.join("README")).expect("there");
    fs::write(tree.join("mine"), "kept").expect("written");
    let row = &place.sync(&units).await[0];
    assert_eq!((row.error.clone(), row.worktree), (None, Some(WorktreeChange::Created)));
    assert_eq!(fs::read_to_string(tree.join("README")).expect("checked out"), "core");
    assert_eq!(row.dirty, Some(1), "only what was put there");
    assert_eq!(place.sync(&units).await[0].worktree, Some(WorktreeChange::Unchanged));
}

#[tokio::test]
async fn lists_and_discovery_only_look() {
    let place = Place::new();
    let up = place.upstream("core");
    let units = [unit("core", &up), unit_at("never", "/nonexistent")];
    place.sync(&units[..1]).await;
    let tree = place.tree("core");
    commit(&tree, "mine", "1");
    fs::write(tree.join("README"), "changed").expect("written");
    git(&tree, &["stash", "-q"]);
    let before = everything(&place.home());
    let rows = worktree::list(place.host.as_ref(), None, &units, 2).await.expect("answered");
    assert_eq!((rows[0].ahead, rows[0].dirty, rows[0].stashed), (Some(1), Some(0), Some(1)));
    assert_eq!(rows[0].last_commit.as_deref(), Some("change mine"));
    assert!(rows[0].present && !rows[1].present);
    assert_eq!(rows[1].branch, None);
    let found = discover::discover(place.host.as_ref(), None).await.expect("answered");
    assert_eq!(found.repos[0].url.as_deref(), Some(up.url().as_str()));
    assert_eq!(found.features[0].name.as_str(), "pay");
    assert_eq!(everything(&place.home()), before);
}
