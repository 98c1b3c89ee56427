//! OpenCode and Kilo Code: `case.json`, the rows of the database and the tool's own export against
//! what was captured.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    assert_canonical, assert_settled, case, copy, fixtures, home_of, lines, messages, prompts, row, rows,
    tree,
};
use crate::support::Sandbox;

const SQLITE: [(&str, &str, &str); 2] = [
    ("opencode", "real-1.18.33-wal-pending", ".local/share/opencode/opencode.db"),
    ("kilo-code", "real-cli-7.7.7", ".local/share/kilo/kilo.db"),
];
const WAL: &str = "real-1.18.33-wal-pending";

/// A scratch copy of a sample's database that may be written to.
fn database(tool: &str, name: &str, path: &str) -> (tempfile::TempDir, Connection) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = fixtures(tool).join(name).join("home").join(path);
    copy(path.parent().expect("a folder"), dir.path());
    let db = Connection::open(dir.path().join(path.file_name().expect("a name"))).expect("opened");
    (dir, db)
}

/// The parts of a session, in order, with the role of their messages.
fn parts(db: &Connection, session: &str) -> Vec<(String, Value)> {
    let query =
        "select json_extract(m.data, '$.role'), p.data from part p join message m on m.id = p.message_id
                 where p.session_id = ?1 order by m.id, p.id";
    let mut statement = db.prepare(query).expect("a query");
    let rows = statement.query_map([session], |r| Ok((r.get(0)?, r.get::<_, String>(1)?))).expect("rows");
    rows.map(|r| r.expect("a row"))
        .map(|(role, data)| (role, serde_json::from_str(&data).expect("JSON")))
        .collect()
}

/// All blocks of a type, in order, with whether their message is the tool's own.
fn blocks<'a>(lines: &'a [Value], kind: &'a str) -> impl Iterator<Item = (bool, &'a Value)> {
    lines.iter().flat_map(move |line| {
        let blocks = line["content"].as_array().expect("blocks").iter();
        blocks.filter(move |b| b["type"] == kind).map(|b| (line["is_meta"] == true, b))
    })
}

/// Holds a transcript against the parts that the tool wrote.
fn compare(parts: &[(String, Value)], lines: &[Value]) {
    let of = |kind: &'static str| parts.iter().filter(move |(_, p)| p["type"] == kind);
    let wanted: Vec<Value> =
        of("tool").map(|(_, p)| json!([p["callID"], p["tool"], p["state"]["input"]])).collect();
    let found: Vec<Value> =
        blocks(lines, "tool_use").map(|(_, b)| json!([b["tool_use_id"], b["name"], b["input"]])).collect();
    assert_eq!(found, wanted);
    let wanted: Vec<Value> = of("tool")
        .map(|(_, p)| {
            let state = &p["state"];
            let failed = state["status"] == "error";
            json!([p["callID"], if failed { &state["error"] } else { &state["output"] }, failed])
        })
        .collect();
    let found: Vec<Value> = blocks(lines, "tool_result")
        .map(|(_, b)| json!([b["tool_use_id"], b["content"], b["is_error"]]))
        .collect();
    assert_eq!(found, wanted);
    let wanted: Vec<Value> = of("reasoning").map(|(_, p)| p["text"].clone()).collect();
    assert_eq!(blocks(lines, "thinking").map(|(_, b)| b["text"].clone()).collect::<Vec<_>>(), wanted);
    for own in [false, true] {
        let wanted =
            of("text").filter(|(_, p)| (p["synthetic"] == true) == own).map(|(_, p)| p["text"].clone());
        let found = blocks(lines, "text").filter(|(meta, _)| *meta == own).map(|(_, b)| b["text"].clone());
        assert_eq!(found.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }
    let typed = of("text").filter(|(role, p)| role == "user" && p["synthetic"] != true);
    let asked: Vec<Value> = typed.map(|(_, p)| p["text"].clone()).collect();
    let prompts = lines.iter().filter(|l| l["role"] == "user" && l["is_meta"] != true);
    assert_eq!(
        prompts
            .map(|l| l["content"].as_array().expect("blocks").last().expect("one")["text"].clone())
            .collect::<Vec<_>>(),
        asked
    );
}

#[test]
fn databases_with_a_pending_log_are_read_whole() {
    for (tool, name, path) in SQLITE {
        let case = case(tool, name);
        let (_dir, db) = database(tool, name, path);
        let sandbox = home_of(tool, name);
        let before = tree(&sandbox.home());
        let report = sandbox.json(&["capture"]);
        assert_eq!(before, tree(&sandbox.home()), "not a byte of the tool's is touched");
        assert_eq!(
            (&report["skipped_lines"], &report["sessions_new"]),
            (&json!(0), &json!(case["sessions"].as_object().expect("sessions").len()))
        );
        let rows = rows(&sandbox);
        for (id, wanted) in case["sessions"].as_object().expect("sessions") {
            let row = row(&rows, id);
            let lines = lines(&sandbox, row);
            compare(&parts(&db, id), &lines);
            let sums: Value = db
                .query_row(
                    "select tokens_input, tokens_output + tokens_reasoning, tokens_cache_read, tokens_cache_write, cost
                     from session where id = ?1",
                    [id],
                    |r| Ok(json!([r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, i64>(2)?, r.get::<_, i64>(3)?, r.get::<_, f64>(4)?])),
                )
                .expect("a row");
            let found = json!([
                row["tokens_in"],
                row["tokens_out"],
                row["tokens_cache_read"],
                row["tokens_cache_write"],
                row["cost_usd"]
            ]);
            assert_eq!(found, sums, "{id}");
            assert_eq!(row["tokens_in"], wanted["tokens_input"]);
            assert_eq!(row["workdir"], wanted["directory"]);
            let parent = rows.iter().find(|r| r["native_id"] == wanted["parent"]);
            assert_eq!(row["parent"], parent.map_or(Value::Null, |p| p["id"].clone()), "{id}");
            let title = wanted["title"].as_str().expect("a title");
            if title.starts_with("New session - ") {
                let prompt = wanted["first_user_text"].as_str().expect("a prompt").trim_matches('"');
                assert_eq!(row["title"], prompt, "the tool has no title, so the prompt without its quotes");
            } else {
                assert_eq!(row["title"], title);
            }
            let failures = wanted["message_errors"].as_array().expect("errors").iter();
            let found =
                blocks(&lines, "x-error").map(|(_, b)| b["value"]["name"].clone()).collect::<Vec<_>>();
            assert_eq!(found, failures.cloned().collect::<Vec<_>>());
            assert_canonical(&sandbox, row);
        }
        assert_settled(&sandbox);
    }
}

#[test]
fn a_picture_is_kept_and_what_the_tool_added_is_no_prompt() {
    let sandbox = home_of("opencode", WAL);
    let _ = sandbox.json(&["capture"]);
    let rows = rows(&sandbox);
    let row = row(&rows, "ses_e0452f821ffew2l9hwpDu3yr4T");
    let lines = lines(&sandbox, row);
    let images: Vec<_> = blocks(&lines, "image").map(|(_, b)| b["source"].clone()).collect();
    assert_eq!(images.len(), 1);
    assert_eq!((&images[0]["type"], &images[0]["media_type"]), (&json!("base64"), &json!("image/png")));
    assert!(images[0]["data"].as_str().is_some_and(|d| d.starts_with("iVBORw0KGgo")));
    assert_eq!(prompts(&messages(&sandbox, row)), ["\"SCEN_UNI: describe\""]);
}

#[test]
fn the_json_store_is_read_and_a_database_goes_before_it() {
    let name = "real-1.1.65-json-store";
    let id = "ses_e0445b291ffeH5NMN2tWpVbdeq";
    let sandbox = home_of("opencode", name);
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["sessions_new"], &report["skipped_lines"]), (&json!(1), &json!(0)));
    let storage = sandbox.home().join(".local/share/opencode/storage");
    let mut stored = Vec::new();
    for (path, bytes) in tree(&storage.join("message")) {
        let message: Value = serde_json::from_slice(&bytes).expect("JSON");
        let folder = storage.join("part").join(path.file_stem().expect("an id"));
        let of = tree(&folder).into_iter();
        stored.extend(of.map(|(_, part)| {
            (
                message["role"].as_str().expect("a role").to_owned(),
                serde_json::from_slice(&part).expect("JSON"),
            )
        }));
    }
    let all = rows(&sandbox);
    let before = lines(&sandbox, row(&all, id));
    compare(&stored, &before);
    assert_eq!(row(&all, id)["title"], case("opencode", name)["sessions"][id]["title"]);
    assert_canonical(&sandbox, row(&all, id));
    assert_settled(&sandbox);

    // After an upgrade the old files stay; the same session in the new database is not read twice.
    copy(&fixtures("opencode").join(WAL).join("home"), &sandbox.home());
    let path = sandbox.home().join(".local/share/opencode/opencode.db");
    let db = Connection::open(&path).expect("opened");
    db.execute_batch(
        "insert into session select 'ses_e0445b291ffeH5NMN2tWpVbdeq', project_id, null, null, slug, directory, path, 'Moved', version,
             null, 0, 0, 0, null, null, 0, 0, 0, 0, 0, 0, null, null, agent, model, 1795224653167, 1795224657207, null, null
         from session limit 1;",
    )
    .expect("inserted");
    drop(db);
    assert_eq!(sandbox.json(&["capture"])["sessions_new"], 6);
    let all = rows(&sandbox);
    assert_eq!(row(&all, id)["title"], "Moved", "the database goes before the files");
    assert_eq!(lines(&sandbox, row(&all, id)), before);
}

#[test]
fn an_export_gives_the_same_messages_as_the_database() {
    let sandbox = home_of("opencode", WAL);
    let _ = sandbox.json(&["capture"]);
    let from_database = rows(&sandbox);
    let exports = Sandbox::new();
    copy(&fixtures("opencode").join("real-1.18.33-export"), &exports.home().join(".local/share/opencode"));
    assert_eq!(exports.json(&["capture"])["sessions_new"], 3);
    for own in rows(&exports) {
        let id = own["native_id"].as_str().expect("an id");
        let other = row(&from_database, id);
        assert_eq!(lines(&exports, &own), lines(&sandbox, other), "{id}");
        for field in ["title", "tokens_in", "tokens_out", "cost_usd", "parent", "workdir", "model"] {
            assert_eq!(own[field], other[field], "{id} {field}");
        }
        assert_canonical(&exports, &own);
    }
    assert_settled(&exports);
}

/// The database of a home, to go on like the tool would.
fn live(sandbox: &Sandbox) -> (PathBuf, Connection) {
    let path = sandbox.home().join(".local/share/opencode/opencode.db");
    let db = Connection::open(&path).expect("opened");
    db.execute_batch("pragma wal_autocheckpoint = 0").expect("set");
    (path, db)
}

fn put(db: &Connection, table: &str, id: &str, owner: &str, data: &Value, at: i64) {
    let session = "ses_e0452f821ffew2l9hwpDu3yr4T";
    let query = match table {
        "message" => {
            "insert into message values (?1, ?2, ?4, ?4, ?3)
             on conflict (id) do update set data = ?3, time_updated = ?4"
        }
        _ => {
            "insert into part values (?1, ?5, ?2, ?4, ?4, ?3)
             on conflict (id) do update set data = ?3, time_updated = ?4"
        }
    };
    let data = data.to_string();
    match table {
        "message" => db.execute(query, rusqlite::params![id, session, data, at]),
        _ => db.execute(query, rusqlite::params![id, session, data, at, owner]),
    }
    .expect("written");
    db.execute("update event_sequence set seq = seq + 1 where aggregate_id = ?1", [session])
        .expect("counted");
}

#[test]
fn what_streams_is_written_once_and_a_change_follows_it() {
    let sandbox = home_of("opencode", WAL);
    let _ = sandbox.json(&["capture"]);
    let before = lines(&sandbox, row(&rows(&sandbox), "ses_e0452f821ffew2l9hwpDu3yr4T")).len();
    let (_path, db) = live(&sandbox);
    // Far in the future, so that nothing is taken for the leftovers of a killed process.
    let at = 4_000_000_000_000_i64;
    put(&db, "message", "msg_ff1", "", &json!({"role": "user", "time": {"created": at}}), at);
    put(&db, "part", "prt_ff1", "msg_ff1", &json!({"type": "text", "text": "more"}), at);
    put(
        &db,
        "message",
        "msg_ff2",
        "",
        &json!({"role": "assistant", "parentID": "msg_ff1", "time": {"created": at}}),
        at,
    );
    put(
        &db,
        "part",
        "prt_ff2",
        "msg_ff2",
        &json!({"type": "text", "text": "half", "time": {"start": at}}),
        at,
    );
    let report = sandbox.json(&["capture"]);
    assert_eq!(
        (&report["messages"], &report["sessions_updated"]),
        (&json!(1), &json!(1)),
        "the prompt alone"
    );
    assert_eq!(sandbox.json(&["capture"])["messages"], 0);
    assert_eq!(row(&rows(&sandbox), "ses_e0452f821ffew2l9hwpDu3yr4T")["live"], true);
    let tokens = json!({"input": 7, "output": 5, "reasoning": 1, "cache": {"read": 0, "write": 0}});
    let done = json!({"role": "assistant", "parentID": "msg_ff1", "modelID": "m", "finish": "stop", "tokens": tokens,
                      "time": {"created": at, "completed": at + 9}});
    put(&db, "part", "prt_ff2", "msg_ff2", &json!({"type": "text", "text": "whole"}), at + 8);
    put(&db, "part", "prt_ff3", "msg_ff2", &json!({"type": "holodeck", "x": [1]}), at + 8);
    put(&db, "message", "msg_ff2", "", &done, at + 9);
    assert_eq!(sandbox.json(&["capture"])["messages"], 1);
    put(&db, "part", "prt_ff2", "msg_ff2", &json!({"type": "text", "text": "corrected"}), at + 20);
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["messages"], 1);
    assert!(report["bytes_read"].as_u64() < Some(3000), "only what changed: {report}");
    assert_settled(&sandbox);
    let all = rows(&sandbox);
    let row = row(&all, "ses_e0452f821ffew2l9hwpDu3yr4T");
    assert_eq!(row["live"], false);
    let new = lines(&sandbox, row).split_off(before);
    let ids: Vec<&str> = new.iter().filter_map(|l| l["msg_id"].as_str()).collect();
    assert_eq!(ids, ["msg_ff1", "msg_ff2", "msg_ff2~2"]);
    assert_eq!(new[1]["content"][0]["text"], "whole");
    assert_eq!(new[1]["content"][1]["value"]["x"], json!([1]), "an unknown part is kept");
    assert_eq!(new[2]["metadata"]["sf"]["replaces"], "msg_ff2");
    assert_eq!(new[2]["content"][0]["text"], "corrected");
    assert_eq!((&row["tokens_in"], &row["tokens_out"]), (&json!(216 + 7), &json!(80 + 6)), "counted once");
    let id = row["id"].as_str().expect("an id");
    let manifest = sandbox.json(&["show", id])["manifest"].clone();
    assert_eq!(manifest["metadata"]["sf"]["unknown_parts"], 1);
}

#[test]
fn tasks_and_what_agents_tell_each_other_are_kept_beside_the_talk() {
    let sandbox = home_of("kilo-code", "real-cli-7.7.7");
    let db = Connection::open(sandbox.home().join(".local/share/kilo/kilo.db")).expect("opened");
    db.execute_batch(
        "insert into kilo_board_message values
             ('b1', 'ses_e0451a905ffeT4Nw2JrH3AP3DY', 1, 5, 's', 'all', 'note', 'halfway', null, 'm', 'c')",
    )
    .expect("written");
    let _ = sandbox.json(&["capture"]);
    let all = rows(&sandbox);
    let own = |id: &str| {
        let id = row(&all, id)["id"].as_str().expect("an id");
        sandbox.json(&["show", id])["manifest"]["metadata"]["sf"]["kilo_code"].clone()
    };
    assert_eq!(own("ses_e0451a905ffeT4Nw2JrH3AP3DY")["board"][0]["body"], "halfway");
    let todo = own("ses_e0452bae1ffe6iMNzhuFJZuFJk")["todo"].clone();
    assert_eq!(todo[0], json!({"content": "fix typo", "status": "completed", "priority": "high"}));
}

#[test]
fn a_fork_names_its_origin_and_costs_only_what_it_added() {
    let sandbox = home_of("opencode", WAL);
    let (_path, db) = live(&sandbox);
    // What `--fork` does: the same messages with new ids and the old times.
    db.execute_batch(
        "create temp table own as select * from session where id = 'ses_e0455d9bdffeVr9hI1q2k5razn';
         update own set id = 'ses_fork', title = title || ' (fork #1)', time_created = time_created + 100000000;
         insert into session select * from own;
         insert into message select 'f' || id, 'ses_fork', time_created, time_updated, data from message
             where session_id = 'ses_e0455d9bdffeVr9hI1q2k5razn';
         insert into part select 'f' || id, 'f' || message_id, 'ses_fork', time_created, time_updated, data from part
             where session_id = 'ses_e0455d9bdffeVr9hI1q2k5razn';",
    )
    .expect("forked");
    let _ = sandbox.json(&["capture"]);
    let all = rows(&sandbox);
    let (fork, origin) = (row(&all, "ses_fork"), row(&all, "ses_e0455d9bdffeVr9hI1q2k5razn"));
    assert_eq!(fork["parent"], origin["id"]);
    assert_eq!((&fork["tokens_in"], &fork["messages"]), (&json!(0), &origin["messages"]));
    assert_canonical(&sandbox, fork);
}

#[test]
fn a_database_that_cannot_be_read_is_a_notice() {
    let sandbox = home_of("opencode", "real-1.1.65-json-store");
    let data = sandbox.home().join(".local/share/opencode");
    let write = |name: &str, make: &dyn Fn(&Path)| make(&data.join(name));
    write("opencode.db", &|path| std::fs::write(path, "no database at all").expect("written"));
    write("opencode-other.db", &|path| {
        Connection::open(path).and_then(|db| db.execute_batch("create table somebody(x)")).expect("made");
    });
    write("opencode-next.db", &|path| {
        let sql = "create table session(id, title, time_created, time_updated); create table message(id, session_id, time_updated, data);
                   create table part(id, message_id, session_id, time_updated, data); create table session_message(session_id);
                   insert into session values ('ses_new', 't', 1, 1); insert into session_message values ('ses_new');";
        Connection::open(path).and_then(|db| db.execute_batch(sql)).expect("made");
    });
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["sessions_new"], 1, "the JSON store beside it is read");
    let tools = report["by_tool"].as_array().expect("tools");
    let own = tools.iter().find(|t| t["tool"] == "opencode").expect("opencode");
    let codes: Vec<&Value> = own["notices"].as_array().expect("notices").iter().map(|n| &n["code"]).collect();
    assert_eq!(codes, ["unsupported", "unsupported", "corrupt"], "{own}");
    assert_eq!(own["failed"], json!([]));
}
