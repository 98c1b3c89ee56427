//! `import`: archives of SessionFS, valid and invalid, our own, and files that tools wrote.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{assert_canonical, copy, home_of, lines, messages, prompts, row, rows, texts, tree};
use crate::support::Sandbox;

fn archives() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sfs")
}

/// Every session folder below the fixtures.
fn folders(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "sfs") {
            out.push(path);
        } else if path.is_dir() {
            out.extend(folders(&path));
        }
    }
    out.sort();
    out
}

fn import(sandbox: &Sandbox, path: &Path) -> Value {
    sandbox.json(&["import", path.to_str().expect("UTF-8")])
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).expect("read")).expect("JSON")
}

#[test]
fn what_sessionfs_wrote_is_taken_whole_valid_or_not() {
    let all = folders(&archives());
    assert_eq!(all.len(), 5);
    let sandbox = Sandbox::new();
    for folder in &all {
        let before = tree(folder);
        let report = import(&sandbox, folder);
        assert_eq!((&report["imported"], &report["failed"]), (&json!(1), &json!([])), "{folder:?}");
        assert_eq!(before, tree(folder), "only read");
        let wanted = manifest(folder);
        let text = std::fs::read_to_string(folder.join("messages.jsonl")).expect("read");
        let given: Vec<Value> =
            text.split_terminator('\n').map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let own = &report["sessions"][0];
        let id = own["id"].as_str().expect("an id");
        if let Ok(kept) =
            wanted["session_id"].as_str().expect("an id").parse::<session_forge::model::TranscriptId>()
        {
            assert_eq!(id, kept.as_str(), "a sound id is kept");
        }
        let all = rows(&sandbox);
        let own = row(&all, own["native_id"].as_str().expect("an id"));
        let kept = manifest(&sandbox.sf_home().join(format!("sessions/{id}.sfs")));
        assert_eq!(kept["source"], wanted_source(&wanted, &kept), "{folder:?}");
        assert_eq!(own["tool"], wanted["source"]["tool"].as_str().expect("a tool").trim_end_matches("-cli"));
        assert_eq!(own["title"], wanted["title"]);
        let said = lines(&sandbox, own);
        assert_eq!(said.len(), given.len(), "{folder:?}");
        for (ours, theirs) in said.iter().zip(&given) {
            compare(ours, theirs);
        }
        assert_canonical(&sandbox, own);
        let again = import(&sandbox, folder);
        assert_eq!((&again["unchanged"], &again["messages"]), (&json!(1), &json!(0)), "{folder:?}");
    }
    // All at once, as SessionFS keeps them, and found at once.
    let sandbox = Sandbox::new();
    let store = sandbox.home().join(".sessionfs/sessions");
    for folder in &all {
        copy(folder, &store.join(folder.file_name().expect("a name")));
    }
    let report = import(&sandbox, &sandbox.home().join(".sessionfs"));
    assert_eq!(report["imported"], 5, "{report}");
    assert_eq!(rows(&sandbox).len(), 5, "two archives of one session are two");
    assert!(sandbox.json(&["search", "\"It prints\""])["total"].as_u64() > Some(0));
}

/// What the source of an imported session says: all that the archive said, and who converted it.
fn wanted_source(theirs: &Value, ours: &Value) -> Value {
    let mut source = json!({"tool_version": null, "original_path": null, "interface": null});
    for (key, value) in theirs["source"].as_object().expect("an object") {
        source[key] = value.clone();
    }
    source["sfs_converter_version"] = ours["source"]["sfs_converter_version"].clone();
    if !matches!(source["interface"].as_str(), Some("cli" | "vscode" | "ide" | "web" | "api" | "exec")) {
        source["interface"] = Value::Null;
    }
    source
}

/// A message as it was and as it is now.
fn compare(ours: &Value, theirs: &Value) {
    for key in ["msg_id", "role", "parent_msg_id", "turn_id", "model", "stop_reason", "agent_id"] {
        assert_eq!(ours[key], theirs[key], "{key} of {theirs}");
    }
    for key in ["is_meta", "is_sidechain"] {
        assert_eq!(ours[key] == true, theirs[key] == true, "{key} of {theirs}");
    }
    let blocks = |message: &Value| message["content"].as_array().expect("blocks").clone();
    for (ours, theirs) in blocks(ours).iter().zip(&blocks(theirs)) {
        for key in [
            "type",
            "text",
            "name",
            "input",
            "content",
            "is_error",
            "exit_code",
            "source",
            "signature",
            "mime",
        ] {
            assert_eq!(ours[key], theirs[key], "{key} of {theirs}");
        }
        assert!(ours["type"] != "tool_use" || ours["tool_use_id"].is_string(), "{ours}");
    }
    let usage = &theirs["usage"];
    if usage.is_object() {
        assert_eq!(&ours["usage"], usage);
    }
}

#[test]
fn every_file_of_a_folder_is_kept() {
    let folder = archives().join("valid-all-blocks/ses_00112233445566aa.sfs");
    let sandbox = Sandbox::new();
    import(&sandbox, &folder);
    let own = sandbox.sf_home().join("sessions/ses_00112233445566aa.sfs");
    let diff = |dir: &Path| std::fs::read(dir.join("uncommitted.diff")).expect("the diff");
    assert_eq!(diff(&own), diff(&folder));
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.join(name)).expect("read")).expect("JSON")
    };
    let ours = manifest(&own);
    let kept = &ours["metadata"]["sf"]["import"];
    let workspace = read("workspace.json");
    assert_eq!(kept["workspace"]["files"], workspace["files"]);
    assert_eq!(kept["workspace"]["environment"], workspace["environment"]);
    assert_eq!(kept["tools"]["mcp_servers"], read("tools.json")["mcp_servers"]);
    let theirs = manifest(&folder);
    for key in ["tags", "ownership", "sync", "stats", "checkpoint_count"] {
        assert!(
            kept[key] == theirs[key] || theirs[key].is_null() || theirs[key] == json!([]),
            "{key}: {kept}"
        );
    }
    assert_eq!(ours["source"]["original_path"], theirs["source"]["original_path"]);
    assert_eq!(ours["model"], theirs["model"]);
    assert_eq!(ours["sub_agents"][0]["agent_id"], theirs["sub_agents"][0]["agent_id"]);
    let all = rows(&sandbox);
    let branch = read("workspace.json")["git"]["branch"].clone();
    assert_eq!((&all[0]["branch"], &all[0]["workdir"]), (&branch, &workspace["root_path"]));
}

#[test]
fn an_archive_is_a_folder_and_a_hostile_one_is_refused() {
    let sandbox = Sandbox::new();
    let folder = archives().join("raw-u2028/ses_00112233445566bb.sfs");
    let sh = |script: &str| sandbox.sh(script);
    sh(&format!(
        "tar -C {0} -czf good.sfs.tar.gz . && tar -C {0}/.. -czf outer.tgz ses_00112233445566bb.sfs",
        folder.display()
    ));
    sh("mkdir evil && cd evil && echo x > ../outside && tar -czPf ../bad.sfs.tar.gz ../outside");
    let report = import(&sandbox, &sandbox.home().join("good.sfs.tar.gz"));
    assert_eq!(report["sessions"][0]["id"], "ses_00112233445566bb");
    assert_eq!(import(&sandbox, &sandbox.home().join("outer.tgz"))["unchanged"], 1);
    let before = tree(&sandbox.sf_home().join("sessions"));
    let path = sandbox.home().join("bad.sfs.tar.gz");
    let out = sandbox.sf(&["import", "--json", path.to_str().expect("UTF-8")]);
    assert_eq!(out.status, 4, "{out:?}");
    let told = out.json();
    assert_eq!(told["error"]["code"], "refused");
    assert_eq!(before, tree(&sandbox.sf_home().join("sessions")), "nothing is left behind");
}

#[test]
fn our_own_folder_and_the_tools_session_are_one() {
    let first = home_of("claude-code", "subagents");
    let _ = first.json(&["capture"]);
    let theirs = rows(&first);
    let id = theirs[0]["id"].as_str().expect("an id");
    let folder = first.sf_home().join(format!("sessions/{id}.sfs"));
    // Elsewhere, before and after the tool's own session is captured there.
    let second = home_of("claude-code", "subagents");
    let report = import(&second, &folder);
    assert_eq!((&report["imported"], &report["sessions"][0]["id"]), (&json!(1), &json!(id)));
    let shown = rows(&second);
    for field in [
        "native_id",
        "title",
        "messages",
        "tool_calls",
        "tokens_in",
        "tokens_out",
        "model",
        "workdir",
        "branch",
    ] {
        assert_eq!(shown[0][field], theirs[0][field], "{field}");
    }
    assert_eq!(second.json(&["capture"])["messages"], 0, "every message is there");
    assert_eq!(rows(&second).len(), 1);
    assert_eq!(import(&second, &folder)["unchanged"], 1);
    assert_eq!(lines(&second, &rows(&second)[0]), lines(&first, &theirs[0]));
    assert_canonical(&second, &rows(&second)[0]);
}

#[test]
fn somebody_elses_copy_of_a_captured_session_stands_beside_it() {
    let theirs = archives().join("by-sessionfs-0.26.0/cursor/ses_e0e0e0e0aaaa4bbb.sfs");
    for capture_first in [true, false] {
        let sandbox = home_of("cursor", "state-vscdb-0.4x");
        if capture_first {
            let _ = sandbox.json(&["capture"]);
        }
        let report = import(&sandbox, &theirs);
        assert_eq!(report["imported"], 1, "{report}");
        let _ = sandbox.json(&["capture"]);
        let all = rows(&sandbox);
        assert_eq!(all.len(), 4, "{all:?}");
        let own = row(&all, "e0e0e0e0-aaaa-4bbb-8ccc-dddddddddddd");
        let copy = row(&all, "sfs:ses_e0e0e0e0aaaa4bbb");
        assert_eq!(copy["parent"], own["id"], "capture first: {capture_first}");
        assert_eq!(lines(&sandbox, copy).len(), 2);
        assert_eq!(import(&sandbox, &theirs)["unchanged"], 1);
        assert_eq!(rows(&sandbox).len(), 4);
        assert_eq!(sandbox.json(&["capture"])["messages"], 0);
    }
}

#[test]
fn a_tools_own_file_is_read_by_that_tools_reader() {
    for (tool, case, file, native, prompt) in [
        ("claude-code", "subagents", ".claude/projects", None, "Survey the endpoints"),
        ("codex", "cli-0.42", ".codex/sessions", None, ""),
        ("codex", "cli-0.27", ".codex/sessions", None, ""),
        ("codex", "cli-0.1.2505", ".codex/sessions", None, ""),
        ("gemini", "tools", ".gemini/tmp", None, "The add function is wrong. Fix it and add a test."),
        ("gemini", "v0.20-sha256-json", ".gemini/tmp", None, ""),
        (
            "copilot",
            "tools",
            ".copilot/session-state",
            None,
            "The add function is wrong. Fix it and add a test.",
        ),
        ("amp", "old-thread-2025", ".local/share/amp/threads", None, ""),
        ("roo-code", "xml-tools-2025", ".config/Cursor/User", Some("1745000000000"), "hi"),
        (
            "cline",
            "real-cli-3.0.65",
            ".cline/data/sessions/1795224047309_d2o2h",
            Some("1795224047309_d2o2h"),
            "",
        ),
    ] {
        let origin = home_of(tool, case);
        let _ = origin.json(&["capture"]);
        let captured = rows(&origin);
        let found = origin.sh(&format!(
            "find {file} \\( -name '*.jsonl' -o -name '*.json' \\) -size +0 | grep -v -e subagents -e logs.json -e projects.json | sort | head -1"
        ));
        let path = origin.home().join(found.trim());
        let sandbox = Sandbox::new();
        let report = import(&sandbox, &path);
        assert_eq!(report["failed"], json!([]), "{tool} {case} {path:?}");
        let all = rows(&sandbox);
        assert_eq!(all.len(), 1, "{tool} {case}: {report}");
        let own = &all[0];
        if let Some(native) = native {
            assert_eq!(own["native_id"], native);
        }
        let same = row(&captured, own["native_id"].as_str().expect("an id"));
        for field in ["id", "tool", "messages", "tool_calls", "tokens_in", "tokens_out"] {
            assert_eq!(own[field], same[field], "{tool} {case} {field}");
        }
        assert!(
            prompt.is_empty() || prompts(&messages(&sandbox, own)).iter().any(|p| p == prompt),
            "{tool} {case}"
        );
        assert_canonical(&sandbox, own);
        assert_eq!(import(&sandbox, &path)["messages"], 0, "{tool} {case}");
        assert_eq!(rows(&sandbox).len(), 1, "{tool} {case}");
    }
}

#[test]
fn a_tools_folder_is_taken_whole() {
    for (tool, case, dir, count) in [
        ("claude-code", "resume-fork", ".claude", 2),
        ("opencode", "real-1.18.33-wal-pending", ".local/share/opencode", 6),
        ("cursor", "state-vscdb-3x", ".config/Cursor/User", 4),
        ("kilo-code", "legacy-vscode-5x", ".", 1),
    ] {
        let origin = home_of(tool, case);
        let sandbox = Sandbox::new();
        let before = tree(&origin.home());
        let mut path = origin.home().join(dir);
        if dir == "." {
            path = origin.home().join(origin.sh("dirname $(find . -type d -name tasks | head -1)").trim());
        }
        let report = import(&sandbox, &path);
        assert_eq!((&report["imported"], &report["failed"]), (&json!(count), &json!([])), "{tool}: {report}");
        assert!(rows(&sandbox).iter().all(|r| r["tool"] == tool), "{tool}: {report}");
        assert_eq!(before, tree(&origin.home()), "{tool}");
    }
}

#[test]
fn what_is_nothing_is_said_to_be_nothing() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.home().join("empty.sfs")).expect("made");
    std::fs::write(sandbox.home().join("a.txt"), "hello\n").expect("written");
    for (name, code, exit) in
        [("missing", "not_found", 1), ("a.txt", "not_found", 1), ("empty.sfs", "corrupt", 1)]
    {
        let path = sandbox.home().join(name);
        let out = sandbox.sf(&["import", "--json", path.to_str().expect("UTF-8")]);
        let told = out.json();
        assert_eq!((out.status, &told["error"]["code"]), (exit, &json!(code)), "{told}");
    }
    // One that is good beside one that is not.
    let good = archives().join("raw-u2028/ses_00112233445566bb.sfs");
    let out = sandbox.sf(&["import", "--json", "a.txt", good.to_str().expect("UTF-8")]);
    assert_eq!(out.status, 1);
    let told = out.json();
    assert_eq!((&told["error"]["code"], &told["result"]["imported"]), (&json!("partial"), &json!(1)));
    assert_eq!(texts(&messages(&sandbox, &rows(&sandbox)[0])[6], "text"), ["Done."]);
}
