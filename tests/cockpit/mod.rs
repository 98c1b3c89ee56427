//! The cockpit without a terminal: messages in, effects and pictures out.

mod random;
mod talk;
mod terminal;
mod update;
mod view;

use std::path::Path;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use session_forge::cockpit::effect::Effect;
use session_forge::cockpit::keys::Keys;
use session_forge::cockpit::msg::Msg;
use session_forge::cockpit::skin::{Depth, Skin};
use session_forge::cockpit::state::{Setup, State};
use session_forge::cockpit::update::update;
use session_forge::cockpit::view::view;
use session_forge::config::chord;
use session_forge::config::{Keymap, Theme};
use session_forge::model::host::{Host, HostState, HostStatus};
use session_forge::model::live::{Live, LiveState};
use session_forge::model::snapshot::{Snapshot, Transcripts};
use session_forge::model::transcript::TranscriptRow;
use session_forge::model::workspace::{Attachment, Feature, Repo, RepoOptions, Worktree};
use session_forge::model::{Time, ToolId};

/// The moment at which every picture is taken.
fn now() -> Time {
    Time::parse("2026-11-21T12:30:00Z").expect("a time")
}

/// A cockpit with the keymap of that name, of that size, that knows nothing yet.
fn blank(keymap: &str, cols: u16, rows: u16) -> State {
    let (map, mut notices) = Keymap::load(keymap, Path::new("/nonexistent/keymap.toml"));
    let keys = Keys::new(&map, &mut notices);
    assert!(notices.is_empty(), "{notices:?}");
    let mut state = State::new(Setup {
        keys,
        notices: Vec::new(),
        jobs: 8,
        mouse: true,
        clipboard: true,
        aliases: vec!["gpu-03".into(), "gpu-04".into()],
        zone: 0,
    });
    drop(update(&mut state, Msg::Now(now())));
    drop(update(&mut state, Msg::Size(cols, rows)));
    state
}

/// The same with a world.
fn cockpit(cols: u16, rows: u16) -> State {
    let mut state = blank("default", cols, rows);
    drop(update(&mut state, Msg::Data(world())));
    state
}

/// Presses keys: `"2 down enter"`.
fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let chords = chord::sequence(keys).expect(keys);
    chords.into_iter().flat_map(|chord| update(state, Msg::Key(chord))).collect()
}

/// Types a text, character by character.
fn say(state: &mut State, text: &str) {
    for c in text.chars() {
        let chord = chord::Chord::plain(chord::Key::Char(c));
        drop(update(state, Msg::Key(chord)));
    }
}

fn skin(theme: &str, depth: Depth) -> Skin {
    Skin::new(&Theme::load(theme, Path::new("/nonexistent/theme.toml")).0, depth)
}

fn draw(state: &State, skin: &Skin) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, state.size.0, state.size.1));
    view(state, skin, &mut buf);
    buf
}

/// The picture as text.
fn picture(state: &State) -> String {
    text_of(&draw(state, &skin("default", Depth::Sixteen)))
}

fn text_of(buf: &Buffer) -> String {
    let line = |y: u16| {
        let mut line = String::new();
        let mut x = 0;
        while x < buf.area.width {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol)).expect("narrow").max(1);
        }
        line.trim_end().to_owned()
    };
    (0..buf.area.height).map(line).collect::<Vec<_>>().join("\n")
}

fn ago(minutes: i64) -> Time {
    now().plus_ms(-minutes * 60_000)
}

fn host(name: &str, state: HostState, memory: Option<f64>) -> HostStatus {
    let target = if name == "local" { "local".into() } else { format!("ubuntu@{name}.example.org") };
    HostStatus {
        state,
        rtt_ms: Some(1.5),
        os: Some("Linux".into()),
        arch: Some("x86_64".into()),
        cpus: Some(8),
        load1: Some(2.25),
        mem_used_pct: memory,
        disk_free_bytes: Some(57 << 30),
        agent: Some("0.1.0".into()),
        git: Some("2.47.3".into()),
        tools: vec!["claude-code".into(), "codex".into()],
        error: (state == HostState::Down).then(|| "connection refused".into()),
        since: Some(ago(42)),
        ..HostStatus::unknown(&Host { name: name.parse().expect(name), target, root: None })
    }
}

fn worktree(repo: &str, host: &str, counts: [u32; 3]) -> Worktree {
    Worktree {
        feature: "payments".parse().expect("a name"),
        repo: repo.parse().expect(repo),
        host: host.parse().expect(host),
        path: Some(format!("/home/dev/features/payments/{repo}")),
        branch: Some("feat/payments".into()),
        ahead: Some(counts[0]),
        behind: Some(counts[1]),
        dirty: Some(counts[2]),
        stashed: Some(0),
        last_commit: Some("Retry a call that timed out".into()),
        last_commit_at: Some(ago(90)),
        present: true,
        error: None,
    }
}

fn live(number: u8, tool: Option<ToolId>, repo: &str, host: &str, state: LiveState) -> Live {
    Live {
        id: format!("live_0000000000{number:02x}").parse().expect("an id"),
        host: host.parse().expect(host),
        name: None,
        command: vec![tool.map_or("/bin/bash".into(), |t| t.as_str().to_owned())],
        tool,
        workdir: format!("/home/dev/features/payments/{repo}"),
        feature: Some("payments".parse().expect("a name")),
        repo: Some(repo.parse().expect(repo)),
        state,
        exit_code: (state == LiveState::Exited).then_some(1),
        shared: false,
        clients: 0,
        cols: 80,
        rows: 24,
        started: ago(i64::from(number)),
        transcript: None,
        title: None,
        pid: Some(4242),
        native_id: None,
        since: None,
        notice: None,
        calls: 0,
        people: vec![],
    }
}

fn transcript(number: u64, title: &str, minutes: i64) -> TranscriptRow {
    let id = format!("ses_{number:016x}").parse().expect("an id");
    let mut row = TranscriptRow::new(id, ToolId::ClaudeCode, "native", &"local".parse().expect("a name"));
    row.title = Some(title.into());
    row.messages = 42;
    row.tool_calls = 7;
    row.tokens_in = 12_345;
    row.cost_usd = Some(1.5);
    row.updated = Some(ago(minutes));
    row
}

/// Made-up hosts, features, sessions and transcripts; some of their texts are not nice.
fn world() -> Snapshot {
    let name = |text: &str| text.parse().expect("a name");
    let at = |repo: &str, hosts: &[&str]| Attachment {
        repo: repo.parse().expect(repo),
        hosts: hosts.iter().map(|h| h.parse().expect("a name")).collect(),
    };
    Snapshot {
        hosts: Arc::new(vec![
            host("local", HostState::Up, Some(12.0)),
            host("gpu-01", HostState::Up, Some(91.0)),
            host("gpu-02", HostState::Down, None),
        ]),
        repos: Arc::new(vec![
            Repo {
                name: "core".parse().expect("a name"),
                url: "git@example.org:core.git".into(),
                base: None,
                options: RepoOptions::default(),
            },
            Repo {
                name: "web".parse().expect("a name"),
                url: "git@example.org:web.git".into(),
                base: None,
                options: RepoOptions::default(),
            },
        ]),
        features: Arc::new(vec![
            Feature {
                name: name("payments"),
                branch: "feat/payments".into(),
                base: None,
                repos: vec![at("core", &["gpu-01"]), at("web", &["local", "gpu-02"])],
            },
            Feature { name: name("search"), branch: "feat/search".into(), base: None, repos: vec![] },
        ]),
        worktrees: Arc::new(vec![worktree("core", "gpu-01", [2, 0, 3]), worktree("web", "local", [0, 0, 0])]),
        live: Arc::new(vec![
            live(1, Some(ToolId::Codex), "web", "local", LiveState::Working),
            live(2, Some(ToolId::ClaudeCode), "core", "gpu-01", LiveState::Blocked),
            live(3, None, "web", "local", LiveState::Exited),
        ]),
        tools: Arc::default(),
        transcripts: Arc::new(Transcripts {
            newest: vec![
                transcript(1, "Fix the retry that never gives up when the server is gone", 26),
                transcript(2, "Port the parser\x1b[31m\nto 漢字 and ⚠\u{fe0f} emoji", 100),
                transcript(3, "An old one", 60 * 24 * 40),
            ],
            total: 1234,
            at: now(),
        }),
    }
}
