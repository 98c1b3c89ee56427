use super::super::tree::Known;
use super::*;
use crate::error::Code;
use crate::model::workspace::{Feature, Repo, RepoOptions};

fn unit(base: Option<&str>) -> Unit {
    let repo = Repo {
        name: "core".parse().expect("a name"),
        url: "/srv/core".into(),
        base: None,
        options: RepoOptions::default(),
    };
    let feature = Feature {
        name: "pay".parse().expect("a name"),
        branch: "feat/pay".into(),
        base: base.map(str::to_owned),
        repos: Vec::new(),
    };
    Unit::new(&feature, &repo)
}

fn present() -> Anchor {
    Anchor { state: anchor::State::Present, ..Anchor::default() }
}

fn remote(branches: &[&str]) -> Anchor {
    Anchor {
        remote: branches.iter().map(|b| ((*b).to_owned(), "1f".to_owned())).collect(),
        default: Some("main".into()),
        ..Anchor::default()
    }
}

#[test]
fn nothing_there_makes_everything() {
    let plan = |branches, base| plan(&unit(base), &remote(branches), &Tree::default());
    let fresh = plan(&["main"], None).expect("a base");
    assert_eq!(fresh.anchor, AnchorChange::Created);
    assert_eq!(
        (fresh.branch, fresh.worktree, fresh.make),
        (BranchChange::Created, WorktreeChange::Created, Some(Make::Add))
    );
    assert_eq!(plan(&["main", "feat/pay"], None).expect("a base").branch, BranchChange::Tracked);
    let error = plan(&["main"], Some("dev")).expect_err("no such base");
    assert_eq!(error.code, Code::Tool);
    assert!(error.message.contains("`dev`"), "{error}");
    assert_eq!(plan(&[], None).expect_err("an empty remote").code, Code::Tool);
}

#[test]
fn everything_there_changes_nothing() {
    let tree = Tree { place: Place::Present, local: true, ..Tree::default() };
    let plan = plan(&unit(None), &present(), &tree).expect("fine");
    assert_eq!((plan.anchor, plan.branch), (AnchorChange::Unchanged, BranchChange::Unchanged));
    assert_eq!((plan.worktree, plan.make), (WorktreeChange::Unchanged, None));
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let tree = Tree { place: Place::Foreign, path: Some("/x".into()), ..Tree::default() };
    assert_eq!(plan(&unit(None), &present(), &tree).expect_err("foreign").code, Code::Conflict);
    for state in [anchor::State::Foreign, anchor::State::Other("/other".into())] {
        let anchor = Anchor { state, ..Anchor::default() };
        assert_eq!(plan(&unit(None), &anchor, &Tree::default()).expect_err("not ours").code, Code::Conflict);
    }
    let known =
        Known { path: "/y".into(), branch: Some("feat/pay".into()), exists: true, ..Known::default() };
    let tree = Tree { local: true, known: vec![known], ..Tree::default() };
    let error = plan(&unit(None), &present(), &tree).expect_err("elsewhere");
    assert!(error.message.contains("`/y`"), "{error}");
}

#[test]
fn a_worktree_that_is_gone_is_made_again_unless_work_would_be_lost() {
    let gone = Known { path: "/w".into(), branch: Some("feat/pay".into()), ours: true, ..Known::default() };
    let seen = |known: Known| Tree { local: true, known: vec![known], ..Tree::default() };
    let fine = plan(&unit(None), &present(), &seen(gone.clone())).expect("again");
    assert_eq!((fine.make, fine.branch), (Some(Make::Again), BranchChange::Unchanged));
    for known in [Known { locked: true, ..gone.clone() }, Known { lonely: true, ..gone }] {
        assert_eq!(plan(&unit(None), &present(), &seen(known)).expect_err("kept").code, Code::Conflict);
    }
}
