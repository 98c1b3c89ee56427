//! Letting others in: by the link, and only by the link.

use serde_json::{Value, json};

use crate::support::pty::Terminal;
use crate::support::users::Users;
use crate::support::{Sandbox, wait_for};

const OWNER: usize = 0;
const OTHER: usize = 1;
const THIRD: usize = 2;

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}")).to_owned()
}

/// A session that answers each line.
fn session(users: &Users) -> String {
    let script = "while read line; do echo got:$line; done";
    let started = users.json(OWNER, &["session", "start", "--name", "work", "--", "sh", "-c", script]);
    text(&started, "id")
}

fn adopt(users: &Users, user: usize, link: &str) -> Terminal {
    Terminal::run(&users.sf_command(user, &["session", "adopt", link]), 80, 24)
}

#[test]
fn another_user_comes_in_by_the_link_and_only_by_the_link() {
    let Some(users) = Users::make(3) else { return };
    let id = session(&users);
    // Without a link: nothing.
    assert_eq!(users.json(OTHER, &["session", "list"]), json!([]));
    assert_eq!(users.sf(OTHER, &["session", "screen", &id]).status, 1);
    let socket = users.home(OWNER).join("sf/run").join(format!("{id}.sock"));
    let reaches = |user| {
        let mut test = users.command(user, "/usr/bin/test");
        test.arg("-S").arg(&socket).status().expect("run").success()
    };
    assert!(reaches(OWNER) && !reaches(OTHER), "the socket of another is out of reach");
    // With it: the same terminal.
    let given = users.json(OWNER, &["session", "share", "work", "--yes"]);
    let link = text(&given, "link");
    assert!(text(&given, "command").contains(&link), "{given}");
    let wrong = format!("{}{}", &link[..link.len() - 1], if link.ends_with('0') { '1' } else { '0' });
    let mut refused = adopt(&users, OTHER, &wrong);
    refused.wait_text("does not let you in");
    assert_eq!(refused.exit(), 4);
    let mut other = adopt(&users, OTHER, &link);
    wait_for("the other is in", || {
        let shown = users.json(OWNER, &["session", "show", "work"]);
        (shown["people"] == json!([users.name(OTHER)]) && shown["shared"] == json!(true)).then_some(())
    });
    other.send("hello\r");
    other.wait_text("got:hello");
    let raw = other.raw();
    assert!(raw.contains(users.name(OWNER)) && raw.contains(users.name(OTHER)), "who is in is said");
    // Used once.
    let mut third = adopt(&users, THIRD, &link);
    third.wait_text("does not let you in");
    assert_eq!(third.exit(), 4);
    // Taken back: the other is out at once.
    users.json(OWNER, &["session", "unshare", "work"]);
    other.exit();
    assert_eq!(users.json(OWNER, &["session", "show", "work"])["shared"], json!(false));
    let mut late = adopt(&users, OTHER, &link);
    late.wait_text("does not let you in");
    late.exit();
    // Every step is written down.
    let log = users.json(OWNER, &["log"]);
    let steps: Vec<(String, String)> =
        log.as_array().expect("steps").iter().map(|step| (text(step, "event"), text(step, "user"))).collect();
    let step = |event: &str, user| (event.to_owned(), users.name(user).to_owned());
    for wanted in [
        step("shared", OWNER),
        step("refused", OTHER),
        step("taken", OTHER),
        step("refused", THIRD),
        step("unshared", OWNER),
        step("left", OTHER),
    ] {
        assert!(steps.contains(&wanted), "{wanted:?} in {steps:?}");
    }
    assert!(!log.to_string().contains(&link[link.len() - 32..]), "no secret is written down");
}

#[test]
fn another_user_may_be_let_in_to_look_only() {
    let Some(users) = Users::make(2) else { return };
    session(&users);
    let given = users.json(OWNER, &["session", "share", "work", "--read-only", "--yes"]);
    let mut other = adopt(&users, OTHER, &text(&given, "link"));
    wait_for("the other is in", || {
        (users.json(OWNER, &["session", "show", "work"])["people"] != json!([])).then_some(())
    });
    other.send("typed by the other\r");
    users.json(OWNER, &["session", "send", "work", "--enter", "typed by the owner"]);
    other.wait_text("got:typed by the owner");
    let screen = users.json(OWNER, &["session", "screen", "work"]).to_string();
    assert!(!screen.contains("by the other"), "{screen}");
    // Either side ends it: the other leaves.
    other.send("\u{1d}");
    other.exit();
    wait_for("the other is out", || {
        (users.json(OWNER, &["session", "show", "work"])["people"] == json!([])).then_some(())
    });
}

#[test]
fn a_link_ends_with_its_time_and_sends_out_who_is_in() {
    let Some(users) = Users::make(2) else { return };
    session(&users);
    let given = users.json(OWNER, &["session", "share", "work", "--for", "3s", "--yes"]);
    let link = text(&given, "link");
    let mut other = adopt(&users, OTHER, &link);
    other.exit();
    let shown = users.json(OWNER, &["session", "show", "work"]);
    assert_eq!((&shown["shared"], &shown["people"]), (&json!(false), &json!([])), "{}", other.raw());
    let gates = std::fs::read_dir("/tmp").expect("listed").filter_map(|entry| Some(entry.ok()?.file_name()));
    let gate = link.rsplit('/').next().and_then(|rest| rest.split('#').next()).expect("a gate").to_owned();
    assert!(!gates.into_iter().any(|name| name.to_string_lossy().contains(&gate)), "the gate is gone");
    assert!(users.json(OWNER, &["log"]).to_string().contains("expired"));
}

#[test]
fn sharing_asks_and_pausing_needs_a_session() {
    let place = Sandbox::new();
    place.json(&["session", "start", "--name", "work", "--", "cat"]);
    let asked = place.sf(&["--json", "session", "share", "work"]);
    assert_eq!((asked.status, asked.json()["error"]["code"].clone()), (4, json!("needs_consent")));
    let outside = place.sf(&["--json", "pause"]);
    assert_eq!((outside.status, outside.json()["error"]["code"].clone()), (4, json!("refused")));
}

#[test]
fn a_tool_pauses_the_session_that_it_runs_in() {
    let place = Sandbox::new();
    let sf = env!("CARGO_BIN_EXE_sf");
    let script = format!("'{sf}' --json pause; '{sf}' --json pause --end; echo over");
    place.json(&["session", "start", "--name", "work", "--size", "300x24", "--", "sh", "-c", &script]);
    place.json(&["session", "wait", "work", "--for", "exit", "--timeout", "30s"]);
    let screen = place.json(&["session", "screen", "work"]).to_string();
    assert!(screen.contains("sf://") && screen.contains("ssh -t") && screen.contains("shared"), "{screen}");
    let events: Vec<String> =
        place.json(&["log"]).as_array().expect("steps").iter().map(|step| text(step, "event")).collect();
    assert_eq!(events, ["shared", "unshared"]);
}
