//! `--batch`.

use serde_json::Value;

use crate::support::{Said, Sandbox};

/// Every line is a record, and there is exactly one `finished` for each `started`.
pub fn check(said: &Said) -> Vec<Value> {
    let records = said.lines();
    let runs = |event: &str| -> Vec<u64> {
        let mine = records.iter().filter(|r| r["event"] == event);
        mine.map(|r| r["run"].as_u64().expect("a number")).collect()
    };
    assert!(records.iter().all(|r| r["v"] == 1), "{said:?}");
    assert_eq!(runs("started"), runs("finished"), "{said:?}");
    records
}

#[test]
fn a_batch_comes_from_arguments_a_file_or_standard_input() {
    let place = Sandbox::new();
    let script = "# two commands\n\nrepo add core '/srv/core.git' # trailing\nrepo list\n";
    let file = place.path().join("batch");
    std::fs::write(&file, script).expect("written");
    for said in [
        place.sf(&["--batch", file.to_str().expect("text")]),
        place.sf_with_input(&["--batch"], script),
        place.sf_with_input(&["--batch", "-"], script),
    ] {
        assert_eq!(said.status, 0, "{said:?}");
        let records = check(&said);
        assert_eq!(records.len(), 4);
        assert_eq!(records[0]["command"], "repo add core /srv/core.git");
        assert_eq!(records[3]["result"][0]["name"], "core");
    }
    let one = place.sf(&["--batch", "repo", "list"]);
    assert_eq!(check(&one).len(), 2);
}

#[test]
fn a_mistake_on_the_last_line_costs_nothing() {
    let place = Sandbox::new();
    for last in ["repo ad x y", "repo add 'open", "quit", "feature new ../x", "repo list --home /x", "help"] {
        let said = place.sf_with_input(&["--batch"], &format!("repo add core /srv/core.git\n{last}\n"));
        assert_eq!(said.status, 2, "{last}: {said:?}");
        assert!(said.lines().iter().all(|r| r["event"] != "started"), "{last}: {said:?}");
        assert!(said.stderr.contains("line 2"), "{last}: {said:?}");
    }
    assert_eq!(place.json(&["repo", "list"]), serde_json::json!([]));
}

#[test]
fn a_failure_ends_the_batch_unless_told_to_go_on() {
    let place = Sandbox::new();
    let script = "feature show nope\nrepo list\n";
    let said = place.sf_with_input(&["--batch"], script);
    assert_eq!(said.status, 1);
    assert_eq!(check(&said).len(), 2);
    let said = place.sf_with_input(&["--batch", "--keep-going"], script);
    assert_eq!(said.status, 1, "the first failure's");
    assert_eq!(check(&said).len(), 4);
}

#[test]
fn what_was_run_can_be_run_again() {
    let place = Sandbox::new();
    let script = "repo add core /srv/core.git --base main\nfeature new payments\n";
    assert_eq!(place.sf_with_input(&["--batch"], script).status, 0);
    let file = place.path().join("again");
    let file = file.to_str().expect("text");
    assert_eq!(place.json(&["journal", "export", file])["commands"], 2);
    let said = place.sf(&["--batch", file]);
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(check(&said).len(), 4);
}

#[test]
fn options_of_the_batch_hold_for_every_line() {
    let place = Sandbox::new();
    let said = place.sf_with_input(&["--batch", "--dry-run"], "feature new payments\nfeature list\n");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(check(&said)[3]["result"], serde_json::json!([]));
}
