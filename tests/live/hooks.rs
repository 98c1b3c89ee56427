//! Hooks of AI tools: installed with consent, removable, reporting to the session that they run in.

use serde_json::json;

use crate::support::{Sandbox, wait_for};

/// A tool that calls its hook as Claude Code does, from its settings.
fn claude(place: &Sandbox) -> std::path::PathBuf {
    let bin = place.home().join("bin");
    std::fs::create_dir_all(&bin).expect("made");
    let script = r#"#!/bin/sh
event() {
  command=$(sed -n 's/.*"command": "\(.*SF_SOCKET.*\)".*/\1/p' "$HOME/.claude/settings.json" | head -1 | sed 's/\\"/"/g')
  printf '{"hook_event_name":"%s","session_id":"11111111-2222-3333-4444-555555555555","message":"%s"}' "$1" "$2" | sh -c "$command"
}
printf 'ready\n'
while read line; do
  case "$line" in
    work) event UserPromptSubmit ;;
    ask) event Notification "Claude needs your permission to use Bash" ;;
    stop) event Stop ;;
    outside) (unset SF_SOCKET; event Stop) && echo quiet ;;
  esac
  echo "did $line"
done
"#;
    let path = bin.join("claude");
    std::fs::write(&path, script).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    path
}

#[test]
fn a_tool_says_what_it_does_through_its_hook() {
    let place = Sandbox::new();
    let program = claude(&place);
    std::fs::create_dir_all(place.home().join(".claude")).expect("made");
    let asked = place.sf(&["--json", "hooks", "install"]);
    assert_eq!((asked.status, asked.json()["error"]["code"].clone()), (4, json!("needs_consent")));
    let installed = place.json(&["hooks", "install", "--yes"]);
    assert_eq!(
        (installed[0]["tool"].clone(), installed[0]["installed"].clone()),
        (json!("claude-code"), json!(true))
    );
    let again = place.json(&["hooks", "install", "--yes"]);
    assert_eq!(again[0]["changed"], json!(false));
    let words = ["session", "start", "--name", "work", "--tool", "claude-code", "--"];
    place.json(&[&words[..], &[program.to_str().expect("UTF-8")]].concat());
    let becomes = |line: &str, state: &str, rule: &str| {
        place.json(&["session", "send", "work", "--force", "--enter", line]);
        wait_for(&format!("{state} after {line}"), || {
            let said = place.json(&["session", "explain", "work"]);
            (said["state"] == state && said["rule"] == rule).then_some(said)
        })
    };
    becomes("work", "working", "hook-UserPromptSubmit");
    let blocked = becomes("ask", "blocked", "hook-Notification");
    assert!(blocked["evidence"].as_str().is_some_and(|e| e.contains("permission")), "{blocked}");
    // What is typed then would answer the question.
    let refused = place.sf(&["--json", "session", "send", "work", "--enter", "yes"]);
    assert_eq!((refused.status, refused.json()["error"]["code"].clone()), (4, json!("refused")));
    becomes("stop", "waiting", "hook-Stop");
    let shown = place.json(&["session", "show", "work"]);
    assert_eq!(shown["native_id"], json!("11111111-2222-3333-4444-555555555555"));
    place.json(&["session", "send", "work", "--enter", "outside"]);
    place.json(&["session", "wait", "work", "--for", "quiet", "--timeout", "20s"]);
    // Lost, and resumed by what the hook told.
    place.json(&["session", "stop", "work", "--force"]);
    let resumed = place.json(&["session", "resume", "work", "--dry-run"]);
    assert_eq!(resumed["command"], json!(["claude", "--resume", "11111111-2222-3333-4444-555555555555"]));
    let removed = place.json(&["hooks", "uninstall"]);
    assert_eq!((removed[0]["installed"].clone(), removed[0]["changed"].clone()), (json!(false), json!(true)));
    assert!(!place.home().join(".claude/commands/sf-pause.md").exists());
}

#[test]
fn a_hook_says_nothing_and_never_fails() {
    let mut place = Sandbox::new();
    for words in [&["hook"][..], &["hook", "no-tool"], &["hook", "claude-code"]] {
        let said = place.sf(words);
        assert_eq!((said.status, said.stdout.as_str(), said.stderr.as_str()), (0, "", ""), "{words:?}");
    }
    place.set("SF_SOCKET", "/nonexistent/socket");
    let said = place.sf_with_input(&["hook", "claude-code"], r#"{"hook_event_name":"Stop"}"#);
    assert_eq!((said.status, said.stdout.as_str(), said.stderr.as_str()), (0, "", ""));
}
