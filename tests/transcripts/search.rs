//! `search` by the real program.

use std::fs;

use super::home_of;

#[test]
fn text_reasoning_calls_and_results_are_found_and_marked() {
    let sandbox = home_of("claude-code", "tools-git");
    let _ = sandbox.json(&["capture"]);
    for (query, role) in [
        ("health endpoint", "user"),
        ("\"def health\"", "assistant"),
        ("test_app.py", "assistant"),
        ("created successfully", "tool"),
        ("repositor*", "assistant"),
    ] {
        let found = sandbox.json(&["search", query]);
        let hits = found["hits"].as_array().expect("hits");
        assert_eq!(found["total"], hits.len(), "{query}");
        let hit = hits.iter().find(|h| h["role"] == role).unwrap_or_else(|| panic!("{query}: {found}"));
        assert!(hit["snippet"].as_str().expect("a snippet").contains('«'), "{query}: {hit}");
        let id = hit["id"].as_str().expect("an id");
        let seq = hit["seq"].to_string();
        let around = sandbox.json(&["show", id, "--around", &seq]);
        let shown = around["messages"].as_array().expect("messages");
        assert!(shown.iter().any(|m| m["seq"] == hit["seq"] && m["role"] == role), "{query}");
    }
}

#[test]
fn a_bad_query_is_bad_usage() {
    let sandbox = home_of("codex", "qa");
    let _ = sandbox.json(&["capture"]);
    for args in [&["search", "a AND"] as &[&str], &["search", "\"open"], &["search", "(", "--regex"]] {
        let said = sandbox.sf(&[args, &["--json"]].concat());
        assert_eq!((said.status, &said.json()["error"]["code"]), (2, &"usage".into()), "{args:?}");
    }
}

#[test]
fn an_index_that_was_removed_or_damaged_is_built_again() {
    let sandbox = home_of("codex", "tools");
    let _ = sandbox.json(&["capture"]);
    let wanted = sandbox.json(&["search", "greet"]);
    assert!(wanted["total"].as_u64() > Some(3));
    let index = sandbox.sf_home().join("index.db");
    for damage in ["gone", "rubbish", "middle"] {
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(sandbox.sf_home().join(format!("index.db{ending}")));
        }
        match damage {
            "gone" => fs::remove_file(&index).expect("removed"),
            "rubbish" => {
                fs::write(&index, b"no database at all, but long enough to be taken for one".repeat(99))
                    .expect("written")
            }
            _ => {
                let mut bytes = fs::read(&index).expect("read");
                let from = bytes.len() / 4;
                bytes[from..].fill(0xA5);
                fs::write(&index, bytes).expect("written");
            }
        }
        assert_eq!(sandbox.json(&["search", "greet"]), wanted, "{damage}");
    }
}

#[test]
fn capture_makes_everything_searchable_before_it_returns() {
    let sandbox = home_of("claude-code", "qa-simple");
    let _ = sandbox.json(&["capture"]);
    assert_eq!(sandbox.json(&["search", "staging", "--role", "user"])["total"], 1);
    assert_eq!(sandbox.json(&["search", "staging", "--tool", "codex"])["total"], 0);
    assert_eq!(sandbox.json(&["search", "stag[i]ng\\b", "--regex", "--role", "user"])["total"], 1);
}
