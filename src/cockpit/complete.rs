//! What can stand at a place of a command line.

use super::book::Kind;
use super::overlay::Choice;
use super::pane;
use crate::model::ToolId;
use crate::model::snapshot::Snapshot;

/// Everything of a kind, with what it is.
pub fn choices(kind: Kind, data: &Snapshot) -> Vec<Choice> {
    match kind {
        Kind::Host => data
            .hosts
            .iter()
            .map(|host| {
                let about = if host.name.is_local() { "this machine" } else { &host.target };
                Choice::word(host.name.as_str(), about)
            })
            .collect(),
        Kind::Feature => data.features.iter().map(|f| Choice::word(f.name.as_str(), &f.branch)).collect(),
        Kind::Repo => data.repos.iter().map(|r| Choice::word(r.name.as_str(), &r.url)).collect(),
        Kind::Session => data
            .live
            .iter()
            .map(|live| {
                // People know it by its name, or by where it is.
                let called =
                    live.name.as_ref().map(|n| n.as_str()).or(live.feature.as_ref().map(|f| f.as_str()));
                let called = called.map(|name| format!("{name}: ")).unwrap_or_default();
                let (program, ending) = (pane::program(live), pane::ending(live));
                let about = format!("{called}{program} on {}, {ending}", live.host);
                Choice::word(live.id.as_str(), about)
            })
            .collect(),
        Kind::Transcript => data
            .transcripts
            .newest
            .iter()
            .map(|row| Choice::word(row.id.as_str(), row.title.as_deref().unwrap_or("untitled")))
            .collect(),
        Kind::Tool => ToolId::ALL.iter().map(|tool| Choice::word(tool.as_str(), "")).collect(),
        Kind::Other => Vec::new(),
    }
}

/// What can go into a slot of that name.
pub fn slot(subject: &str, data: &Snapshot) -> Vec<Choice> {
    match subject {
        "host" => choices(Kind::Host, data),
        "feature" => choices(Kind::Feature, data),
        "repo" => choices(Kind::Repo, data),
        "session" => choices(Kind::Session, data),
        "transcript" => choices(Kind::Transcript, data),
        "tool" => choices(Kind::Tool, data),
        "program" => programs(),
        _ => Vec::new(),
    }
}

/// The tools, and a plain shell: what can be started.
fn programs() -> Vec<Choice> {
    let tool = |tool: &ToolId| Choice {
        label: tool.as_str().into(),
        about: String::new(),
        words: vec!["--tool".into(), tool.as_str().into()],
    };
    let mut programs: Vec<Choice> = ToolId::ALL.iter().map(tool).collect();
    programs.push(Choice {
        label: "shell".into(),
        about: "the login shell".into(),
        words: vec!["--".into(), "sh".into(), "-c".into(), "exec \"${SHELL:-sh}\" -l".into()],
    });
    programs
}
