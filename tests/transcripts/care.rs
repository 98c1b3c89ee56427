//! Looking after transcripts: names, deleting, room, costs, summaries, comparing.

use std::fs;

use serde_json::{Value, json};

use super::{assert_settled, home_of, row, rows};
use crate::support::Sandbox;

/// Writes a session of Claude Code with one prompt and one answer.
fn talk(sandbox: &Sandbox, native: &str, model: &str, at: &str, words: &str) {
    let dir = sandbox.home().join(".claude/projects/-p");
    fs::create_dir_all(&dir).expect("made");
    let usage = json!({"input_tokens": 1_000_000, "output_tokens": 100_000,
        "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0});
    let lines = [
        json!({"type": "user", "uuid": format!("u{native}"), "parentUuid": null, "timestamp": at,
            "sessionId": native, "cwd": "/w", "message": {"role": "user", "content": words}}),
        json!({"type": "assistant", "uuid": format!("a{native}"), "parentUuid": format!("u{native}"),
            "timestamp": at, "sessionId": native, "requestId": format!("r{native}"), "cwd": "/w",
            "message": {"id": format!("m{native}"), "role": "assistant", "model": model, "usage": usage,
                "content": [{"type": "text", "text": format!("about {words}")}]}}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(dir.join(format!("{native}.jsonl")), text).expect("written");
}

const ONE: &str = "11111111-2222-4333-8444-555555555555";
const TWO: &str = "22222222-2222-4333-8444-555555555555";
const THREE: &str = "33333333-2222-4333-8444-555555555555";

fn id(sandbox: &Sandbox, native: &str) -> String {
    row(&rows(sandbox), native)["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_transcript_has_a_name_until_it_is_cleared() {
    let sandbox = Sandbox::new();
    talk(&sandbox, ONE, "claude-sonnet-4-5", "2026-11-20T10:00:00.000Z", "herons");
    talk(&sandbox, TWO, "claude-sonnet-4-5", "2026-11-20T10:00:00.000Z", "plovers");
    let _ = sandbox.json(&["capture"]);
    let (one, two) = (id(&sandbox, ONE), id(&sandbox, TWO));
    assert_eq!(sandbox.json(&["alias", &one, "birds"])["alias"], "birds");
    assert_eq!(sandbox.json(&["show", "birds"])["id"], one.as_str());
    let taken = sandbox.sf(&["alias", &two, "birds", "--json"]);
    assert_eq!((taken.status, &taken.json()["error"]["code"]), (4, &"conflict".into()));
    assert_eq!(sandbox.json(&["alias", "birds", "--clear"])["alias"], Value::Null);
    assert_eq!(sandbox.sf(&["show", "birds"]).status, 1);
    assert_eq!(sandbox.sf(&["alias", &one]).status, 2);
}

#[test]
fn what_is_deleted_stays_away_until_it_is_brought_back() {
    let sandbox = Sandbox::new();
    talk(&sandbox, ONE, "claude-sonnet-4-5", "2026-11-20T10:00:00.000Z", "herons");
    let _ = sandbox.json(&["capture"]);
    let one = id(&sandbox, ONE);
    let _ = sandbox.json(&["alias", &one, "birds"]);
    let before = rows(&sandbox);
    let asked = sandbox.sf(&["delete", "birds", "--json"]);
    assert_eq!((asked.status, &asked.json()["error"]["code"]), (4, &"needs_consent".into()));
    assert_eq!(sandbox.json(&["delete", "birds", "--dry-run"])["deleted"], false);
    assert_eq!(rows(&sandbox), before);
    let gone = sandbox.json(&["delete", "birds", "--yes"]);
    assert_eq!((&gone["id"], &gone["deleted"]), (&one.as_str().into(), &true.into()));
    assert!(!sandbox.sf_home().join(format!("sessions/{one}.sfs")).exists());
    assert_eq!(sandbox.json(&["search", "herons"])["total"], 0);
    // The tool's session grows, and is left alone all the same.
    talk(&sandbox, ONE, "claude-sonnet-4-5", "2026-11-20T10:00:00.000Z", "herons and more");
    assert_eq!(sandbox.json(&["capture"])["messages"], 0);
    assert_eq!(sandbox.json(&["undelete"])["restorable"][0]["id"], one.as_str());
    talk(&sandbox, ONE, "claude-sonnet-4-5", "2026-11-20T10:00:00.000Z", "herons");
    assert_eq!(sandbox.json(&["undelete", "birds"])["id"], one.as_str());
    assert_eq!(rows(&sandbox), before);
    assert_eq!(sandbox.json(&["search", "herons"])["total"], 2);
    let _ = sandbox.json(&["capture"]);
    assert_settled(&sandbox);
    assert_eq!(sandbox.sf(&["undelete", "birds"]).status, 1);
}

#[test]
fn costs_come_from_the_price_table_and_the_unknown_stays_unknown() {
    let sandbox = Sandbox::new();
    talk(&sandbox, ONE, "claude-sonnet-4-5-20250929", "2026-11-20T10:00:00.000Z", "herons");
    talk(&sandbox, TWO, "nobody-knows-1", "2026-11-21T10:00:00.000Z", "plovers");
    let _ = sandbox.json(&["capture"]);
    let all = rows(&sandbox);
    // 1 million in at 3 dollars, 0.1 million out at 15.
    assert_eq!(row(&all, ONE)["cost_usd"], 4.5);
    assert_eq!(row(&all, TWO)["cost_usd"], Value::Null);
    assert_eq!(sandbox.json(&["list", "--sort", "cost", "--limit", "1"])[0]["native_id"], ONE);
    assert_eq!(sandbox.json(&["show", &id(&sandbox, ONE)])["cost_usd"], 4.5);
    let by_day = sandbox.json(&["cost"]);
    assert_eq!((&by_day["cost_usd"], &by_day["unpriced_tokens"]), (&4.5.into(), &1_100_000.into()));
    let days: Vec<(&str, &Value)> = by_day["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|r| (r["key"].as_str().expect("a day"), &r["cost_usd"]))
        .collect();
    assert_eq!(days, [("2026-11-20", &4.5.into()), ("2026-11-21", &Value::Null)]);
    let by_model = sandbox.json(&["cost", "--by", "model", "--since", "2026-11-21"]);
    assert_eq!(by_model["rows"].as_array().map(Vec::len), Some(1));
    assert_eq!(by_model["rows"][0]["key"], "nobody-knows-1");
    for by in ["tool", "feature", "host"] {
        assert_eq!(sandbox.json(&["cost", "--by", by])["rows"][0]["sessions"], 2, "{by}");
    }
    let own = "[models]\nnobody-knows-1 = { input = 1.0, output = 10.0 }\n";
    fs::write(sandbox.sf_home().join("prices.toml"), own).expect("written");
    assert_eq!(row(&rows(&sandbox), TWO)["cost_usd"], 2.0);
    assert_eq!(sandbox.json(&["cost"])["cost_usd"], 6.5);
}

#[test]
fn a_summary_tells_what_really_happened() {
    for (tool, case) in [("claude-code", "killed-midturn"), ("codex", "tools"), ("codex", "interactive")] {
        let sandbox = home_of(tool, case);
        let _ = sandbox.json(&["capture"]);
        for row in rows(&sandbox) {
            let told = sandbox.json(&["summary", row["id"].as_str().expect("an id")]);
            assert_eq!(told["messages"], row["messages"], "{tool} {case}");
            let calls: u64 = told["commands"]
                .as_array()
                .expect("commands")
                .iter()
                .map(|c| c["times"].as_u64().expect("a number"))
                .sum();
            assert!(calls <= row["tool_calls"].as_u64().expect("a number") * 2, "{told}");
        }
    }
    let sandbox = home_of("codex", "tools");
    let _ = sandbox.json(&["capture"]);
    let told = sandbox.json(&["summary", "@last"]);
    assert!(!told["commands"].as_array().expect("commands").is_empty(), "{told}");
    assert!(told["outcome"]["text"].is_string(), "{told}");
    assert_eq!(sandbox.sf(&["summary"]).status, 2);
}

#[test]
fn a_day_is_told_by_its_messages() {
    let mut sandbox = Sandbox::new();
    sandbox.set("SF_TEST_CLOCK", "2026-11-21T18:00:00Z");
    talk(&sandbox, ONE, "claude-sonnet-4-5", "2026-11-20T10:00:00.000Z", "herons");
    talk(&sandbox, TWO, "claude-sonnet-4-5", "2026-11-21T10:00:00.000Z", "plovers");
    let _ = sandbox.json(&["capture"]);
    let today = sandbox.json(&["summary", "--today"]);
    assert_eq!((&today["day"], &today["messages"]), (&"2026-11-21".into(), &2.into()));
    assert_eq!(today["sessions"][0]["prompts"], json!(["plovers"]));
    sandbox.set("TZ", "Pacific/Kiritimati");
    // There it is the 22nd already since 10:00 UTC.
    assert_eq!(sandbox.json(&["summary", "--today"])["day"], "2026-11-22");
}

#[test]
fn transcripts_are_compared_and_copies_found() {
    let sandbox = Sandbox::new();
    let at = "2026-11-20T10:00:00.000Z";
    talk(&sandbox, ONE, "claude-sonnet-4-5", at, "herons");
    talk(&sandbox, TWO, "claude-sonnet-4-5", at, "herons");
    talk(&sandbox, THREE, "claude-opus-4-1", at, "plovers");
    let _ = sandbox.json(&["capture"]);
    let (one, two, three) = (id(&sandbox, ONE), id(&sandbox, TWO), id(&sandbox, THREE));
    let same = sandbox.json(&["compare", &one, &two]);
    assert_eq!((&same["messages"]["same"], &same["messages"]["only_a"]), (&2.into(), &0.into()));
    assert_eq!(same["messages"]["differs_at_a"], Value::Null);
    let other = sandbox.json(&["compare", &one, &three]);
    assert_eq!(
        (&other["messages"]["begin_same"], &other["messages"]["differs_at_b"]),
        (&0.into(), &1.into())
    );
    let fields: Vec<&Value> =
        other["differences"].as_array().expect("differences").iter().map(|d| &d["field"]).collect();
    assert!(fields.contains(&&"model".into()) && fields.contains(&&"title".into()), "{fields:?}");
    let dupes = sandbox.json(&["dupes"]);
    let groups = dupes["groups"].as_array().expect("groups");
    assert_eq!((groups.len(), &groups[0]["kind"]), (1, &"identical".into()));
    let mut ids: Vec<&str> =
        groups[0]["transcripts"].as_array().expect("two").iter().flat_map(|t| t["id"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [one.as_str(), two.as_str()]);
}

#[test]
fn the_room_is_told_and_what_is_old_is_removed_for_good() {
    let mut sandbox = Sandbox::new();
    sandbox.set("SF_TEST_CLOCK", "2026-11-21T18:00:00Z");
    talk(&sandbox, ONE, "claude-sonnet-4-5", "2026-01-01T10:00:00.000Z", "herons");
    talk(&sandbox, TWO, "claude-sonnet-4-5", "2026-11-20T10:00:00.000Z", "plovers");
    talk(&sandbox, THREE, "claude-sonnet-4-5", "2026-11-21T10:00:00.000Z", "kestrels");
    let _ = sandbox.json(&["capture"]);
    let room = sandbox.json(&["storage"]);
    assert_eq!((&room["sessions"], &room["by_tool"][0]["tool"]), (&3.into(), &"claude-code".into()));
    let part = room["by_tool"][0]["bytes"].as_u64().expect("bytes");
    assert!(part > 0 && part < room["bytes"].as_u64().expect("bytes"), "{room}");
    let ages: Vec<&Value> = room["by_age"].as_array().expect("ages").iter().map(|a| &a["age"]).collect();
    assert_eq!(ages, ["7d", "1y"]);
    assert_eq!(sandbox.sf(&["storage", "prune", "--yes"]).status, 2);
    assert_eq!(sandbox.sf(&["storage", "prune", "--older-than", "30d"]).status, 4);
    let plan = sandbox.json(&["storage", "prune", "--older-than", "30d", "--dry-run"]);
    assert_eq!((plan["removed"].as_array().map(Vec::len), rows(&sandbox).len()), (Some(1), 3));
    let one = id(&sandbox, ONE);
    let done = sandbox.json(&["storage", "prune", "--older-than", "30d", "--yes"]);
    assert_eq!((&done["removed"][0]["id"], &done["freed"]), (&one.as_str().into(), &plan["freed"]));
    assert!(!sandbox.sf_home().join(format!("sessions/{one}.sfs")).exists());
    assert_eq!(sandbox.json(&["capture"])["messages"], 0);
    assert_eq!(sandbox.json(&["undelete"])["restorable"], json!([]));
    // One of the remaining two fits.
    let most = format!("{}B", done["bytes"].as_u64().expect("bytes") - 1);
    let done = sandbox.json(&["storage", "prune", "--max-size", &most, "--yes"]);
    assert_eq!(done["removed"].as_array().map(Vec::len), Some(1));
    let left = rows(&sandbox);
    assert_eq!((left.len(), &left[0]["native_id"]), (1, &THREE.into()));
    // What was deleted goes first.
    let _ = sandbox.json(&["delete", "@last", "--yes"]);
    let done = sandbox.json(&["storage", "prune", "--max-size", "0", "--yes"]);
    assert_eq!((&done["removed"][0]["what"], &done["bytes"]), (&"deleted".into(), &0.into()));
    assert_eq!(sandbox.json(&["undelete"])["restorable"], json!([]));
}
