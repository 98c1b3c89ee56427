//! The table in `docs/transcripts.md`: what is captured of each tool and version. It is made from the
//! samples by the test itself (`SF_BLESS=1 cargo test --test main conformance::table`), and the
//! test fails when it is not what the page says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Captured, Case, SAMPLES, captured, cases};

/// What can be captured, in the order of the columns.
const COLUMNS: [&str; 18] = [
    "messages",
    "calls",
    "results",
    "failures",
    "exit status",
    "reasoning",
    "images",
    "usage",
    "cost",
    "model",
    "effort",
    "folder",
    "branch",
    "commit",
    "titles",
    "sub-agents",
    "compaction",
    "forks",
];

/// What a tool does not record. A sample that has it nevertheless fails the test.
const NOT_RECORDED: [(&str, &[&str]); 10] = [
    ("amp", &["effort", "cost"]),
    ("claude-code", &["commit"]),
    ("cline", &["effort", "commit"]),
    ("codex", &["cost"]),
    ("copilot", &["cost"]),
    ("cursor", &["effort", "commit"]),
    ("gemini", &["cost", "effort", "branch", "commit", "forks"]),
    ("kilo-code", &["effort", "branch", "commit"]),
    ("opencode", &["effort", "branch", "commit"]),
    ("roo-code", &["effort", "branch", "commit"]),
];

/// What was found in the transcripts of a sample.
fn found(captured: &Captured) -> BTreeSet<&'static str> {
    let mut out = BTreeSet::new();
    for row in &captured.rows {
        let talk = captured.talk(row["native_id"].as_str().expect("an id"));
        let manifest = talk.manifest();
        let id = row["id"].as_str().expect("an id");
        let workspace = captured.sandbox.sf_home().join(format!("sessions/{id}.sfs/workspace.json"));
        let workspace: Value = std::fs::read(workspace)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let results = talk.blocks("tool_result");
        let own = &manifest["metadata"]["sf"];
        let has = [
            ("messages", !talk.said.is_empty()),
            ("calls", talk.count("tool_use") > 0),
            ("results", !results.is_empty()),
            ("failures", talk.errors() > 0),
            ("exit status", results.iter().any(|r| r["exit_code"].is_i64())),
            ("reasoning", talk.count("thinking") > 0),
            ("images", talk.count("image") > 0),
            ("usage", row["tokens_in"].as_u64() > Some(0) || row["tokens_out"].as_u64() > Some(0)),
            ("cost", manifest["stats"]["estimated_cost_usd"].as_f64() > Some(0.0)),
            ("model", row["model"].is_string()),
            ("effort", manifest["model"]["reasoning_effort"].is_string()),
            ("folder", row["workdir"].is_string()),
            ("branch", row["branch"].is_string()),
            ("commit", workspace["git"]["commit_sha"].is_string()),
            ("titles", row["title"].is_string()),
            (
                "sub-agents",
                talk.said.iter().any(|m| m["is_sidechain"] == true)
                    || (is_agent(row, own) && row["parent"].is_string()),
            ),
            ("compaction", talk.count("summary") > 0),
            ("forks", row["parent"].is_string() && !is_agent(row, own)),
        ];
        out.extend(has.into_iter().filter(|(_, there)| *there).map(|(what, _)| what));
    }
    out
}

/// Whether a transcript is a sub-agent's own.
fn is_agent(row: &Value, own: &Value) -> bool {
    let named = row["title"].as_str().is_some_and(|title| title.ends_with("subagent)"));
    let text = own.to_string();
    named || own["thread_source"] == "subagent" || text.contains("subagent") || own["rootTaskId"].is_string()
}

/// The generation that a sample is of.
fn version(case: &Case) -> String {
    let of = |key: &str| case.look(key).as_str().map(str::to_owned);
    let version = of("/version").or_else(|| of("/cli_version"));
    let named = || match (case.tool.as_str(), case.name.as_str()) {
        ("codex", name) => {
            name.strip_prefix("cli-").map_or("0.169", |v| v.trim_end_matches("-fork")).to_owned()
        }
        ("amp", "old-thread-2025") => "2025".into(),
        ("amp", _) => "2026".into(),
        ("cline", _) => "up to 3.x".into(),
        ("cursor", "state-vscdb-3x") => "3.x".into(),
        ("cursor", _) => "up to 2.x".into(),
        ("roo-code", "xml-tools-2025") => "2025".into(),
        ("roo-code", _) => "3.5x".into(),
        ("kilo-code", _) => "up to 5.x".into(),
        (_, name) => name.to_owned(),
    };
    version.map_or_else(named, |v| v.split_whitespace().next().unwrap_or_default().to_owned())
}

/// A version in the order of its numbers, and as it is written.
type Version = (Vec<u32>, String);

fn table() -> String {
    let mut all: BTreeMap<(&str, Version), (u64, BTreeSet<&str>)> = BTreeMap::new();
    for (tool, _) in SAMPLES {
        for name in cases(tool) {
            let case = Case::load(tool, &name);
            let version = version(&case);
            let order: Vec<u32> =
                version.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
            let row = all.entry((tool, (order, version))).or_default();
            row.0 += 1;
            row.1.extend(found(&captured(&case, |sandbox| drop(sandbox.json(&["capture"])))));
        }
    }
    let mut out = format!(
        "| tool | version | samples | {} |\n|{}\n",
        COLUMNS.join(" | "),
        " --- |".repeat(COLUMNS.len() + 3)
    );
    let wrong: Vec<String> = all
        .iter()
        .flat_map(|((tool, (_, version)), (_, found))| {
            let (_, never) = NOT_RECORDED.iter().find(|(known, _)| known == tool).expect("a tool");
            never
                .iter()
                .filter(|column| found.contains(*column))
                .map(move |column| format!("{tool} {version} {column}"))
        })
        .collect();
    assert!(wrong.is_empty(), "recorded after all: {wrong:?}");
    for ((tool, (_, version)), (samples, found)) in &all {
        let (_, never) = NOT_RECORDED.iter().find(|(known, _)| known == tool).expect("a tool");
        let cell = |column: &&str| match (found.contains(*column), never.contains(column)) {
            (true, _) => "yes",
            (false, true) => "not recorded",
            (false, false) => "–",
        };
        let cells: Vec<&str> = COLUMNS.iter().map(cell).collect();
        out.push_str(&format!("| {tool} | {version} | {samples} | {} |\n", cells.join(" | ")));
    }
    out
}

#[test]
fn the_page_says_what_is_captured() {
    const BEGIN: &str = "<!-- made by the test conformance::table -->\n";
    const END: &str = "<!-- end -->";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/transcripts.md");
    let page = std::fs::read_to_string(&path).expect("docs/transcripts.md");
    let (before, rest) = page.split_once(BEGIN).expect("the mark before the table");
    let (told, after) = rest.split_once(END).expect("the mark behind the table");
    let table = table();
    #[expect(clippy::disallowed_methods, reason = "a person asks for the page to be written")]
    let write = std::env::var_os("SF_BLESS").is_some();
    if write {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).expect("written");
    } else {
        assert_eq!(told, table, "run it with SF_BLESS=1");
    }
}
