//! Captures by the real program: several at once, killed, and with the tool's files left alone.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{assert_canonical, assert_settled, cases, fixtures, home_of, messages, rows, stamps, tree};
use crate::support::{Said, Sandbox, wait_for};

/// Writes a session of Claude Code with many prompts.
fn long_session(sandbox: &Sandbox, lines: usize) {
    let dir = sandbox.home().join(".claude/projects/-p");
    fs::create_dir_all(&dir).expect("made");
    let line = |i: usize| {
        format!(
            "{{\"type\":\"user\",\"uuid\":\"u{i}\",\"parentUuid\":null,\"timestamp\":\"2026-11-22T00:00:00.000Z\",\
             \"message\":{{\"role\":\"user\",\"content\":\"prompt {i} {}\"}}}}\n",
            "filler ".repeat(200)
        )
    };
    let text: String = (0..lines).map(line).collect();
    fs::write(dir.join("11111111-2222-4333-8444-555555555555.jsonl"), text).expect("written");
}

const TOOLS: [&str; 10] = [
    "claude-code",
    "codex",
    "gemini",
    "copilot",
    "cursor",
    "amp",
    "cline",
    "roo-code",
    "kilo-code",
    "opencode",
];

#[test]
fn nothing_of_the_tools_is_touched() {
    for tool in TOOLS {
        for case in cases(tool) {
            if !fixtures(tool).join(&case).join("home").exists() && tool != "codex" {
                continue;
            }
            let sandbox = home_of(tool, &case);
            let before = (tree(&sandbox.home()), stamps(&sandbox.home()));
            let report = sandbox.json(&["capture"]);
            assert_ne!(report["messages"], 0, "{tool} {case}");
            let _ = (sandbox.json(&["list"]), sandbox.json(&["watcher", "list"]));
            assert!(before == (tree(&sandbox.home()), stamps(&sandbox.home())), "{tool} {case}");
        }
    }
}

/// A home in which every tool has been, with a database that its program holds open.
fn home_of_all() -> (Sandbox, rusqlite::Connection) {
    let sandbox = home_of("opencode", "real-1.18.33-wal-pending");
    for (tool, case) in [
        ("claude-code", "subagents"),
        ("codex", "forked"),
        ("gemini", "tools"),
        ("copilot", "tools"),
        ("cursor", "state-vscdb-3x"),
        ("amp", "local-thread-2026"),
        ("cline", "real-cli-3.0.65"),
        ("roo-code", "xml-tools-2025"),
        ("kilo-code", "real-cli-7.7.7"),
    ] {
        super::copy(&home_of(tool, case).home(), &sandbox.home());
    }
    let database = sandbox.home().join(".local/share/opencode/opencode.db");
    let program = rusqlite::Connection::open(database).expect("opened");
    program
        .execute_batch(
            "pragma wal_autocheckpoint = 0; update session set time_updated = time_updated + 1;
             begin; select * from session;",
        )
        .expect("held");
    (sandbox, program)
}

#[test]
fn nothing_of_the_tools_is_touched_by_the_daemon() {
    let (sandbox, _program) = home_of_all();
    let before = (tree(&sandbox.home()), stamps(&sandbox.home()));
    let _ = sandbox.json(&["daemon", "start"]);
    wait_for("its first capture", || {
        let status = sandbox.json(&["daemon", "status"]);
        status["last_capture"].is_string().then_some(())
    });
    assert_eq!(sandbox.json(&["capture"])["messages"], 0, "all was captured");
    let tools: std::collections::BTreeSet<String> =
        rows(&sandbox).iter().map(|row| row["tool"].as_str().expect("a tool").to_owned()).collect();
    assert_eq!(tools.len(), TOOLS.len(), "{tools:?}");
    let _ = sandbox.json(&["daemon", "stop"]);
    assert!(before == (tree(&sandbox.home()), stamps(&sandbox.home())));
}

/// A tool writes, in pieces that end anywhere, while captures run one after the other.
#[test]
fn what_is_written_meanwhile_is_neither_lost_nor_doubled() {
    use std::io::Write;
    let whole = Sandbox::new();
    long_session(&whole, 400);
    let name = ".claude/projects/-p/11111111-2222-4333-8444-555555555555.jsonl";
    let bytes = fs::read(whole.home().join(name)).expect("read");
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.home().join(name).parent().expect("a folder")).expect("made");
    let mut captures = 0;
    std::thread::scope(|scope| {
        let (path, bytes) = (sandbox.home().join(name), &bytes);
        let (done, next) = std::sync::mpsc::sync_channel::<()>(0);
        scope.spawn(move || {
            let mut file = fs::File::create(path).expect("made");
            // A piece for each capture, and more pieces while it runs.
            for piece in bytes.chunks(997) {
                file.write_all(piece).expect("written");
                if piece.len() % 5 == 2 && done.send(()).is_err() {
                    return;
                }
            }
        });
        while next.recv().is_ok() && captures < 40 {
            let _ = sandbox.json(&["capture"]);
            captures += 1;
        }
        // From here on nobody waits for a capture.
        drop(next);
    });
    fs::write(sandbox.home().join(name), &bytes).expect("written");
    let _ = sandbox.json(&["capture"]);
    let ids: Vec<Value> =
        messages(&sandbox, &rows(&sandbox)[0]).into_iter().map(|m| m["msg_id"].clone()).collect();
    assert_eq!(ids.len(), 400, "after {captures} captures");
    assert!(ids.iter().enumerate().all(|(i, id)| *id == format!("u{i}").as_str()), "in order, each once");
    assert_settled(&sandbox);
}

#[test]
fn a_huge_line_and_a_huge_file_cost_no_memory() {
    let sandbox = Sandbox::new();
    long_session(&sandbox, 10);
    let dir = sandbox.home().join(".claude/projects/-p");
    let said = |n: usize, text: &str| {
        format!(
            "{{\"type\":\"user\",\"uuid\":\"h{n}\",\"timestamp\":\"2026-11-22T00:00:00.000Z\",\
             \"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n"
        )
    };
    let lines = [said(1, "before"), said(2, &"huge ".repeat(20_000_000)), said(3, "behind")].concat();
    fs::write(dir.join("11111111-2222-4333-8444-000000000001.jsonl"), lines).expect("written");
    let sparse = fs::File::create(dir.join("11111111-2222-4333-8444-000000000002.jsonl")).expect("made");
    sparse.set_len(2 << 30).expect("long");
    // 256 MB of data for the process as a whole, stacks included.
    let sf = env!("CARGO_BIN_EXE_sf");
    let said = sandbox.sh(&format!("ulimit -d 262144 && {sf} capture --json"));
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((&report["messages"], &report["skipped_lines"]), (&12.into(), &1.into()), "{report}");
    assert_eq!(sandbox.json(&["search", "behind"])["total"], 1);
    assert_settled(&sandbox);
}

#[test]
fn the_tools_own_places_can_be_elsewhere() {
    let mut sandbox = Sandbox::new();
    let claude = fixtures("claude-code").join("qa-simple/home/.claude");
    super::copy(&claude, &sandbox.path().join("c"));
    super::copy(&fixtures("codex").join("qa/dot-codex"), &sandbox.path().join("x"));
    sandbox.set("CLAUDE_CONFIG_DIR", sandbox.path().join("c").to_string_lossy());
    sandbox.set("CODEX_HOME", sandbox.path().join("x").to_string_lossy());
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["sessions_new"], 2);
    let by_tool = report["by_tool"].as_array().expect("tools");
    assert!(by_tool.iter().filter(|t| t["messages"].as_u64() > Some(0)).count() == 2, "{by_tool:?}");
    assert_settled(&sandbox);
    let one = sandbox.json(&["capture", "--tool", "codex"]);
    assert_eq!(one["by_tool"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_title_that_is_given_later_is_seen() {
    let sandbox = home_of("codex", "qa");
    let _ = sandbox.json(&["capture"]);
    let old = rows(&sandbox)[0].clone();
    assert_eq!(old["title"], "What is the capital of France?");
    let line = format!(
        "{{\"id\":{},\"thread_name\":\"capitals\",\"updated_at\":\"2026-11-22T00:00:00Z\"}}\n",
        old["native_id"]
    );
    fs::write(sandbox.home().join(".codex/session_index.jsonl"), line).expect("written");
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["sessions_updated"], &report["messages"]), (&1.into(), &0.into()));
    assert_eq!(rows(&sandbox)[0]["title"], "capitals");
    assert_canonical(&sandbox, &rows(&sandbox)[0]);
    assert_settled(&sandbox);
}

#[test]
fn a_file_that_is_archived_or_compressed_is_still_the_same_session() {
    let sandbox = home_of("codex", "tools");
    let _ = sandbox.json(&["capture"]);
    let before = rows(&sandbox);
    sandbox.sh("cd .codex; mkdir archived_sessions; mv sessions/*/*/*/*.jsonl archived_sessions/");
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["messages"], &report["sessions_new"]), (&0.into(), &0.into()));
    let file = fs::read_dir(sandbox.home().join(".codex/archived_sessions"))
        .expect("a folder")
        .next()
        .expect("a file")
        .expect("an entry")
        .path();
    let bytes = fs::read(&file).expect("read");
    fs::write(file.with_extension("jsonl.zst"), zstd::encode_all(bytes.as_slice(), 3).expect("compressed"))
        .expect("written");
    fs::remove_file(&file).expect("removed");
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["messages"], &report["sessions_new"]), (&0.into(), &0.into()));
    assert_eq!(rows(&sandbox), before);
}

#[test]
fn two_captures_at_once_do_the_work_once() {
    let sandbox = Sandbox::new();
    long_session(&sandbox, 3000);
    let start = || {
        let mut command = sandbox.sf_command(&["capture", "--json"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().expect("started")
    };
    let both = [start(), start()].map(|child| Said::from(child.wait_with_output().expect("ended")));
    let messages: u64 = both.iter().map(|said| said.json()["messages"].as_u64().expect("a number")).sum();
    assert_eq!(messages, 3000, "{both:?}");
}

#[test]
fn a_capture_that_waits_too_long_is_a_conflict() {
    let sandbox = home_of("claude-code", "qa-simple");
    let _ = sandbox.json(&["list"]);
    let lock = sandbox.sf_home().join("lock/capture.lock");
    let held = session_forge::sys::lock::try_lock(&lock).expect("a file").expect("free");
    let said = sandbox.sf(&["capture", "--timeout", "100ms", "--json"]);
    assert_eq!((said.status, &said.json()["error"]["code"]), (4, &"conflict".into()));
    drop(held);
    assert_eq!(sandbox.json(&["capture"])["sessions_new"], 1);
}

#[test]
fn a_killed_capture_is_finished_by_the_next_one() {
    let sandbox = Sandbox::new();
    long_session(&sandbox, 12_000);
    let sessions = sandbox.sf_home().join("sessions");
    for _ in 0..3 {
        let mut child = sandbox.sf_command(&["capture", "--json"]).spawn().expect("started");
        let before = tree_size(&sessions);
        // It has written something new, and is in the middle of it.
        wait_for("messages on the disk", || {
            (tree_size(&sessions) > before || child.try_wait().expect("asked").is_some()).then_some(())
        });
        let _ = child.kill();
        let _ = child.wait();
    }
    let _ = sandbox.json(&["capture"]);
    let rows = rows(&sandbox);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["messages"], 12_000);
    let ids: Vec<Value> = messages(&sandbox, &rows[0]).into_iter().map(|m| m["msg_id"].clone()).collect();
    assert!(ids.iter().enumerate().all(|(i, id)| *id == format!("u{i}").as_str()), "in order, each once");
    assert_eq!(sandbox.json(&["search", "prompt 11999"])["total"], 1);
    assert_settled(&sandbox);
}

/// What is in the transcripts, and how much of it the index has.
fn everything(sandbox: &Sandbox) -> (Vec<Value>, Vec<(PathBuf, String)>, Vec<Value>) {
    let sessions = sandbox.sf_home().join("sessions");
    let files = tree(&sessions).into_iter().map(|(path, bytes)| {
        let kept = path.extension().is_some_and(|e| e == "zst");
        // How what is kept beside was cut into frames does not matter.
        let bytes = if kept { zstd::decode_all(bytes.as_slice()).expect("zstd") } else { bytes };
        // The manifest names the tool's file.
        let text = String::from_utf8_lossy(&bytes).replace(&*sandbox.path().to_string_lossy(), "");
        (path.strip_prefix(&sessions).expect("below").to_owned(), text)
    });
    let found = ["prompt", "health OR hello", "plan OR First"]
        .map(|query| sandbox.json(&["search", query, "--limit", "0"]));
    (rows(sandbox), files.collect(), found.to_vec())
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Work {
    /// A first capture.
    Fresh,
    /// A capture of what was appended since.
    Grown,
    /// The daemon, in its first capture.
    Daemon,
    /// The index, as it is made anew.
    Index,
}

const WORKS: [Work; 4] = [Work::Fresh, Work::Grown, Work::Daemon, Work::Index];

impl Work {
    /// A home in which this work is to be done.
    fn home(self) -> Sandbox {
        let (sandbox, program) = home_of_all();
        drop(program);
        for (tool, case) in
            [("claude-code", "resume-fork"), ("claude-code", "tools-git"), ("codex", "cli-0.130-fork")]
        {
            super::copy(&home_of(tool, case).home(), &sandbox.home());
        }
        if self == Self::Grown {
            long_session(&sandbox, 700);
            let _ = sandbox.json(&["capture"]);
        }
        long_session(&sandbox, 1500);
        if self == Self::Index {
            let _ = sandbox.json(&["capture"]);
        }
        sandbox
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Fresh | Self::Grown => &["capture", "--json"],
            Self::Daemon => &["daemon", "run", "--json"],
            Self::Index => &["daemon", "rebuild-index", "--json"],
        }
    }
}

/// 200 times killed at a random point and finished by another: nothing is lost, doubled or
/// different. `tests/run --slow`.
#[test]
fn killed_anywhere_it_ends_as_if_undisturbed() {
    #[expect(clippy::disallowed_methods, reason = "the environment of the tests themselves")]
    let rounds = if std::env::var_os("SF_SLOW").is_some() { 200 } else { 4 };
    let wanted = WORKS.map(|work| {
        let sandbox = work.home();
        let before = length_of_all(&sandbox.sf_home());
        let _ = sandbox.json(&["capture"]);
        (everything(&sandbox), length_of_all(&sandbox.sf_home()).max(before + 1) - before)
    });
    let mut killed = 0;
    for round in 0..rounds {
        let work = WORKS[round % WORKS.len()];
        let (wanted, size) = &wanted[round % WORKS.len()];
        let sandbox = work.home();
        // Everything is in one folder, and what is in it grows: how far it has come is its size.
        let mut random = [0; 4];
        fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut random)).expect("random");
        let random = u32::from_le_bytes(random) as usize;
        let home = sandbox.sf_home();
        let (watched, point) = match work {
            // It is written beside or over the old one.
            Work::Index => (home.clone(), random % 3_000_000),
            _ => (home.clone(), length_of_all(&home) + random % size),
        };
        let mut command = sandbox.sf_command(work.words());
        command.stdout(std::process::Stdio::null());
        let mut child = command.spawn().expect("started");
        let begun = length_of_all(&watched);
        let ended = wait_for("the point", || {
            let grown = length_of_all(&watched);
            let there = match work {
                Work::Index => grown.abs_diff(begun) >= point,
                _ => grown >= point,
            };
            let over = || {
                fs::read_to_string(home.join("lock/daemon.json"))
                    .is_ok_and(|t| t.contains("last_capture\":\""))
            };
            match child.try_wait().expect("asked") {
                Some(_) => Some(true),
                None if work == Work::Daemon && over() => Some(true),
                None => there.then_some(false),
            }
        });
        killed += usize::from(!ended);
        let _ = child.kill();
        let _ = child.wait();
        let _ = sandbox.json(&["capture"]);
        let (rows, files, found) = everything(&sandbox);
        let what = format!("round {round}, {work:?}, killed at {point} of {size}");
        assert_eq!(rows, wanted.0, "{what}");
        for (file, other) in files.iter().zip(&wanted.1) {
            assert_eq!(file, other, "{what}");
        }
        assert_eq!(files.len(), wanted.1.len(), "{what}");
        assert_eq!(found, wanted.2, "{what}");
        assert_settled(&sandbox);
    }
    // On a busy machine a few may all be faster than the look at them; many are not.
    assert!(rounds < 20 || killed * 3 >= rounds, "{killed} of {rounds} were killed in the middle");
}

/// Bytes of all files below a folder while they come and go.
fn length_of_all(dir: &Path) -> usize {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => length_of_all(&entry.path()),
        Ok(meta) => usize::try_from(meta.len()).unwrap_or(usize::MAX),
        Err(_) => 0,
    });
    sizes.sum()
}

fn tree_size(dir: &Path) -> usize {
    if dir.exists() { tree(dir).iter().map(|(_, bytes)| bytes.len()).sum() } else { 0 }
}

#[test]
fn other_hosts_are_refused_with_a_hint() {
    let sandbox = Sandbox::new();
    let said = sandbox.sf(&["capture", "--hosts", "nowhere", "--json"]);
    assert_eq!(said.json()["error"]["code"], "not_found");
    assert_eq!(sandbox.json(&["capture", "--hosts", "local"])["messages"], 0);
}
