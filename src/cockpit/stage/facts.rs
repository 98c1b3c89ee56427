//! What is known of a host, a feature, a worktree, a session that is not attached.

use super::Line;
use super::prose::wrap;
use crate::cockpit::amount;
use crate::cockpit::pane;
use crate::cockpit::state::State;
use crate::cockpit::subject;
use crate::cockpit::text;
use crate::config::theme::Role;
use crate::model::host::HostState;
use crate::model::live::Live;
use crate::model::{FeatureName, HostName, LiveId, RepoName, TranscriptId};

const LABEL: usize = 12;

/// Facts below one another, the labels in a column.
#[derive(Default)]
struct Sheet {
    lines: Vec<Line>,
    width: usize,
}

impl Sheet {
    fn new(width: usize) -> Self {
        Self { lines: Vec::new(), width }
    }

    /// A fact; one that is not known is left out.
    fn fact(&mut self, label: &str, value: Option<impl AsRef<str>>) {
        self.marked(label, value.map(|v| vec![(text::clean(v.as_ref()), Role::Text)]));
    }

    fn marked(&mut self, label: &str, value: Option<Line>) {
        if let Some(value) = value.filter(|v| v.iter().any(|(t, _)| !t.is_empty())) {
            let first = format!("{label:LABEL$}");
            self.lines.extend(wrap(value, self.width, &first, &" ".repeat(LABEL)));
        }
    }

    fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Vec::new());
        }
    }

    fn heading(&mut self, text: &str) {
        self.gap();
        self.lines.push(vec![(text.to_owned(), Role::Heading)]);
    }

    fn line(&mut self, line: Line) {
        self.lines.push(line);
    }

    fn error(&mut self, message: &str, hints: &[String]) {
        self.gap();
        self.lines.extend(wrap(vec![(message.to_owned(), Role::Error)], self.width, "", ""));
        for hint in hints {
            self.lines.extend(wrap(vec![(hint.clone(), Role::Text)], self.width, "→ ", "  "));
        }
    }

    /// What can be done from here, from the keymap.
    fn keys(&mut self, state: &State, rows: &[(&str, &str)]) {
        self.gap();
        for (command, what) in rows {
            if let Some(chord) = state.keys.chord_of(command) {
                self.lines.push(vec![(format!("{chord:>6}  "), Role::Key), ((*what).to_owned(), Role::Dim)]);
            }
        }
    }
}

pub(super) fn welcome(state: &State) -> Vec<Line> {
    let mut sheet = Sheet::new(60);
    sheet.line(vec![("Session Forge".into(), Role::Heading)]);
    sheet.line(vec![("agents on many machines, from one place".into(), Role::Dim)]);
    sheet.keys(
        state,
        &[("palette", "every command"), ("keys", "every key"), ("quit", "leave; sessions go on")],
    );
    sheet.lines
}

pub(super) fn host(state: &State, name: &HostName, width: usize) -> Vec<Line> {
    let mut sheet = Sheet::new(width);
    let Some(host) = state.data.hosts.iter().find(|h| h.name == *name) else { return sheet.lines };
    let (word, role) = match host.state {
        HostState::Up => ("up", Role::HostUp),
        HostState::Down => ("down", Role::HostDown),
        HostState::Unknown => ("not asked yet", Role::HostUnknown),
    };
    let rtt = host
        .rtt_ms
        .filter(|_| host.state == HostState::Up)
        .map_or(String::new(), |ms| format!("  {ms:.1} ms"));
    let since = host.since.filter(|_| host.state != HostState::Unknown).map_or(String::new(), |since| {
        format!("  since {}, {}", amount::long_time(since, state.zone), amount::ago(since, state.now))
    });
    sheet.marked("state", Some(vec![(word.into(), role), (rtt, Role::Dim), (since, Role::Dim)]));
    sheet.fact("target", Some(if name.is_local() { "this machine" } else { &host.target }));
    sheet.fact("root", host.root.as_deref());
    let system =
        [host.os.as_deref(), host.arch.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    sheet.fact("system", Some(system));
    let load = host.load1.map(|load| match host.cpus {
        Some(cpus) => format!("{load:.2} on {cpus} processors"),
        None => format!("{load:.2}"),
    });
    let busy = host.load1.zip(host.cpus.filter(|n| *n > 0)).map(|(load, n)| load / f64::from(n) * 100.0);
    let load = load.or_else(|| host.cpus.map(|n| format!("{n} processors")));
    sheet.marked("load", load.map(|text| gauge(busy, text)));
    let memory = host.mem_used_pct.map(|p| gauge(Some(p), format!("{} used", amount::percent(p))));
    sheet.marked("memory", memory);
    sheet.fact("disk", host.disk_free_bytes.map(|b| format!("{} free", amount::bytes(b))));
    sheet.fact("git", host.git.as_deref());
    sheet.fact("sf", host.agent.as_deref());
    if host.state == HostState::Up && host.agent.is_none() && !name.is_local() {
        sheet.marked("sf", Some(vec![(format!("not there yet: bootstrap --host {name}"), Role::Dim)]));
    }
    sheet.fact("tools", Some(host.tools_with_versions().join(", ")));
    if let Some(error) = &host.error {
        sheet.error(error, &[]);
    }
    let here: Vec<&Live> = state.data.live.iter().filter(|l| l.host == *name).collect();
    sessions(&mut sheet, state, &here);
    if name.is_local() {
        captured(&mut sheet, state);
    }
    sheet.lines
}

/// The tools of this machine, and how capturing them goes.
fn captured(sheet: &mut Sheet, state: &State) {
    let found: Vec<_> = state.shelf.tools.iter().filter(|tool| tool.found).collect();
    if found.is_empty() {
        return;
    }
    sheet.heading("Transcripts");
    for tool in found {
        let mut line = vec![
            (format!("{:12}  ", tool.tool.as_str()), Role::Text),
            (format!("{:>6} of {:<6}  ", tool.captured, tool.sessions.max(tool.captured)), Role::Dim),
        ];
        if !tool.enabled {
            line.push(("switched off".into(), Role::Dim));
        } else if tool.is_unwell() {
            line.push((tool.word().to_owned(), Role::Warn));
            line.push((
                tool.detail.as_ref().map_or(String::new(), |d| format!(": {}", text::clean(d))),
                Role::Dim,
            ));
        }
        let hang = " ".repeat(14);
        sheet.lines.extend(wrap(line, sheet.width, "", &hang));
    }
}

/// A bar for a share in percent, and what it is in words.
fn gauge(share: Option<f64>, text: String) -> Line {
    const COLUMNS: usize = 20;
    let Some(share) = share else { return vec![(text, Role::Text)] };
    let (full, empty) = amount::bar(share, COLUMNS);
    vec![(full, role_of(share)), (empty, Role::Border), (format!("  {text}"), role_of(share))]
}

fn role_of(share: f64) -> Role {
    match amount::pressure(Some(share)) {
        Role::Dim => Role::Text,
        role => role,
    }
}

fn sessions(sheet: &mut Sheet, state: &State, live: &[&Live]) {
    if live.is_empty() {
        return;
    }
    sheet.heading("Live");
    for live in live {
        let (sign, role) = pane::live_mark(live.state);
        let about = live.feature.as_ref().map_or(String::new(), ToString::to_string);
        let repo = live.repo.as_ref().map_or(String::new(), |r| format!("/{r}"));
        sheet.line(vec![
            (format!("{sign} "), role),
            (format!("{:10}  ", pane::program(live)), Role::Text),
            (format!("{about}{repo} @ {}  ", live.host), Role::Dim),
            (amount::ago(live.started, state.now), Role::Dim),
        ]);
    }
}

pub(super) fn feature(state: &State, name: &FeatureName, width: usize) -> Vec<Line> {
    let mut sheet = Sheet::new(width);
    let Some(feature) = state.data.features.iter().find(|f| f.name == *name) else { return sheet.lines };
    sheet.fact("branch", Some(&feature.branch));
    sheet.fact("base", feature.base.as_deref());
    if feature.repos.is_empty() {
        sheet.gap();
        sheet.line(vec![("no repository is attached yet".into(), Role::Dim)]);
        sheet.line(vec![(format!(":attach {name} REPO --hosts local"), Role::Dim)]);
        return sheet.lines;
    }
    sheet.heading("Worktrees");
    let places: Vec<(&RepoName, &HostName)> =
        feature.repos.iter().flat_map(|at| at.hosts.iter().map(move |h| (&at.repo, h))).collect();
    let repos = places.iter().map(|(r, _)| r.as_str().len()).max().unwrap_or(0);
    let hosts = places.iter().map(|(_, h)| h.as_str().len()).max().unwrap_or(0);
    for (repo, host) in places {
        let tree = subject::worktree(&state.data, name, repo, host);
        let mut line =
            vec![(format!("{repo:repos$}  "), Role::Text), (format!("{host:hosts$}  "), Role::Dim)];
        line.extend(pane::worktree_marks(tree));
        sheet.line(line);
    }
    let here: Vec<&Live> = state.data.live.iter().filter(|l| l.feature.as_ref() == Some(name)).collect();
    sessions(&mut sheet, state, &here);
    sheet.keys(
        state,
        &[("sync", "make anchors, branches and worktrees real"), ("session start", "start an agent")],
    );
    sheet.lines
}

pub(super) fn worktree(
    state: &State,
    feature: &FeatureName,
    repo: &RepoName,
    host: &HostName,
    width: usize,
) -> Vec<Line> {
    let mut sheet = Sheet::new(width);
    let tree = subject::worktree(&state.data, feature, repo, host);
    match tree {
        Some(tree) if tree.present => {
            sheet.fact("path", tree.path.as_deref());
            sheet.fact("branch", tree.branch.as_deref().or(Some("detached")));
            let plural = |n: u32, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
            let ahead = tree.ahead.map(|n| (plural(n, "commit", "commits"), n));
            let marked = |(text, n): (String, u32), role| vec![(text, if n == 0 { Role::Dim } else { role })];
            sheet.marked("ahead", ahead.map(|a| marked(a, Role::WorktreeAhead)));
            let behind = tree.behind.map(|n| (plural(n, "commit", "commits"), n));
            sheet.marked("behind", behind.map(|b| marked(b, Role::WorktreeBehind)));
            let dirty = tree.dirty.map(|n| (plural(n, "changed file", "changed files"), n));
            sheet.marked("changes", dirty.map(|d| marked(d, Role::WorktreeDirty)));
            sheet.fact("stashes", tree.stashed.filter(|n| *n > 0).map(|n| n.to_string()));
            let age =
                tree.last_commit_at.map_or(String::new(), |t| format!("  {}", amount::ago(t, state.now)));
            let commit =
                tree.last_commit.as_deref().map(|c| vec![(c.to_owned(), Role::Text), (age, Role::Dim)]);
            sheet.marked("last commit", commit);
        }
        _ => {
            sheet.line(vec![(format!("no worktree of {repo} on {host} yet"), Role::Text)]);
            sheet.line(vec![(format!("sync {feature} makes it"), Role::Dim)]);
        }
    }
    if let Some(error) = tree.and_then(|t| t.error.as_ref()) {
        sheet.error(&error.message, &error.hints);
    }
    let belongs =
        |l: &&Live| l.feature.as_ref() == Some(feature) && l.repo.as_ref() == Some(repo) && l.host == *host;
    let here: Vec<&Live> = state.data.live.iter().filter(belongs).collect();
    sessions(&mut sheet, state, &here);
    sheet.keys(
        state,
        &[("session start", "start an agent or a shell here"), ("sync", "fetch, and make it real")],
    );
    sheet.lines
}

pub(super) fn live(state: &State, id: &LiveId, width: usize) -> Vec<Line> {
    let mut sheet = Sheet::new(width);
    let Some(live) = subject::live(&state.data, id) else { return sheet.lines };
    let (sign, role) = pane::live_mark(live.state);
    sheet.marked("state", Some(vec![(format!("{sign} {}", pane::ending(live)), role)]));
    sheet.fact("program", Some(live.command.join(" ")));
    sheet.fact("tool", live.tool.map(|t| t.as_str()));
    sheet.fact("host", Some(live.host.as_str()));
    sheet.fact("folder", Some(&live.workdir));
    sheet.fact("feature", live.feature.as_ref().map(FeatureName::as_str));
    sheet.fact("repository", live.repo.as_ref().map(RepoName::as_str));
    sheet.fact(
        "started",
        Some(format!(
            "{} ({})",
            amount::long_time(live.started, state.zone),
            amount::ago(live.started, state.now)
        )),
    );
    sheet.fact("size", Some(format!("{}x{}", live.cols, live.rows)));
    sheet.fact("id", Some(live.id.as_str()));
    if let Some(terminal) = state.stage.terminal.as_ref().filter(|t| t.id == *id) {
        match &terminal.problem {
            Some(problem) => sheet.error(problem, &[]),
            None => {
                sheet.gap();
                sheet.line(vec![("attaching …".into(), Role::Dim)]);
            }
        }
    }
    sheet.lines
}

pub(super) fn transcript(state: &State, id: &TranscriptId, width: usize) -> Vec<Line> {
    let mut sheet = Sheet::new(width);
    let Some(row) = subject::transcript(&state.data, id) else { return sheet.lines };
    sheet.fact("tool", Some(row.tool.as_str()));
    sheet.fact("host", Some(row.host.as_str()));
    sheet.fact("folder", row.workdir.as_deref());
    sheet.fact("branch", row.branch.as_deref());
    sheet.fact("model", row.model.as_deref());
    sheet.fact("messages", Some(format!("{}, {} tool calls", row.messages, row.tool_calls)));
    sheet.fact(
        "tokens",
        Some(format!("{} in, {} out", amount::count(row.tokens_in), amount::count(row.tokens_out))),
    );
    sheet.fact("cost", row.cost_usd.map(amount::dollars));
    sheet.fact("begun", row.created.map(|t| amount::long_time(t, state.zone)));
    sheet.fact("last", row.updated.map(|t| amount::long_time(t, state.zone)));
    sheet.fact("id", Some(row.id.as_str()));
    sheet.lines
}
