//! Recordings of terminals (asciicast 2), with the true state of the tool over time beside them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use session_forge::model::live::LiveState;

/// What happened in a recording, and when.
#[derive(Clone, Debug)]
pub enum Happened {
    /// The program wrote.
    Output(String),
    /// Somebody typed.
    Input(String),
    /// The terminal got another size.
    Size(u16, u16),
}

/// A recording.
pub struct Cast {
    /// Its name.
    pub case: String,
    /// Columns and rows at the start.
    pub size: (u16, u16),
    /// In order.
    pub events: Vec<(Duration, Happened)>,
    /// What was true, from and to.
    pub truth: Vec<(Duration, Duration, LiveState)>,
}

fn seconds(value: &Value) -> Duration {
    Duration::from_secs_f64(value.as_f64().expect("seconds"))
}

/// The folder of a tool's recordings.
pub fn folder(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terminal").join(tool)
}

fn text(path: &Path) -> String {
    if path.extension().is_some_and(|e| e == "gz") {
        let out = session_forge::sys::proc::blocking_command("gzip")
            .arg("-dc")
            .arg(path)
            .stdout(std::process::Stdio::piped())
            .output()
            .expect("gzip");
        assert!(out.status.success(), "{}", path.display());
        return String::from_utf8(out.stdout).expect("UTF-8");
    }
    std::fs::read_to_string(path).expect("read")
}

/// Every recording of a tool that has labels, by name.
pub fn all(tool: &str) -> Vec<Cast> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder(tool)).expect("a folder").map(|entry| entry.expect("read").path()).collect();
    paths.sort();
    paths.iter().filter(|path| path.to_string_lossy().contains(".cast")).map(|path| read(path)).collect()
}

fn read(path: &Path) -> Cast {
    let name = path.file_name().and_then(|n| n.to_str()).expect("a name");
    let case = name.split(".cast").next().expect("a stem").to_owned();
    let content = text(path);
    let mut lines = content.lines();
    let head: Value = serde_json::from_str(lines.next().expect("a header")).expect("JSON");
    let side = |name: &str| u16::try_from(head[name].as_u64().expect("a size")).expect("small");
    let events = lines.map(|line| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let said = event[2].as_str().expect("text").to_owned();
        let happened = match event[1].as_str() {
            Some("o") => Happened::Output(said),
            Some("i") => Happened::Input(said),
            Some("r") => {
                let (cols, rows) = said.split_once('x').expect("a size");
                Happened::Size(cols.parse().expect("columns"), rows.parse().expect("rows"))
            }
            other => panic!("an event {other:?}"),
        };
        (seconds(&event[0]), happened)
    });
    let labels = std::fs::read(path.with_file_name(format!("{case}.labels.json"))).expect("labels");
    let labels: Vec<Value> = serde_json::from_slice(&labels).expect("JSON");
    let truth = labels.iter().map(|label| {
        let state = match label["state"].as_str() {
            Some("working") => LiveState::Working,
            Some("blocked") => LiveState::Blocked,
            Some("idle") => LiveState::Idle,
            // A turn that was given up is over as well.
            Some("waiting" | "error") => LiveState::Waiting,
            Some("exited") => LiveState::Exited,
            other => panic!("a state {other:?}"),
        };
        (seconds(&label["from"]), seconds(&label["to"]), state)
    });
    Cast { size: (side("width"), side("height")), events: events.collect(), truth: truth.collect(), case }
}
