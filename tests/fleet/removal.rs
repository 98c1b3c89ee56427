//! Removing over a real link, with a host that goes down.

use std::fs;

use serde_json::json;

use super::World;
use crate::support::git::{Upstream, commit};

#[test]
fn a_host_that_is_down_keeps_its_worktree_and_the_feature() {
    let world = World::new();
    let mut sshd = world.net.host("far");
    let up = Upstream::new(&world.place.path().join("up"), "core");
    for line in [
        format!("repo add core {} --base main", up.url()),
        "host add far far".into(),
        "feature new pay".into(),
        "attach pay core --hosts all".into(),
        "sync pay".into(),
    ] {
        let _ = world.place.json(&line.split(' ').collect::<Vec<_>>());
    }
    let (near, far) = (world.place.home().join("features/pay/core"), sshd.home.join("features/pay/core"));
    commit(&far, "mine", "1");
    fs::write(far.join("draft"), "far away").expect("written");
    let said = world.place.sf(&["feature", "destroy", "pay", "--yes", "--json"]);
    assert_eq!(said.status, 4, "{said:?}");
    let kept = said.json()["result"]["kept"].clone();
    assert_eq!((&kept[0]["host"], &kept[0]["losses"]["untracked"]), (&json!("far"), &json!(["draft"])));
    assert!(near.join("README").exists(), "nothing is removed anywhere");

    sshd.stop();
    let said = world.place.sf(&["feature", "destroy", "pay", "--force", "--yes", "--json"]);
    assert_eq!(said.status, 3, "{said:?}");
    let result = said.json()["result"].clone();
    assert_eq!((&result["removed"][0]["host"], &result["kept"][0]["host"]), (&json!("local"), &json!("far")));
    assert!(!near.exists() && far.join("draft").exists());
    let known = world.place.json(&["feature", "show", "pay"]);
    assert_eq!(known["repos"], json!([{ "repo": "core", "hosts": ["far"] }]));

    sshd.start();
    let _ = world.place.json(&["feature", "destroy", "pay", "--force", "--yes"]);
    assert!(!far.exists());
    assert_eq!(world.place.json(&["feature", "list"]), json!([]));
    assert!(fs::read_dir(sshd.home.join("sf/trash")).expect("there").count() > 0, "kept on its host");
    let back = world.place.json(&["feature", "restore", "pay"]);
    assert_eq!(back["restored"].as_array().map(Vec::len), Some(2), "{back}");
    assert_eq!(fs::read_to_string(far.join("draft")).expect("back"), "far away");
    assert!(far.join("mine").exists() && near.join("README").exists());
    let report = world.place.json(&["sync", "pay"]);
    for host in report["features"][0]["hosts"].as_array().expect("hosts") {
        assert_eq!(host["repos"][0]["worktree"], "unchanged", "{report}");
    }
}

#[test]
fn a_machine_with_two_names_brings_back_under_the_one_that_was_removed() {
    let world = World::new();
    let sshd = world.net.host("far");
    let up = Upstream::new(&world.place.path().join("up"), "core");
    for line in [
        format!("repo add core {} --base main", up.url()),
        "host add again far".into(),
        "host add far far".into(),
        "feature new pay".into(),
        "attach pay core --hosts far".into(),
        "sync pay".into(),
    ] {
        let _ = world.place.json(&line.split(' ').collect::<Vec<_>>());
    }
    let worktree = sshd.home.join("features/pay/core");
    fs::write(worktree.join("draft"), "once").expect("written");
    let _ = world.place.json(&["feature", "destroy", "pay", "--force", "--yes"]);
    assert!(!worktree.exists());
    let back = world.place.json(&["feature", "restore", "pay"]);
    let restored = back["restored"].as_array().expect("rows");
    assert_eq!(restored.iter().map(|row| &row["host"]).collect::<Vec<_>>(), [&json!("far")], "{back}");
    assert_eq!(restored[0]["error"], json!(null), "{back}");
    assert_eq!(fs::read_to_string(worktree.join("draft")).expect("back"), "once");
    assert_eq!(
        world.place.json(&["feature", "show", "pay"])["repos"],
        json!([{ "repo": "core", "hosts": ["far"] }])
    );
}
