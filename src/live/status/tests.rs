use std::time::Duration;

use super::*;
use crate::live::screen::Notice;
use crate::model::ToolId;
use crate::wire::holder::Event;

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn only_a_shell_for_typing_is_a_plain_one() {
    for yes in ["bash", "/bin/sh", "zsh -i", "bash --norc --noprofile -i", "-bash"] {
        assert!(plain_shell(&words(yes)), "{yes}");
    }
    for no in ["sh -c x", "bash script", "vim", "bash -ic x", ""] {
        assert!(!plain_shell(&words(no)), "{no}");
    }
}

#[test]
fn a_tool_is_known_by_its_program_or_its_script() {
    for (line, tool) in [
        ("claude --resume x", Some(ToolId::ClaudeCode)),
        ("/usr/local/bin/codex", Some(ToolId::Codex)),
        ("node --no-warnings /opt/bin/gemini -m x", Some(ToolId::Gemini)),
        ("node /opt/lib/index.js claude", None),
        ("vim claude", None),
    ] {
        assert_eq!(tool_of(&words(line)), tool, "{line}");
    }
}

#[test]
fn each_general_rule_says_what_it_saw() {
    let shell = |foreground| Facts {
        plain_shell: true,
        pid: 5,
        foreground,
        front: "make".into(),
        ..Facts::default()
    };
    for (facts, state, rule) in [
        (Facts { exit_code: Some(3), ..shell(Some(5)) }, LiveState::Exited, "exit-status"),
        (shell(Some(5)), LiveState::Idle, "foreground-group"),
        (shell(Some(9)), LiveState::Working, "foreground-group"),
        (shell(None), LiveState::Unknown, "none"),
    ] {
        let mut watcher = Watcher::new(Vec::new(), None, None);
        watcher.look(ms(0), None, Vec::new(), &facts);
        let verdict = watcher.verdict().0;
        assert_eq!((verdict.state, verdict.rule.as_str()), (state, rule), "{facts:?}");
        assert!(!verdict.evidence.is_empty());
    }
    for (title, progress, state) in [
        (Some("✳ Fix the retry"), None, LiveState::Idle),
        (Some("⠂ Fix the retry"), None, LiveState::Working),
        (Some("something"), None, LiveState::Unknown),
        (None, Some(3), LiveState::Working),
        (None, Some(0), LiveState::Unknown),
    ] {
        let mut watcher = Watcher::new(Vec::new(), Some(ToolId::Amp), None);
        progress.iter().for_each(|p| watcher.heard(&Notice::Progress(*p, 0)));
        watcher.look(ms(0), title, Vec::new(), &Facts::default());
        assert_eq!(watcher.verdict().0.state, state, "{title:?} {progress:?}");
    }
}

/// A Claude Code that has drawn this title and these last rows.
struct Claude(Watcher);

impl Claude {
    fn new() -> Self {
        Self(Watcher::new(RuleFile::bundled(), Some(ToolId::ClaudeCode), None))
    }

    fn at(&mut self, now: u64, title: &str, rows: &[&str]) -> LiveState {
        let rows = rows.iter().map(|row| (*row).to_owned()).collect();
        self.0.look(ms(now), Some(title), rows, &Facts::default());
        self.0.verdict().0.state
    }
}

const BOX: [&str; 4] = ["────────────────", "❯", "────────────────", "  ? for shortcuts"];
const ASKS: [&str; 4] = [" Do you want to proceed?", " ❯ 1. Yes", "", " Esc to cancel · Tab to amend"];

fn hook(name: &str, state: LiveState) -> Event {
    Event { source: "hook".into(), name: name.into(), state: Some(state), ..Event::default() }
}

#[test]
fn an_event_counts_until_the_person_types_or_the_screen_says_otherwise_for_long() {
    let mut claude = Claude::new();
    assert_eq!(claude.at(0, "✳ x", &BOX), LiveState::Idle);
    claude.0.event(hook("UserPromptSubmit", LiveState::Working));
    claude.at(100, "✳ x", &BOX);
    assert_eq!(claude.at(400, "✳ x", &BOX), LiveState::Working, "before the screen shows it");
    claude.0.typed(b"\x1b");
    claude.at(500, "✳ x", &BOX);
    assert_eq!(claude.at(800, "✳ x", &BOX), LiveState::Waiting, "interrupted: no hook says so");
    claude.0.event(hook("UserPromptSubmit", LiveState::Working));
    claude.at(1000, "✳ x", &BOX);
    claude.at(4100, "✳ x", &BOX);
    assert_eq!(claude.at(4400, "✳ x", &BOX), LiveState::Waiting, "the event was the last that came");
}

#[test]
fn a_question_on_the_screen_is_never_overruled_and_shows_at_once() {
    let mut claude = Claude::new();
    claude.at(0, "✳ x", &BOX);
    claude.0.event(hook("PreToolUse", LiveState::Working));
    claude.at(100, "◐ x", &BOX);
    assert_eq!(claude.at(110, "◐ x", &ASKS), LiveState::Blocked);
    let (verdict, since) = claude.0.verdict();
    assert_eq!((verdict.rule.as_str(), since), ("dialog", ms(110)));
    assert!(verdict.evidence.contains("Tab to amend"), "{}", verdict.evidence);
}

#[test]
fn a_redraw_is_no_change() {
    let mut claude = Claude::new();
    claude.0.typed(b"go\r");
    claude.at(0, "◐ x", &BOX);
    assert_eq!(claude.at(200, "◐ x", &BOX), LiveState::Working);
    assert_eq!(claude.at(300, "✳ x", &BOX), LiveState::Working);
    assert_eq!(claude.at(400, "◐ x", &BOX), LiveState::Working);
    assert!(claude.0.due(ms(400)).is_none(), "nothing is to be done while nothing happens");
    claude.at(500, "✳ x", &BOX);
    assert_eq!(claude.0.due(ms(500)), Some(ms(200)));
    assert_eq!(claude.at(700, "✳ x", &BOX), LiveState::Waiting);
}
