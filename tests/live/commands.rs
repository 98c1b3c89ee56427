//! The commands, as scripts and people call them.

use serde_json::{Value, json};

use crate::support::pty::Terminal;
use crate::support::{Sandbox, wait_for};

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_script_drives_a_session_from_start_to_end() {
    let place = Sandbox::new();
    let started =
        place.json(&["session", "start", "--name", "work", "--", "sh", "-c", "read x; echo got $x; exit 3"]);
    assert_eq!(started["host"], "local");
    assert_eq!(started["command"], json!(["sh", "-c", "read x; echo got $x; exit 3"]));
    assert_eq!(started["workdir"].as_str(), place.home().to_str());
    assert!(started["pid"].is_u64());
    let rows = place.json(&["session", "list"]);
    assert_eq!((rows[0]["id"].clone(), rows[0]["name"].as_str()), (started["id"].clone(), Some("work")));
    for field in ["tool", "feature", "repo", "exit_code", "transcript", "title"] {
        assert_eq!(rows[0].get(field), Some(&Value::Null), "{field} is null, not absent");
    }
    place.json(&["session", "send", "work", "--enter", "--", "-dash"]);
    let waited = place.json(&["session", "wait", "work", "--for", "exit", "--timeout", "20s"]);
    assert_eq!((waited["state"].as_str(), waited["exit_code"].as_i64()), (Some("exited"), Some(3)));
    let screen = place.json(&["session", "screen", "work"]);
    assert_eq!((screen["cols"].as_u64(), screen["rows"].as_u64()), (Some(80), Some(24)));
    assert_eq!(screen["lines"][1], "got -dash");
    assert_eq!(screen["cursor"], json!([0, 2]));
    let explained = place.json(&["session", "explain", "work"]);
    assert_eq!(explained["rule"], "exit-status");
    let stopped = place.json(&["session", "stop", "work"]);
    assert_eq!(stopped["state"], "exited");
}

#[test]
fn sessions_are_found_by_what_people_remember() {
    let place = Sandbox::new();
    let first = id(&place.json(&["session", "start", "--name", "first", "--", "cat"]));
    let second = id(&place.json(&["session", "start", "--", "cat"]));
    let shown = |word: &str| id(&place.json(&["session", "show", word]));
    let bare = second.strip_prefix("live_").expect("its form");
    for word in [second.as_str(), &second[..14], bare, &bare[..9], "@last"] {
        assert_eq!(shown(word), second, "{word}");
    }
    assert_eq!(shown("first"), first);
    let ambiguous = place.sf(&["session", "show", "live_"]);
    assert_eq!(ambiguous.status, 2);
    assert!(ambiguous.stderr.contains(&first) && ambiguous.stderr.contains(&second), "{ambiguous:?}");
    let missing = place.sf(&["session", "show", "nobody", "--json"]);
    assert_eq!((missing.status, missing.json()["error"]["code"].as_str()), (1, Some("not_found")));
    // A name is free again after its session's end, and then means the one that runs.
    place.json(&["session", "stop", "first", "--force"]);
    let again = id(&place.json(&["session", "start", "--name", "first", "--", "cat"]));
    assert_eq!(shown("first"), again);
}

#[test]
fn what_goes_wrong_has_its_code() {
    let place = Sandbox::new();
    place.json(&["session", "start", "--name", "one", "--", "cat"]);
    for (args, status, code) in [
        (&["session", "start", "--name", "one", "--", "cat"][..], 4, "conflict"),
        (&["session", "start", "--workdir", "/no/such", "--", "cat"], 1, "not_found"),
        (&["session", "start", "--", "no-such-program"], 1, "not_found"),
        (&["session", "start", "--feature", "none", "--", "cat"], 1, "not_found"),
        (&["session", "start", "--size", "0x0", "--", "cat"], 2, "usage"),
        (&["session", "send", "one", "hyper-x", "--keys"], 2, "usage"),
        (&["session", "send", "one"], 2, "usage"),
        (&["session", "wait", "one", "--for", "never", "--timeout", "200ms"], 1, "timeout"),
    ] {
        let said = place.sf(&[&["--json"], args].concat());
        assert_eq!(said.status, status, "{args:?}: {said:?}");
        assert_eq!(said.json()["error"]["code"], code, "{args:?}");
    }
    assert_eq!(
        place.json(&["session", "list"]).as_array().map(Vec::len),
        Some(1),
        "nothing else was started"
    );
}

#[test]
fn several_are_an_array_and_a_dry_run_starts_none() {
    let place = Sandbox::new();
    let said =
        place.json(&["--dry-run", "session", "start", "--name", "x", "--count", "2", "--tool", "claude"]);
    assert_eq!(said[1]["name"], "x-2");
    assert_eq!((said[0]["id"].clone(), said[0]["command"].clone()), (Value::Null, json!(["claude"])));
    assert_eq!(place.json(&["session", "list"]), json!([]));
}

#[test]
fn a_worktree_of_a_feature_is_the_folder() {
    let place = Sandbox::new();
    let url = place.bare_repo("core");
    place.json(&["repo", "add", "core", &url]);
    place.json(&["feature", "new", "payments"]);
    let early = place.sf(&["session", "start", "--feature", "payments", "--repo", "core", "--", "cat"]);
    assert_eq!(early.status, 1, "not attached");
    place.json(&["attach", "payments", "core"]);
    let unsynced = place.sf(&["session", "start", "--feature", "payments", "--repo", "core", "--", "cat"]);
    assert!(unsynced.status == 1 && unsynced.stderr.contains("sf sync payments"), "{unsynced:?}");
    place.json(&["sync", "payments"]);
    let words =
        ["session", "start", "--feature", "payments", "--repo", "core", "--tool", "codex", "--dry-run"];
    assert_eq!(place.json(&words)["workdir"], "~/features/payments/core");
    let started = place.json(&["session", "start", "--feature", "payments", "--repo", "core", "--", "cat"]);
    assert_eq!(started["workdir"].as_str(), place.home().join("features/payments/core").to_str());
    let row = place.json(&["session", "show", "@last"]);
    assert_eq!((row["feature"].as_str(), row["repo"].as_str()), (Some("payments"), Some("core")));
}

#[test]
fn a_batch_starts_waits_and_stops() {
    let place = Sandbox::new();
    let script = "session start --name b -- sh -c 'echo ready; cat'\nsession wait b --for ready\nsession send b hello --enter\n\
                  session wait b --for 'hello' \nsession stop b --force\n";
    let said = place.sf_with_input(&["--batch", "--keep-going"], script);
    let finished: Vec<Value> = said.lines().into_iter().filter(|l| l["event"] == "finished").collect();
    let ok: Vec<_> = finished.iter().map(|l| l["ok"].as_bool().expect("said")).collect();
    assert_eq!(ok, [true; 5], "{said:?}");
    let attach = place.sf(&["--batch", "session", "attach", "b"]);
    assert_eq!(attach.status, 2, "it needs a terminal: {attach:?}");
}

#[test]
fn run_attaches_leaves_and_comes_back() {
    let place = Sandbox::new();
    let mut terminal = Terminal::start(
        &place,
        &["run", "--name", "r", "sh", "-c", "stty size; while read x; do echo got $x; done"],
        70,
        20,
    );
    terminal.wait_text("20 70");
    terminal.send("hello\r");
    terminal.wait_text("got hello");
    terminal.resize(90, 25);
    wait_for("the new size", || {
        let row = place.json(&["session", "show", "r"]);
        (row["cols"] == 90 && row["rows"] == 25).then_some(())
    });
    terminal.send("\x1d");
    terminal.wait_text("it goes on");
    assert_eq!(terminal.exit(), 0);
    assert!(terminal.raw().contains("\x1b[?2004l"), "its modes are put back");
    let row = place.json(&["session", "show", "r"]);
    assert_eq!((row["clients"].as_u64(), row["exit_code"].clone()), (Some(0), Value::Null));
    let mut again = Terminal::start(&place, &["session", "attach", "r"], 90, 25);
    again.wait_text("got hello");
    // Twice is for the program: its terminal shows it as ^].
    again.send("\x1d\x1d");
    again.wait_text("^]");
    again.send("\x15\x04");
    again.wait_text("has ended with status 0");
    assert_eq!(again.exit(), 0);
}

#[test]
fn an_attached_sf_that_is_killed_leaves_the_session_alone() {
    let place = Sandbox::new();
    let mut terminal = Terminal::start(&place, &["run", "--name", "k", "cat"], 80, 24);
    terminal.send("one\r");
    terminal.wait("the echo", |text| text.matches("one").count() == 2);
    terminal.kill();
    wait_for("the client to be gone", || {
        (place.json(&["session", "show", "k"])["clients"] == 0).then_some(())
    });
    let again = Terminal::start(&place, &["session", "attach", "k"], 80, 24);
    again.wait("the screen", |text| text.matches("one").count() == 2);
}
