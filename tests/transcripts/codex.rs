//! Codex: tokens, forks wherever their origin is, names.

use serde_json::Value;

use super::{assert_canonical, assert_settled, cases, home_of, messages, prompts, row, rows};

/// The logs of requests hold no token counts, so these are the CLI's own: 0.169 records each
/// response; before that there is only the running sum.
#[test]
fn tokens_are_those_of_each_response_once() {
    let mut compared = 0;
    for name in cases("codex") {
        let sandbox = home_of("codex", &name);
        let _ = sandbox.json(&["capture"]);
        for row in rows(&sandbox) {
            let native_id = row["native_id"].as_str().expect("an id");
            let Some(wanted) = recorded(&sandbox, native_id) else { continue };
            let told =
                ["tokens_in", "tokens_cache_read", "tokens_out"].map(|f| row[f].as_u64().expect("a number"));
            assert_eq!(told, wanted, "{name} {native_id}");
            compared += 1;
        }
    }
    assert!(compared >= 18, "{compared}");
    for (name, wanted) in [
        // Two processes, each counting from 0: 31400 + 6600 in, of which 24900 + 6500 cached.
        ("cli-0.42", [6600, 31_400, 224]),
        ("cli-0.77", [6600, 31_400, 224]),
        // The second process goes on counting.
        ("cli-0.130", [6600, 31_400, 224]),
    ] {
        let sandbox = home_of("codex", name);
        let _ = sandbox.json(&["capture"]);
        let row = &rows(&sandbox)[0];
        let told =
            ["tokens_in", "tokens_cache_read", "tokens_out"].map(|f| row[f].as_u64().expect("a number"));
        assert_eq!(told, wanted, "{name}");
    }
    let sandbox = home_of("codex", "cli-0.130-fork");
    let _ = sandbox.json(&["capture"]);
    for row in rows(&sandbox) {
        assert_eq!(
            (&row["tokens_in"], &row["tokens_out"]),
            (&100.into(), &20.into()),
            "origin and fork alike"
        );
    }
}

/// The sum of the records in a session's file: uncached input, cached input, output. `None` when it
/// has none.
fn recorded(sandbox: &crate::support::Sandbox, native_id: &str) -> Option<[u64; 3]> {
    let found = sandbox.sh(&format!("find .codex -name '*{native_id}.jsonl'"));
    let path = sandbox.home().join(found.trim());
    let text = std::fs::read_to_string(path).ok()?;
    let mut sum = None;
    for line in text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()) {
        if line["type"] == "token_usage_record" {
            let of = |key: &str| line["payload"]["usage"][key].as_u64().expect("a number");
            let (input, cached, output) =
                (of("input_tokens"), of("cached_input_tokens"), of("output_tokens"));
            let [a, b, c] = sum.unwrap_or([0; 3]);
            sum = Some([a + input - cached, b + cached, c + output]);
        }
    }
    sum
}

#[test]
fn sub_agents_and_forks_are_rows_of_their_own_with_a_parent() {
    for (name, asked) in [
        ("subagents", &["Count the Python files in this repository."] as &[&str]),
        ("forked", &["Which plans are there?", "Go on with A.", "Take plan B instead."]),
        ("cli-0.130-fork", &["First.", "Second, in the fork."]),
    ] {
        let sandbox = home_of("codex", name);
        let _ = sandbox.json(&["capture"]);
        let rows = rows(&sandbox);
        let child = rows.iter().find(|r| r["parent"].is_string()).expect("a child");
        let parent = rows.iter().find(|r| r["id"] == child["parent"]).expect("its parent");
        assert_eq!(parent["parent"], Value::Null, "{name}");
        assert_eq!(prompts(&messages(&sandbox, child)), asked, "{name}");
        if let [first, .., last] = asked {
            let first = sandbox.json(&["search", &format!("\"{first}\""), "--role", "user"]);
            assert_eq!((&first["total"], &first["hits"][0]["id"]), (&1.into(), &parent["id"]), "{name}");
            let last = sandbox.json(&["search", &format!("\"{last}\""), "--role", "user"]);
            assert_eq!((&last["total"], &last["hits"][0]["id"]), (&1.into(), &child["id"]), "{name}");
        }
    }
}

/// Ids of the origin and of the fork in the case `forked`.
const ORIGIN: &str = "01a1fbb6-5e14-7580-ab56-44a2ea76277e";
const FORK: &str = "01a1fbb6-6209-7491-8d8e-d0085a7f7585";

#[test]
fn a_fork_is_whole_wherever_its_origin_is() {
    let whole = ["Which plans are there?", "Go on with A.", "Take plan B instead."];
    for (where_to, script) in [
        ("archived", "mkdir archived_sessions; mv sessions/2026/11/21/*5e14* archived_sessions/"),
        ("grown", "tail -n 3 sessions/2026/11/21/*5e14* > x; cat x >> sessions/2026/11/21/*5e14*; rm x"),
        ("compressed", ""),
    ] {
        let sandbox = home_of("codex", "forked");
        if script.is_empty() {
            let found = sandbox.sh("find .codex -name '*5e14*.jsonl'");
            let path = sandbox.home().join(found.trim());
            let bytes = std::fs::read(&path).expect("read");
            let packed = zstd::encode_all(bytes.as_slice(), 3).expect("compressed");
            std::fs::write(path.with_extension("jsonl.zst"), packed).expect("written");
            std::fs::remove_file(path).expect("removed");
        } else {
            sandbox.sh(&format!("cd .codex; {script}"));
        }
        let _ = sandbox.json(&["capture"]);
        let rows = rows(&sandbox);
        assert_eq!(prompts(&messages(&sandbox, row(&rows, FORK))), whole, "{where_to}");
        assert_canonical(&sandbox, row(&rows, FORK));
        assert_settled(&sandbox);
    }
}

#[test]
fn a_fork_whose_origin_is_gone_keeps_what_there_is() {
    let sandbox = home_of("codex", "forked");
    let origin = sandbox
        .sh("cd .codex; mkdir ../kept; mv sessions/2026/11/21/*5e14* ../kept/; ls ../kept")
        .trim()
        .to_owned();
    let _ = sandbox.json(&["capture"]);
    let fork = row(&rows(&sandbox), FORK).clone();
    assert_eq!(prompts(&messages(&sandbox, &fork)), ["Take plan B instead."]);
    let id = fork["id"].as_str().expect("an id");
    assert_eq!(sandbox.json(&["show", id])["manifest"]["metadata"]["sf"]["missing_origin"], ORIGIN);
    // It comes back: history is only appended to, so the fork stays as it is.
    sandbox.sh(&format!("mv kept/{origin} .codex/sessions/2026/11/21/"));
    let _ = sandbox.json(&["capture"]);
    let fork = row(&rows(&sandbox), FORK).clone();
    assert_eq!(prompts(&messages(&sandbox, &fork)), ["Take plan B instead."]);
    assert_eq!(fork["parent"], row(&rows(&sandbox), ORIGIN)["id"]);
}

#[test]
fn a_fork_of_a_fork_has_the_history_of_both() {
    let sandbox = home_of("codex", "forked");
    let dir = sandbox.home().join(".codex/sessions/2026/11/21");
    let second = "01a1fbb6-7000-7491-8d8e-d0085a7f7585";
    let mut fork = std::fs::read_dir(&dir).expect("a folder").flatten().map(|e| e.path());
    let fork = fork.find(|p| p.to_string_lossy().contains(FORK)).expect("the fork");
    let text = std::fs::read_to_string(&fork).expect("read");
    let first = text.lines().next().expect("a line");
    let mut meta: Value = serde_json::from_str(first).expect("JSON");
    meta["payload"]["id"] = second.into();
    meta["payload"]["forked_from_id"] = FORK.into();
    meta["payload"]["history_base"] =
        serde_json::json!({"thread_id": FORK, "end_ordinal_exclusive": 36, "end_byte_offset": text.len()});
    let asked = serde_json::json!({"timestamp": "2026-11-21T02:00:00.000Z", "ordinal": 37, "type": "response_item",
        "payload": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And C?"}]}});
    let name = format!("rollout-2026-11-21T02-00-00-{second}.jsonl");
    std::fs::write(dir.join(name), format!("{meta}\n{asked}\n")).expect("written");
    let _ = sandbox.json(&["capture"]);
    let all = rows(&sandbox);
    let own = row(&all, second);
    let whole = ["Which plans are there?", "Go on with A.", "Take plan B instead.", "And C?"];
    assert_eq!(prompts(&messages(&sandbox, own)), whole);
    assert_eq!((&own["tokens_in"], &own["tokens_out"]), (&0.into(), &0.into()));
    assert_eq!(own["parent"], row(&all, FORK)["id"]);
    assert_canonical(&sandbox, own);
    let found = sandbox.json(&["search", "plans"]);
    assert!(
        found["hits"].as_array().expect("hits").iter().all(|h| h["id"] == row(&all, ORIGIN)["id"]),
        "{found}"
    );
    assert_settled(&sandbox);
}

#[test]
fn names_given_in_the_tool_are_titles() {
    let sandbox = home_of("codex", "interactive");
    let _ = sandbox.json(&["capture"]);
    assert_eq!(rows(&sandbox)[0]["title"], "capital talk", "the last name counts");
}
