//! esctest2, one process for each test: at engine level, and through a pane of the real cockpit.
//!
//! The suite is named by `SF_ESCTEST`, a checkout of ThomasDickey/esctest2. It is GPL, so it is never
//! part of this repository; the list of what we accept to fail is (`accepted.txt`). Needs the
//! `conformance` feature: an ordinary build does not answer what the suite asks.

#![cfg(feature = "conformance")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use session_forge::live::screen::Screen;
use tempfile::TempDir;

use crate::support::pty::Terminal;
use crate::support::{Sandbox, wait_for};

const ACCEPTED: &str = include_str!("accepted.txt");
/// The fewest that must pass.
const FEWEST: usize = 300;
/// How many fewer may pass through a pane.
const PANE: usize = 5;

const LIST: &str = "import sys,inspect\nsys.argv=['x']\nimport escargs\nescargs.args=escargs.parser.parse_args([])\n\
    import esccmd,escutil,tests\nfor c in tests.tests:\n  for n,m in inspect.getmembers(c(),predicate=inspect.ismethod):\n    \
    if n.startswith('test_'): print(c.__name__+'.'+n)\n";

fn suite() -> Option<PathBuf> {
    let folder = std::env::var_os("SF_ESCTEST").map(|dir| PathBuf::from(dir).join("esctest"));
    if folder.is_none() {
        println!("NOT RUN: esctest2. SF_ESCTEST must name a checkout of ThomasDickey/esctest2.");
    }
    folder
}

fn names(suite: &Path) -> Vec<String> {
    let output =
        Command::new("python3").args(["-B", "-c", LIST]).current_dir(suite).output().expect("python3");
    let text = String::from_utf8(output.stdout).expect("names");
    let names: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(names.len() > 500, "{}", String::from_utf8_lossy(&output.stderr));
    names
}

fn arguments(name: &str, log: &Path, timeout: &str) -> Vec<String> {
    let include = format!("--include=^{}$", name.replace('.', "\\."));
    let log = format!("--logfile={}", log.display());
    let timeout = format!("--timeout={timeout}");
    [
        "-B",
        "esctest.py",
        "--expected-terminal=xterm",
        "--xterm-checksum=334",
        "--max-vt-level=4",
        "--no-print-logs",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([timeout, log, include])
    .collect()
}

/// Whether a log says that its test passed; `None` when it is not to be run on such a terminal.
fn passed(log: &Path) -> Option<bool> {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    if text.contains("*** 1 test passed, 0 known bugs") {
        return Some(true);
    }
    if text.contains("1 known bug, 0 tests failed") { None } else { Some(false) }
}

/// Runs one test against a screen.
fn alone(suite: &Path, name: &str, log: &Path) -> Option<bool> {
    let size = PtySize { rows: 25, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
    let mut command = CommandBuilder::new("python3");
    command.args(arguments(name, log, "1"));
    command.cwd(suite);
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).expect("python3");
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().expect("a reader");
    let mut input = pair.master.take_writer().expect("a writer");
    let mut screen = Screen::new(80, 25);
    screen.reveal();
    let mut bytes = [0; 4096];
    while let Ok(n @ 1..) = output.read(&mut bytes) {
        screen.feed(&bytes[..n]);
        // The suite may have ended meanwhile.
        let _ = input.write_all(&screen.take_replies());
    }
    let _ = child.wait();
    passed(log)
}

fn accepted() -> BTreeSet<&'static str> {
    ACCEPTED.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect()
}

/// Says what came out; a test that failed and is not accepted fails us.
fn judge(what: &str, results: &BTreeMap<String, Option<bool>>, spare: usize) {
    let count = |wanted| results.values().filter(|r| **r == wanted).count();
    let (good, bad) = (count(Some(true)), count(Some(false)));
    println!(
        "esctest2 {what}: {good} passed, {bad} failed, {} not applicable, of {}",
        count(None),
        results.len()
    );
    let accepted = accepted();
    let failed: Vec<&str> =
        results.iter().filter(|(_, r)| **r == Some(false)).map(|(n, _)| n.as_str()).collect();
    let new: Vec<&&str> = failed.iter().filter(|name| !accepted.contains(**name)).collect();
    assert!(new.len() <= spare, "not accepted as failures: {new:#?}");
    let better: Vec<&&str> =
        accepted.iter().filter(|name| results.get(**name) == Some(&Some(true))).collect();
    assert!(better.len() <= spare, "accepted as failures, and pass: {better:#?}");
    assert!(good >= FEWEST, "only {good} passed");
}

#[test]
fn esctest_passes_at_engine_level() {
    let Some(suite) = suite() else { return };
    let names = names(&suite);
    let dir = TempDir::new().expect("a folder");
    let results = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let result = alone(&suite, name, &dir.path().join(name));
                    results.lock().expect("whole").insert(name.clone(), result);
                }
            });
        }
    });
    judge("at engine level", &results.into_inner().expect("whole"), 0);
}

#[test]
fn esctest_passes_through_a_pane_of_the_cockpit() {
    let Some(suite) = suite() else { return };
    let names = names(&suite);
    let place = Sandbox::new();
    let logs = place.home().join("logs");
    std::fs::create_dir(&logs).expect("made");
    let mut script = format!("cd '{}'\n", suite.display());
    for name in &names {
        let words: Vec<String> =
            arguments(name, &logs.join(name), "2").iter().map(|w| format!("'{w}'")).collect();
        script.push_str(&format!("python3 {} 2>/dev/null\n", words.join(" ")));
    }
    script.push_str(&format!("touch '{}'\nread x\n", logs.join("done").display()));
    let file = place.home().join("suite.sh");
    std::fs::write(&file, script).expect("written");
    // The stage is 80 by 25: a strip and a title above it, and a line below.
    let mut terminal = Terminal::start(&place, &[], 80, 28);
    terminal.wait_text("Live");
    let path = file.to_string_lossy().into_owned();
    let ready = "printf ready; while [ ! -e \"$HOME/go\" ]; do sleep 0.05; done; exec sh";
    place.json(&["session", "start", "--name", "suite", "--", "sh", "-c", &format!("{ready} {path}")]);
    terminal.send("3");
    terminal.wait_text("suite");
    terminal.send("\r");
    terminal.wait_text("ready");
    wait_for("the pane's size", || {
        let row = place.json(&["session", "screen", "suite"]);
        (row["cols"] == 80 && row["rows"] == 25).then_some(())
    });
    std::fs::write(place.home().join("go"), "").expect("written");
    let done = logs.join("done");
    let mut seen = 0;
    while !done.exists() {
        // As long as tests come to their ends, it goes on.
        wait_for("the next test to end", || {
            let now = std::fs::read_dir(&logs).expect("logs").count();
            let more = now > seen;
            seen = now;
            (more || done.exists()).then_some(())
        });
    }
    let results = names.iter().map(|name| (name.clone(), passed(&logs.join(name)))).collect();
    judge("through a pane", &results, PANE);
}
