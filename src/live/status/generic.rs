//! Rules for every program: its end, what it tells its terminal, who is in front of a shell.

use std::path::Path;

use super::rules::Shows;
use super::{Facts, Verdict};
use crate::model::ToolId;
use crate::model::live::LiveState;

pub(super) fn exited(facts: &Facts) -> Option<Verdict> {
    let code = facts.exit_code?;
    Some(Verdict::new(LiveState::Exited, "exit-status", format!("the program ended with status {code}")))
}

/// The first that knows.
pub(super) fn ask(
    shows: &Shows,
    progress: Option<u8>,
    mark: Option<(char, Option<i32>)>,
    worked: bool,
    facts: &Facts,
) -> Option<Verdict> {
    running(progress)
        .or_else(|| title(shows, worked, facts))
        .or_else(|| notified(shows, facts))
        .or_else(|| shell(mark, facts))
}

/// Many tools and builds report progress to the terminal while they work.
fn running(progress: Option<u8>) -> Option<Verdict> {
    let works = matches!(progress?, 1 | 3);
    works.then(|| {
        Verdict::new(LiveState::Working, "progress-report", "the program reports progress (OSC 9;4)")
    })
}

/// A spinner of braille dots before the title, or a star when the turn is over.
fn title(shows: &Shows, worked: bool, facts: &Facts) -> Option<Verdict> {
    let title = shows.title.as_deref().filter(|_| !facts.plain_shell)?;
    let (state, ready) = match title.chars().next()? {
        '\u{2800}'..='\u{28ff}' => (LiveState::Working, false),
        '✳' if worked => (LiveState::Waiting, true),
        '✳' => (LiveState::Idle, true),
        _ => return None,
    };
    Some(Verdict { ready, ..Verdict::new(state, "title-mark", format!("the title is {title:?}")) })
}

/// It asked for its person, who has not typed since.
fn notified(shows: &Shows, facts: &Facts) -> Option<Verdict> {
    let notice = shows.notice.as_deref().filter(|_| !facts.plain_shell)?;
    Some(Verdict::new(
        LiveState::Waiting,
        "notification",
        format!("it notified {notice:?}, and nobody typed"),
    ))
}

/// A shell that was started to be typed into: whoever is in front of its terminal is at work.
fn shell(mark: Option<(char, Option<i32>)>, facts: &Facts) -> Option<Verdict> {
    if !facts.plain_shell {
        return None;
    }
    let (front, name) = (facts.foreground?, facts.front.as_str());
    Some(if front == facts.pid {
        // A loop or a function of the shell itself runs without anybody else in front.
        if let Some(('C', _)) = mark {
            return Some(Verdict::new(
                LiveState::Working,
                "shell-mark",
                "the shell marked the start of a command (OSC 133;C), not yet its end",
            ));
        }
        let evidence = format!("the shell itself (process group {front}) is in front");
        Verdict::new(LiveState::Idle, "foreground-group", evidence)
    } else if AGENTS.contains(&name) {
        let evidence = format!("`{name}` is in front, and shows nothing that tells more");
        Verdict::new(LiveState::Unknown, "foreground-group", evidence)
    } else {
        let evidence = format!("process group {front} `{name}` is in front of the shell");
        Verdict::new(LiveState::Working, "foreground-group", evidence)
    })
}

/// Programs that wait for their person as often as they work.
const AGENTS: [&str; 12] = [
    "claude",
    "codex",
    "gemini",
    "copilot",
    "cursor-agent",
    "amp",
    "opencode",
    "cline",
    "kilo",
    "sf",
    "tmux",
    "tmux: client",
];
const SHELLS: [&str; 13] =
    ["sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "ash", "tcsh", "csh", "nu", "xonsh", "elvish"];

/// Whether a command is a shell with options only: no script, no `-c`.
pub fn plain_shell(command: &[String]) -> bool {
    let Some((program, arguments)) = command.split_first() else { return false };
    let name = Path::new(program).file_name().and_then(|n| n.to_str()).unwrap_or_default();
    SHELLS.contains(&name.trim_start_matches('-'))
        && arguments.iter().all(|a| {
            a.starts_with("--") || a.strip_prefix(['-', '+']).is_some_and(|flags| !flags.contains('c'))
        })
}

/// The tool that a command line is: its program, or the script that an interpreter runs.
pub fn tool_of(command: &[String]) -> Option<ToolId> {
    let name = |word: &String| {
        let last = word.rsplit('/').next().unwrap_or(word);
        let last = last.strip_suffix(".js").or(last.strip_suffix(".mjs")).unwrap_or(last);
        ToolId::ALL.into_iter().find(|tool| crate::tool::program(*tool) == Some(last))
    };
    let (program, arguments) = command.split_first()?;
    name(program).or_else(|| {
        let interpreter = program.rsplit('/').next().unwrap_or(program);
        let runs = ["node", "bun", "deno", "python3", "python"].contains(&interpreter);
        arguments.iter().find(|word| runs && !word.starts_with('-')).and_then(name)
    })
}
