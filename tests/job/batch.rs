//! The main job as one batch file.

use serde_json::Value;

use super::Fleet;
use crate::cli::batch::check;
use crate::support::Said;

/// The result of the run of a command.
fn result<'a>(records: &'a [Value], said: &Said, command: &str) -> &'a Value {
    let started = records
        .iter()
        .find(|r| r["event"] == "started" && r["command"].as_str().is_some_and(|c| c.starts_with(command)));
    let run = &started.unwrap_or_else(|| panic!("`{command}` was not run: {said:?}"))["run"];
    let finished = records.iter().find(|r| r["event"] == "finished" && r["run"] == *run);
    &finished.expect("one finished for each started")["result"]
}

#[test]
fn the_whole_main_job_is_a_batch_file() {
    let fleet = Fleet::new();
    fleet.conversation();
    let script = format!(
        "{}session start --host gpu --feature payments --repo core --name there -- /bin/sh\n\
         session start --feature payments --repo web --name here -- /bin/sh\n\
         session send there 'echo remote-$((40+2)); pwd' --enter\n\
         session send here 'echo local-$((40+3))' --enter\n\
         session wait there --for remote-42 --timeout 20s\n\
         session wait here --for local-43 --timeout 20s\n\
         session screen there\n\
         session list --hosts all\n\
         capture\n\
         search health\n\
         worktree list\n\
         session stop there\n\
         session stop here\n",
        fleet.workspace()
    );
    let said = fleet.place.sf_with_input(&["--batch"], &script);
    assert_eq!(said.status, 0, "{said:?}");
    let records = check(&said);
    assert!(records.iter().filter(|r| r["event"] == "finished").all(|r| r["ok"] == true), "{said:?}");

    let report = result(&records, &said, "sync");
    for host in report["features"][0]["hosts"].as_array().expect("hosts") {
        assert_eq!(host["ok"], true);
        let worktrees = host["repos"].as_array().expect("repositories").iter();
        assert!(worktrees.clone().all(|r| r["worktree"] == "created"), "{host}");
        assert_eq!(worktrees.count(), 2);
    }
    for repo in ["core", "web"] {
        assert!(fleet.place.home().join(format!("features/payments/{repo}/README.md")).exists());
        assert!(fleet.remote(&format!("features/payments/{repo}/README.md")).exists());
        assert!(fleet.remote(&format!("repo-cache/{repo}.anchor")).exists());
    }

    let screen = result(&records, &said, "session screen there");
    let lines: Vec<&str> =
        screen["lines"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    assert!(lines.contains(&"remote-42"), "{lines:?}");
    let workdir = fleet.remote("features/payments/core");
    assert!(lines.join("").contains(workdir.to_str().expect("text")), "it runs in the worktree: {lines:?}");

    let listed = result(&records, &said, "session list").as_array().expect("rows");
    let hosts: Vec<&str> = listed.iter().filter_map(|r| r["host"].as_str()).collect();
    assert!(hosts.contains(&"local") && hosts.contains(&"gpu"), "{listed:?}");
    assert_eq!(result(&records, &said, "capture")["sessions_new"], 1);
    assert!(result(&records, &said, "search")["total"].as_u64().is_some_and(|n| n > 0));
    assert_eq!(result(&records, &said, "worktree list").as_array().map(Vec::len), Some(4));

    // Once more: nothing is left to do.
    let again = fleet.place.sf_with_input(&["--batch"], &fleet.workspace());
    assert_eq!(again.status, 0, "{again:?}");
    let records = check(&again);
    let report = result(&records, &again, "sync");
    for host in report["features"][0]["hosts"].as_array().expect("hosts") {
        for repo in host["repos"].as_array().expect("repositories") {
            for part in ["anchor", "branch", "worktree"] {
                assert_eq!(repo[part], "unchanged", "{repo}");
            }
        }
    }
    assert_eq!(result(&records, &again, "bootstrap")[0]["uploaded"], false);
}

#[test]
fn with_a_host_down_the_other_hosts_work_is_done() {
    let mut fleet = Fleet::new();
    let workspace = fleet.workspace().replace("bootstrap --hosts gpu --yes\nsync payments\n", "");
    assert_eq!(fleet.place.sf_with_input(&["--batch"], &workspace).status, 0);
    fleet.gpu.stop();
    let said = fleet.place.sf_with_input(
        &["--batch", "--keep-going"],
        "sync payments\nsession start --feature payments --repo core --name here -- /bin/sh\nsession stop here\n",
    );
    assert_eq!(said.status, 3, "{said:?}");
    let records = check(&said);
    let finished: Vec<&Value> = records.iter().filter(|r| r["event"] == "finished").collect();
    assert_eq!(finished[0]["error"]["code"], "unreachable");
    let hosts = finished[0]["result"]["features"][0]["hosts"].as_array().expect("hosts");
    let ok = |name: &str| hosts.iter().find(|h| h["host"] == name).map(|h| h["ok"] == true);
    assert_eq!((ok("local"), ok("gpu")), (Some(true), Some(false)));
    assert!(fleet.place.home().join("features/payments/core/README.md").exists());
    assert!(finished[1..].iter().all(|r| r["ok"] == true), "{said:?}");
}
