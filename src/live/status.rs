//! What a session is doing, by which rule, seen in what. First rule that knows wins; nobody guesses.

use std::path::Path;

use crate::model::ToolId;
use crate::model::live::LiveState;

/// What the rules look at.
#[derive(Clone, Debug, Default)]
pub struct Evidence<'a> {
    /// Program and arguments.
    pub command: &'a [String],
    /// The AI tool that the program is.
    pub tool: Option<ToolId>,
    /// The program's process group.
    pub pid: u32,
    /// The process group in front.
    pub foreground: Option<u32>,
    /// The title that the program set.
    pub title: Option<&'a str>,
    /// Progress as OSC 9;4 says it: 0 none, 1 some, 2 error, 3 some without an end, 4 paused.
    pub progress: Option<u8>,
    /// Exit status.
    pub exit_code: Option<i32>,
}

/// A state with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The state.
    pub state: LiveState,
    /// The name of the rule.
    pub rule: &'static str,
    /// What it saw.
    pub evidence: String,
}

/// Applies the rules.
pub fn judge(seen: &Evidence<'_>) -> Verdict {
    let rules: [fn(&Evidence<'_>) -> Option<Verdict>; 4] = [exited, progress, title, shell];
    rules.iter().find_map(|rule| rule(seen)).unwrap_or_else(|| Verdict {
        state: LiveState::Unknown,
        rule: "none",
        evidence: "the program runs; nothing that it shows tells more".into(),
    })
}

fn exited(seen: &Evidence<'_>) -> Option<Verdict> {
    let code = seen.exit_code?;
    let evidence = format!("the program ended with status {code}");
    Some(Verdict { state: LiveState::Exited, rule: "exit-status", evidence })
}

/// Claude Code and others report progress to the terminal while they work.
fn progress(seen: &Evidence<'_>) -> Option<Verdict> {
    let running = matches!(seen.progress?, 1 | 3);
    running.then(|| Verdict {
        state: LiveState::Working,
        rule: "progress-report",
        evidence: "the program reports progress (OSC 9;4)".into(),
    })
}

/// Claude Code puts a spinner of braille dots before its title while it works, and a star when its
/// turn is over.
fn title(seen: &Evidence<'_>) -> Option<Verdict> {
    seen.tool?;
    let title = seen.title?;
    let state = match title.chars().next()? {
        '\u{2800}'..='\u{28ff}' => LiveState::Working,
        '✳' => LiveState::Waiting,
        _ => return None,
    };
    Some(Verdict { state, rule: "title-mark", evidence: format!("the title is {title:?}") })
}

/// A shell that was started to be typed into: whoever is in front of its terminal is at work.
fn shell(seen: &Evidence<'_>) -> Option<Verdict> {
    if !plain_shell(seen.command) {
        return None;
    }
    let front = seen.foreground?;
    let name = std::fs::read_to_string(format!("/proc/{front}/comm")).unwrap_or_default();
    let name = name.trim();
    Some(if front == seen.pid {
        let evidence = format!("the shell itself (process group {front}) is in front");
        Verdict { state: LiveState::Idle, rule: "foreground-group", evidence }
    } else if AGENTS.contains(&name) {
        let evidence = format!("`{name}` is in front, and shows nothing that tells more");
        Verdict { state: LiveState::Unknown, rule: "foreground-group", evidence }
    } else {
        let evidence = format!("process group {front} `{name}` is in front of the shell");
        Verdict { state: LiveState::Working, rule: "foreground-group", evidence }
    })
}

/// Programs that wait for their person as often as they work.
const AGENTS: [&str; 8] = ["claude", "codex", "gemini", "copilot", "cursor-agent", "amp", "opencode", "sf"];
const SHELLS: [&str; 13] =
    ["sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "ash", "tcsh", "csh", "nu", "xonsh", "elvish"];

/// Whether a command is a shell with options only: no script, no `-c`.
fn plain_shell(command: &[String]) -> bool {
    let Some((program, arguments)) = command.split_first() else { return false };
    let name = Path::new(program).file_name().and_then(|n| n.to_str()).unwrap_or_default();
    SHELLS.contains(&name.trim_start_matches('-'))
        && arguments.iter().all(|a| {
            a.starts_with("--") || a.strip_prefix(['-', '+']).is_some_and(|flags| !flags.contains('c'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
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
    fn each_rule_says_what_it_saw() {
        let bash = words("bash");
        let claude = words("claude");
        let shell = |foreground| Evidence { command: &bash, pid: 5, foreground, ..Evidence::default() };
        let tool = |title| Evidence {
            command: &claude,
            tool: Some(ToolId::ClaudeCode),
            title,
            ..Evidence::default()
        };
        for (seen, state, rule) in [
            (Evidence { exit_code: Some(3), ..shell(Some(5)) }, LiveState::Exited, "exit-status"),
            (shell(Some(5)), LiveState::Idle, "foreground-group"),
            (shell(Some(u32::MAX)), LiveState::Working, "foreground-group"),
            (shell(None), LiveState::Unknown, "none"),
            (tool(Some("✳ Fix the retry")), LiveState::Waiting, "title-mark"),
            (tool(Some("⠂ Fix the retry")), LiveState::Working, "title-mark"),
            (tool(Some("claude")), LiveState::Unknown, "none"),
            (Evidence { progress: Some(3), ..tool(None) }, LiveState::Working, "progress-report"),
            (Evidence { progress: Some(0), ..tool(None) }, LiveState::Unknown, "none"),
        ] {
            let verdict = judge(&seen);
            assert_eq!((verdict.state, verdict.rule), (state, rule), "{seen:?}");
            assert!(!verdict.evidence.is_empty());
        }
    }
}
