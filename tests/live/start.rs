//! Starting: templates, first prompts, many at once, and what tmux has.

use serde_json::{Value, json};

use crate::support::{Sandbox, wait_for};

/// A tool that shows a prompt after a moment of drawing, knows pasting, and says what it was given.
const TOOL: &str = r#"#!/bin/sh
printf 'loading\n'
printf '\033[?2004h\033]0;✳ Tool\007ready %s %s\n' "$1" "$MOOD"
stty -echo -icanon min 1
dd bs=1 count=24 2>/dev/null | od -c | head -4
cat
"#;

fn tool(place: &mut Sandbox) {
    let bin = place.home().join("bin");
    std::fs::create_dir_all(&bin).expect("made");
    std::fs::write(bin.join("claude"), TOOL).expect("written");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("claude"), open).expect("executable");
    place.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
}

#[test]
fn a_template_says_tool_arguments_environment_and_first_prompt() {
    let mut place = Sandbox::new();
    tool(&mut place);
    let config = "[template.fix]\nname = \"fix\"\ntool = \"claude-code\"\nargs = [\"--fast\"]\nprompt = \"first\\nsecond\"\n\
                  [template.fix.env]\nMOOD = \"calm\"\n";
    std::fs::write(place.sf_home().join("config.toml"), config).expect("written");
    let dry = place.json(&["session", "start", "--template", "fix", "--dry-run"]);
    assert_eq!((dry["name"].clone(), dry["command"].clone()), (json!("fix"), json!(["claude", "--fast"])));
    let started = place.json(&["session", "start", "--template", "fix", "--name", "mine"]);
    assert_eq!(started["name"], json!("mine"), "what is given counts more");
    let screen = wait_for("the first prompt", || {
        let screen = place.json(&["session", "screen", "mine"]).to_string();
        screen.contains("f   i   r   s   t").then_some(screen)
    });
    assert!(screen.contains("ready --fast calm"), "{screen}");
    assert!(screen.contains("033   [   2   0   0   ~   f   i   r   s   t"), "pasted, not typed: {screen}");
    let unknown = place.sf(&["--json", "session", "start", "--template", "none"]);
    assert!(
        unknown.json()["error"]["message"].as_str().is_some_and(|text| text.contains("fix")),
        "{unknown:?}"
    );
    let many = place.json(&["session", "start", "--template", "fix", "--count", "3", "--", "cat"]);
    let names: Vec<Value> =
        many.as_array().expect("an array").iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, [json!("fix-1"), json!("fix-2"), json!("fix-3")]);
}

#[test]
fn what_tmux_has_is_listed_and_opened_and_goes_on() {
    let mut place = Sandbox::new();
    let sockets = place.path().join("tmux");
    std::fs::create_dir(&sockets).expect("made");
    place.set("TMUX_TMPDIR", sockets.to_str().expect("UTF-8").to_owned());
    assert_eq!(place.json(&["session", "tmux"]), json!([]));
    place.sh("tmux -f /dev/null new-session -d -s old 'echo from tmux; exec cat'");
    let listed = place.json(&["session", "tmux"]);
    assert_eq!((listed[0]["name"].clone(), listed[0]["windows"].clone()), (json!("old"), json!(1)));
    let opened = place.json(&["session", "tmux", "old"]);
    let id = opened["id"].as_str().expect("an id").to_owned();
    place.json(&["session", "wait", &id, "--for", "from tmux", "--timeout", "20s"]);
    place.json(&["session", "stop", &id, "--force"]);
    assert_eq!(place.json(&["session", "tmux"])[0]["name"], json!("old"), "it is tmux's");
    place.sh("tmux kill-server");
}

#[test]
fn a_session_that_was_lost_is_listed_and_started_anew() {
    let place = Sandbox::new();
    let started = place.json(&["session", "start", "--name", "work", "--", "sh", "-c", "echo up; exec cat"]);
    let id = started["id"].as_str().expect("an id");
    let record = place.sf_home().join(format!("run/{id}.json"));
    // As after a restart of the machine: another boot, and nobody there.
    place.json(&["session", "stop", "work", "--force"]);
    let mut told: Value = serde_json::from_slice(&std::fs::read(&record).expect("read")).expect("JSON");
    told["ended"] = Value::Null;
    told["boot"] = json!("another");
    told["holder"] = json!(1);
    told["holder_ticks"] = Value::Null;
    std::fs::write(&record, told.to_string()).expect("written");
    let rows = place.json(&["session", "list"]);
    assert_eq!((rows[0]["state"].clone(), rows[0]["name"].clone()), (json!("lost"), json!("work")));
    let again = place.json(&["session", "resume", id]);
    place.json(&["session", "wait", again["id"].as_str().expect("an id"), "--for", "up", "--timeout", "20s"]);
    assert_eq!(again["workdir"], started["workdir"]);
}
