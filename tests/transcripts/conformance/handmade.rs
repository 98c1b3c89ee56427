//! Samples that were made by hand after a tool's own code: `expect` names for each session what must
//! come out.

use serde_json::{Value, json};

use super::{Captured, Case, Talk, texts};

pub fn compare(case: &Case, captured: &Captured) {
    for id in case.keys("/expect") {
        let at = format!("/expect/{id}");
        if case.look(&at).is_string() {
            // `listed in the index but has no task folder: skip`
            case.take(&at);
            assert!(captured.find(&id).is_none(), "{id}");
            continue;
        }
        if case.look(&format!("{at}/draft")) == &json!(true) {
            assert!(captured.find(&id).is_none(), "a draft is no conversation");
            for key in case.keys(&at) {
                case.take(&format!("{at}/{key}"));
            }
            continue;
        }
        let talk = captured.talk(&id);
        for key in case.keys(&at) {
            let wanted = case.take(&format!("{at}/{key}"));
            expect(&talk, &key, wanted)
                .unwrap_or_else(|told| panic!("{} {id} {key}: {wanted} and {told}", case.name));
        }
    }
}

/// Compares one field; says what we have when it differs.
fn expect(talk: &Talk<'_>, key: &str, wanted: &Value) -> Result<(), Value> {
    let row = talk.row;
    let same = |told: Value| if told == *wanted { Ok(()) } else { Err(told) };
    match key {
        "title" => same(row["title"].clone()),
        "cwd" => same(row["workdir"].clone()),
        "branch" => same(row["branch"].clone()),
        "cost" => same(row["cost_usd"].clone()),
        "live" => same(row["live"].clone()),
        "messages" | "api_messages" => same(row["messages"].clone()),
        "user" | "user_prompts" => same(talk.prompts().len().into()),
        "assistant" => same(talk.role("assistant").into()),
        "assistant_text" => {
            let said = talk.said.iter().filter(|m| m["role"] == "assistant");
            same(said.filter(|m| !super::super::texts(m, "text").is_empty()).count().into())
        }
        "thinking" => same(talk.count("thinking").into()),
        "images" => same(talk.count("image").into()),
        "tool_calls" if wanted.is_array() => same(json!(talk.calls())),
        "tool_calls" => {
            assert_eq!(row["tool_calls"], *wanted);
            same(talk.count("tool_use").into())
        }
        "tool_results" => same(talk.count("tool_result").into()),
        "tool_errors" | "cancelled" => same(talk.errors().into()),
        "last_text_starts" => {
            let last = talk.blocks("text").last().map(|b| b["text"].clone()).unwrap_or_default();
            let starts =
                wanted.as_str().is_some_and(|start| last.as_str().is_some_and(|t| t.starts_with(start)));
            if starts { Ok(()) } else { Err(last) }
        }
        "huge_result_bytes" => {
            let longest =
                talk.blocks("tool_result").iter().filter_map(|b| Some(b["content"].as_str()?.len())).max();
            same(longest.into())
        }
        "parent" | "fork_of" => same(talk.parent().into()),
        "root" => same(talk.own()["rootTaskId"].clone()),
        "children" => {
            let all = talk.captured.rows.iter().filter(|r| r["parent"] == row["id"]);
            let all: Vec<&str> = all.filter_map(|r| r["native_id"].as_str()).collect();
            if all == texts(wanted) { Ok(()) } else { Err(json!(all)) }
        }
        "status" => same(talk.own()["status"].clone()),
        "repository" => same(talk.workspace_remote()),
        "remote_authority" => same(talk.own()["cursor"]["remote_authority"].clone()),
        // All input, cached or not, and also what no message carries. Cline's figure leaves the cache
        // out, Roo's holds it.
        "tokens_in" => {
            let uncached = row["tokens_in"].as_u64().unwrap_or(0);
            let all = uncached + row["tokens_cache_read"].as_u64().unwrap_or(0);
            if [uncached, all].contains(&wanted.as_u64().expect("a number")) {
                Ok(())
            } else {
                Err(json!([uncached, all]))
            }
        }
        // Amp's ledger has no entry for the last answer of the sample: its tokens stand in the message.
        "ledger_input" | "ledger_output" => {
            let last =
                talk.said.iter().rev().find(|m| m["usage"].is_object()).expect("an answer")["usage"].clone();
            let of = |fields: &[&str], from: &Value| {
                fields.iter().map(|f| from[*f].as_u64().unwrap_or(0)).sum::<u64>()
            };
            let (all, last) = if key == "ledger_input" {
                let rows = ["tokens_in", "tokens_cache_read", "tokens_cache_write"];
                (of(&rows, row), of(&["input_tokens", "cache_read_tokens", "cache_write_tokens"], &last))
            } else {
                (of(&["tokens_out"], row), of(&["output_tokens"], &last))
            };
            same((all - last).into())
        }
        "dangling_tool_use" => {
            let results = talk.blocks("tool_result");
            let open = talk
                .blocks("tool_use")
                .into_iter()
                .find(|b| !results.iter().any(|r| r["tool_use_id"] == b["tool_use_id"]));
            same(open.map(|b| b["tool_use_id"].clone()).unwrap_or_default())
        }
        "encrypted_reasoning" => {
            let sealed =
                talk.blocks("thinking").into_iter().filter(|b| b["text"] == "" && b["signature"].is_string());
            same(sealed.count().into())
        }
        // Hidden from the model, but not from us: they stand before the summary.
        "condensed_hidden_messages" => {
            let summary = talk.said.iter().position(|m| {
                m["blocks"].as_array().is_some_and(|b| b.iter().any(|b| b["type"] == "summary"))
            });
            let hidden =
                talk.lines().iter().filter(|l| l["metadata"].to_string().contains("condenseParent")).count();
            assert!(summary.is_some(), "no summary");
            same(hidden.into())
        }
        "timestamps_from" => {
            let times: Vec<&str> = talk.said.iter().filter_map(|m| m["time"].as_str()).collect();
            let told = times.len() == talk.said.len() && times.is_sorted() && times.first() != times.last();
            if told { Ok(()) } else { Err(json!(times)) }
        }
        "cwd_source" => {
            if row["workdir"].is_string() {
                Ok(())
            } else {
                Err(Value::Null)
            }
        }
        "no_messageId" | "no_history_item" | "inline" | "chatdata" => {
            if talk.said.is_empty() {
                Err(Value::Null)
            } else {
                Ok(())
            }
        }
        "ignore" => {
            same(wanted.clone()).and(if talk.captured.rows.len() == 1 { Ok(()) } else { Err(Value::Null) })
        }
        "note" => Ok(()),
        other => panic!("nobody knows how to compare `{other}`"),
    }
}

impl Talk<'_> {
    /// The repository in `workspace.json`, or where there is no folder in the manifest.
    fn workspace_remote(&self) -> Value {
        let id = self.row["id"].as_str().expect("an id");
        let folder = self.captured.sandbox.sf_home().join(format!("sessions/{id}.sfs"));
        let workspace = std::fs::read(folder.join("workspace.json"));
        let workspace: Option<Value> = workspace.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let remote = workspace.map(|w| w["git"]["remote_url"].clone()).unwrap_or_default();
        if remote.is_null() { self.own()["git"]["remote_url"].clone() } else { remote }
    }
}
