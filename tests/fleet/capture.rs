//! Capture over a real link: the same as if the stores were here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::World;
use crate::support::{Sandbox, wait_for};

const SAMPLES: [&str; 5] = [
    "claude-code/tools-git",
    "claude-code/resume-fork",
    "claude-code/subagents",
    "codex/tools",
    "codex/forked",
];

/// By the tool's own id: the row of the list, and the messages as they were written.
type Captured = BTreeMap<String, (Value, Vec<u8>)>;

/// Puts sample stores into a home.
fn stores(home: &Path) {
    let place = Sandbox::new();
    for sample in SAMPLES {
        let from = crate::house::root().join("tests/fixtures/tools").join(sample);
        // A fixture is a home, or the folder of one tool.
        let (from, to) = match from.join("home") {
            whole if whole.exists() => (whole, home.to_owned()),
            _ => (from.join("dot-codex"), home.join(".codex")),
        };
        place.sh(&format!("mkdir -p {to}; cp -r {from}/. {to}", from = from.display(), to = to.display()));
    }
}

/// What the list says and what was written, by the tool's own id, without the host.
fn captured(place: &Sandbox) -> Captured {
    let rows = place.json(&["list", "--limit", "0"]);
    let rows = rows.as_array().expect("rows").iter().map(|row| {
        let id = row["id"].as_str().expect("an id");
        let messages = place.sf_home().join(format!("sessions/{id}.sfs/messages.jsonl"));
        let mut row = row.clone();
        row["host"] = Value::Null;
        (row["native_id"].to_string(), (row, fs::read(messages).expect("messages")))
    });
    rows.collect()
}

/// A host with an sf and stores, and what a capture of the same stores gives here.
fn prepare() -> (World, crate::support::sshd::Sshd, Captured) {
    let world = World::new();
    let sshd = world.net.host("far");
    stores(&sshd.home);
    let _ = world.place.json(&["host", "add", "far", "far"]);
    let here = Sandbox::new();
    stores(&here.home());
    let _ = here.json(&["capture"]);
    let expected = captured(&here);
    assert!(expected.len() > 5);
    (world, sshd, expected)
}

#[test]
fn stores_of_a_host_are_captured_as_if_they_were_here() {
    let (world, sshd, expected) = prepare();
    let place = &world.place;
    let said = place.sf(&["capture", "--hosts", "far", "--json"]);
    assert_eq!(said.json()["error"]["code"], "unsupported", "no sf there: {said:?}");
    assert!(said.json()["error"]["hints"].to_string().contains("sf bootstrap --hosts far"), "{said:?}");
    let _ = place.json(&["bootstrap", "--hosts", "far", "--yes"]);
    let first = place.json(&["capture", "--hosts", "far"]);
    assert_eq!(first["sessions_new"].as_u64(), Some(expected.len() as u64), "{first}");
    assert_eq!((&first["by_host"][0]["host"], &first["by_host"][0]["ok"]), (&json!("far"), &json!(true)));
    assert_eq!(captured(place), expected);
    let rows = place.json(&["list", "--host", "far", "--limit", "0"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(expected.len()));
    let second = place.json(&["capture", "--hosts", "all"]);
    for field in ["sessions_new", "sessions_updated", "messages", "bytes_read", "skipped_lines"] {
        assert_eq!(second[field], 0, "{field} of {second}");
    }
    // Only what is appended is read.
    let log = place.sh(&format!(
        "find {} -name '*.jsonl' -path '*projects*' -size +2k | sort | head -n 1",
        sshd.home.display()
    ));
    let text = fs::read_to_string(log.trim()).expect("a log");
    let last = text.lines().rev().find(|l| l.contains("\"type\":\"user\"")).expect("a prompt");
    let mut line: Value = serde_json::from_str(last).expect("JSON");
    line["uuid"] = json!("11111111-2222-4333-8444-555555555555");
    line["message"] = json!({ "role": "user", "content": "a zebra crossed the link" });
    fs::write(log.trim(), format!("{text}{line}\n")).expect("written");
    let third = place.json(&["capture", "--hosts", "far"]);
    assert_eq!(third["messages"], 1, "{third}");
    assert!(third["bytes_read"].as_u64().expect("counted") < line.to_string().len() as u64 + 2);
    let hits = place.json(&["search", "zebra crossed"]);
    assert_eq!(hits["total"], 1, "{hits}");
}

#[test]
fn a_link_that_is_cut_in_the_middle_loses_and_repeats_nothing() {
    let (world, mut sshd, expected) = prepare();
    let place = &world.place;
    let _ = place.json(&["bootstrap", "--hosts", "far", "--yes"]);
    let mut running = place.sf_command(&["capture", "--hosts", "far"]);
    let mut child = running
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("started");
    let sessions = place.sf_home().join("sessions");
    let _ = wait_for("the first transcript", || fs::read_dir(&sessions).ok()?.next());
    sshd.stop();
    let status = child.wait().expect("ended");
    assert!([Some(0), Some(3)].contains(&status.code()), "{status:?}");
    let said = place.sf(&["capture", "--hosts", "all", "--json"]);
    assert_eq!(said.status, 3, "a dead host: {said:?}");
    let answer = said.json();
    assert_eq!(answer["error"]["code"], "unreachable");
    assert_eq!(answer["result"]["by_host"][0]["error"]["code"], "unreachable");
    sshd.start();
    let _ = place.json(&["capture", "--hosts", "far"]);
    assert_eq!(captured(place), expected);
}
