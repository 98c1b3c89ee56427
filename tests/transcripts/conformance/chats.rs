//! Copilot CLI and Gemini CLI: cases that tell each session's file, prompts, answers and calls.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Captured, Case, Talk, row, tally, texts};

/// The lines of a session's file, as objects.
fn recorded(captured: &Captured, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(captured.sandbox.home().join(file)).expect("the session's file");
    if let Ok(whole) = serde_json::from_str::<Value>(&text) {
        return vec![whole];
    }
    text.split('\n').filter_map(|line| serde_json::from_str(line).ok()).collect()
}

pub fn copilot(case: &Case, captured: &Captured) {
    let sessions = case.items("/sessions");
    assert_eq!(captured.rows.len(), sessions.len(), "{}", case.name);
    for at in sessions {
        let of = |key: &str| case.take(&format!("{at}/{key}"));
        let talk = captured.talk(of("sessionId").as_str().expect("an id"));
        let context = &case.name;
        assert_eq!(talk.row["workdir"], *case.take("/cwd"), "{context}");
        assert_eq!(talk.prompts(), texts(of("user_prompts")), "{context}");
        let said = talk.said.iter().filter(|m| m["role"] == "assistant");
        let answers: Vec<String> = said.map(|m| super::super::texts(m, "text").join("")).collect();
        assert_eq!(answers, texts(of("answers")), "{context}");
        let calls: Vec<Value> =
            talk.blocks("tool_use").iter().map(|b| json!([b["tool_use_id"], b["name"]])).collect();
        assert_eq!(Value::from(calls), *of("tool_calls"), "{context}");
        // In the order in which they ended, as in the file.
        let results: Vec<Value> = talk
            .blocks("tool_result")
            .iter()
            .map(|b| json!([b["tool_use_id"], b["is_error"] != true]))
            .collect();
        let wanted = of("tool_results").as_array().expect("results");
        let failed_by_exit = |r: &&Value| {
            talk.blocks("tool_result")
                .iter()
                .any(|b| b["tool_use_id"] == r[0] && b["exit_code"].as_i64().is_some_and(|code| code != 0))
        };
        for (told, wanted) in results.iter().zip(wanted) {
            // A command that ended with another status than 0 is a success to the tool, and is marked.
            assert!(told == wanted || failed_by_exit(&wanted), "{context}: {told} and {wanted}");
        }
        assert_eq!(results.len(), wanted.len(), "{context}");
        let events = tally(texts(of("events")));
        let count = |kind: &str| events.get(kind).copied().unwrap_or(0);
        assert_eq!(count("user.message"), talk.prompts().len() as u64, "{context}");
        assert_eq!(count("assistant.message"), talk.role("assistant"), "{context}");
        assert_eq!(count("tool.execution_complete"), talk.count("tool_result"), "{context}");
        assert_eq!(count("session.error"), errors(&talk), "{context}");
        let lines = recorded(captured, of("file").as_str().expect("a path"));
        assert_eq!(lines.len() as u64, events.values().sum::<u64>(), "{context}");
        usage(&lines, &talk, context);
        titled(captured, &talk, context);
        let context_of = lines.iter().rev().find_map(|l| l["data"]["context"]["branch"].as_str());
        assert_eq!(talk.row["branch"].as_str(), context_of, "{context}");
        let commit = lines.iter().rev().find_map(|l| l["data"]["context"]["headCommit"].as_str());
        assert_eq!(talk.commit().as_deref(), commit, "{context}");
    }
}

/// Failures that the tool told of.
fn errors(talk: &Talk<'_>) -> u64 {
    let lines = talk.lines();
    lines
        .iter()
        .filter(|l| l["role"] == "system" && l["metadata"].to_string().contains("session.error"))
        .count() as u64
}

/// Tokens: the sum of the records of each call of the model.
fn usage(lines: &[Value], talk: &Talk<'_>, context: &str) {
    let records = lines.iter().filter(|l| l["type"] == "session.usage_record").map(|l| &l["data"]["usage"]);
    let sum = |key: &str| records.clone().map(|u| u[key].as_u64().unwrap_or(0)).sum::<u64>();
    let read = sum("cacheReadTokens");
    assert_eq!(talk.row["tokens_in"], sum("inputTokens") - read, "{context}");
    assert_eq!(talk.row["tokens_out"], sum("outputTokens"), "{context}");
    assert_eq!(talk.row["tokens_cache_read"], read, "{context}");
}

/// The name in `workspace.yaml`.
fn titled(captured: &Captured, talk: &Talk<'_>, context: &str) {
    let id = talk.row["native_id"].as_str().expect("an id");
    let path = captured.sandbox.home().join(format!(".copilot/session-state/{id}/workspace.yaml"));
    let yaml = std::fs::read_to_string(path).expect("workspace.yaml");
    let name = yaml.lines().find_map(|l| l.strip_prefix("name: "));
    let title = talk.row["title"].as_str().expect("a title");
    let plain = name.filter(|name| !name.starts_with(['|', '>', '"', '\'']));
    assert!(
        plain.is_none_or(|name| name.starts_with(title.trim_end_matches('…'))),
        "{context}: {title} and {name:?}"
    );
}

impl Talk<'_> {
    fn commit(&self) -> Option<String> {
        let id = self.row["id"].as_str().expect("an id");
        let path = self.captured.sandbox.sf_home().join(format!("sessions/{id}.sfs/workspace.json"));
        let workspace: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        workspace["git"]["commit_sha"].as_str().map(str::to_owned)
    }
}

/// Every file of a session, in one transcript: prompts and calls of all of them, once.
pub fn gemini(case: &Case, captured: &Captured) {
    let sessions = case.items("/sessions");
    let ids: BTreeSet<&str> =
        sessions.iter().map(|at| case.take(&format!("{at}/sessionId")).as_str().expect("an id")).collect();
    // A file that holds nothing but the tool's own context is no conversation.
    let empty = |id: &&str| {
        sessions.iter().filter(|at| case.look(&format!("{at}/sessionId")) == *id).all(|at| {
            case.look(&format!("{at}/types")).as_array().is_none_or(|types| types.iter().all(|t| t == "info"))
        })
    };
    assert!(captured.rows.len() >= ids.iter().filter(|id| !empty(id)).count(), "{}", case.name);
    let mut folders = BTreeSet::new();
    for id in ids {
        let files: Vec<&String> =
            sessions.iter().filter(|at| case.look(&format!("{at}/sessionId")) == id).collect();
        let Some(talk) = captured.find(id) else {
            assert!(empty(&id), "{} {id}", case.name);
            for at in files {
                case.take(at);
            }
            continue;
        };
        let context = format!("{} {id}", case.name);
        let mut lines = Vec::new();
        let (mut prompts, mut calls) = (BTreeSet::new(), Vec::new());
        let mut summary = None;
        for at in files {
            let of = |key: &str| case.take(&format!("{at}/{key}"));
            let file = recorded(captured, of("file").as_str().expect("a path"));
            if let Some(count) = of("lines").as_u64() {
                assert!(file.len() as u64 <= count, "{context}");
            }
            assert!(matches!(of("kind").as_str(), Some("main") | None), "{context}");
            prompts.extend(texts(of("user_prompts")));
            calls.push(of("tool_calls").as_array().expect("calls").clone());
            summary = of("summary").as_str().or(summary);
            assert_eq!(talk.own()["project_hash"], *of("projectHash"), "{context}");
            // After folding: every one of them is there, and what was folded away as well.
            let kept = of("message_ids_after_folding").as_u64().expect("a number");
            let types = texts(of("types"));
            assert_eq!(types.len() as u64, kept, "{context}");
            let answers = types.iter().filter(|t| **t == "gemini").count() as u64;
            assert!(talk.role("assistant") >= answers, "{context}");
            lines.extend(file);
        }
        folders.insert(talk.row["workdir"].as_str().map(str::to_owned));
        let told = talk.prompts();
        for prompt in &prompts {
            assert!(told.iter().any(|t| t == prompt), "{context}: {prompt:?} is missing in {told:?}");
        }
        // What folding dropped stands in the lines.
        let raw = Value::from(lines.clone()).to_string();
        for prompt in told.iter().filter(|t| !prompts.contains(t.as_str())) {
            let quoted = json!(prompt).to_string();
            assert!(raw.contains(quoted.trim_matches('"')), "{context}: nobody typed {prompt:?}");
        }
        // A file that was copied when it moved tells of the same calls again.
        calls.iter().for_each(|calls| every_call(&lines, calls, &talk, &context));
        usage_of_gemini(&lines, &talk, &context);
        if let Some(summary) = summary {
            assert_eq!(talk.row["title"], summary, "{context}");
        }
    }
    // The folder in which the last command ran is one of theirs.
    let cwd = case.take("/cwd").as_str().map(str::to_owned);
    assert!(folders.contains(&cwd), "{}: {cwd:?} in {folders:?}", case.name);
    let _ = row(&captured.rows, captured.rows[0]["native_id"].as_str().expect("an id"));
}

/// Objects in a value that a test picks.
fn pick<'a>(value: &'a Value, wanted: &mut impl FnMut(&'a Value)) {
    wanted(value);
    match value {
        Value::Array(list) => list.iter().for_each(|v| pick(v, wanted)),
        Value::Object(map) => map.values().for_each(|v| pick(v, wanted)),
        _ => {}
    }
}

/// Calls: as many as the lines ever held, each once; those of the case with how they ended.
fn every_call(lines: &[Value], wanted: &[Value], talk: &Talk<'_>, context: &str) {
    let mut ids = BTreeSet::new();
    for line in lines {
        pick(line, &mut |value| {
            let id = value["functionCall"]["id"].as_str();
            let listed = value["toolCalls"].as_array().into_iter().flatten().filter_map(|c| c["id"].as_str());
            ids.extend(id.into_iter().chain(listed).map(str::to_owned));
        });
    }
    let told: BTreeSet<String> =
        talk.blocks("tool_use").iter().filter_map(|b| Some(b["tool_use_id"].as_str()?.to_owned())).collect();
    assert_eq!(told.len() as u64, talk.count("tool_use"), "{context}: each once");
    assert_eq!(told, ids, "{context}");
    let results = talk.blocks("tool_result");
    let mut ended: Vec<(String, bool)> = talk
        .blocks("tool_use")
        .iter()
        .filter_map(|call| {
            let result = results.iter().find(|r| r["tool_use_id"] == call["tool_use_id"])?;
            Some((call["name"].as_str()?.to_owned(), result["is_error"] != true))
        })
        .collect();
    for call in wanted {
        let (name, status) = (call[0].as_str().expect("a name"), call[1].as_str().expect("a status"));
        let same = |(other, well): &(String, bool)| other == name && *well == (status == "success");
        let at = ended.iter().position(same);
        let at = at.unwrap_or_else(|| panic!("{context}: {call} is missing in {ended:?}"));
        ended.remove(at);
    }
}

/// Tokens: of each message the largest record, once.
fn usage_of_gemini(lines: &[Value], talk: &Talk<'_>, context: &str) {
    let mut by_id = std::collections::BTreeMap::new();
    for line in lines {
        pick(line, &mut |value| {
            if let (Some(id), Value::Object(tokens)) = (value["id"].as_str(), &value["tokens"]) {
                let of = |key: &str| tokens.get(key).and_then(Value::as_u64).unwrap_or(0);
                let counts = [
                    of("input") - of("cached").min(of("input")),
                    of("output") + of("thoughts"),
                    of("cached"),
                ];
                by_id.insert(id, counts);
            }
        });
    }
    let sum = by_id.values().fold([0; 3], |sum, c| [sum[0] + c[0], sum[1] + c[1], sum[2] + c[2]]);
    let told =
        ["tokens_in", "tokens_out", "tokens_cache_read"].map(|f| talk.row[f].as_u64().expect("a number"));
    assert_eq!(told, sum, "{context}");
}
