use std::fs;

use serde_json::{Value, json};

use super::RooCode;
use crate::model::message::{Block, Message, Role};
use crate::sys::Env;
use crate::tool::samples::{Tape, capture, cases, copy, sessions};
use crate::tool::{Session, Tool};

const PARENT: &str = "019a7d2e-7c11-7aaa-8bbb-000000000001";
const CHILD: &str = "019a7d2e-9d22-7aaa-8bbb-000000000002";

fn case(name: &str) -> (Value, std::path::PathBuf) {
    let (_, case, home) = cases("roo-code").into_iter().find(|c| c.0 == name).expect("the case");
    (case, home)
}

#[test]
fn a_task_and_the_one_it_delegated_are_what_the_samples_say() {
    let (case, home) = case("parent-child-native-tools");
    let tapes = capture(&RooCode, &home);
    assert_eq!(
        tapes.keys().collect::<Vec<_>>(),
        case["expect"].as_object().expect("tasks").keys().collect::<Vec<_>>()
    );
    let (wanted, tape) = (&case["expect"][PARENT], &tapes[PARENT]);
    let head = &tape.progress.head;
    assert_eq!(json!(head.workdir), wanted["cwd"]);
    assert_eq!(head.metadata["status"], wanted["status"]);
    assert_eq!(head.metadata["childIds"], wanted["children"]);
    assert_eq!(tape.prompts(), ["Orchestrate the fix"]);
    assert_eq!(
        tape.calls(),
        [("toolu_n1".into(), "new_task".into(), json!({"mode": "code", "message": "Fix hello.py"}))]
    );
    assert_eq!(wanted["dangling_tool_use"], "toolu_n1");
    assert!(tape.results().is_empty(), "the child has not ended");
    let hidden = |b: &&Block| matches!(b, Block::Thinking { signature: Some(_), redacted: Some(true), .. });
    assert_eq!(
        json!(tape.messages.iter().flat_map(|m| &m.content).filter(hidden).count()),
        wanted["encrypted_reasoning"]
    );
    let (wanted, tape) = (&case["expect"][CHILD], &tapes[CHILD]);
    let head = &tape.progress.head;
    assert_eq!(
        (json!(head.parent), &head.metadata["rootTaskId"]),
        (wanted["parent"].clone(), &wanted["root"])
    );
    assert_eq!(json!(tape.calls().len()), wanted["tool_calls"]);
    assert_eq!(json!(head.cost_usd), wanted["cost"]);
    let usage = tape.usage();
    assert_eq!(json!(usage.input + usage.cache_read), wanted["tokens_in"], "the cache is a part of it");
    assert_eq!((usage.cache_read, usage.output), (1000, 80));
    let marked =
        |m: &&Message| m.metadata.get("roo_code").is_some_and(|own| own["condenseParent"] == "cond-1");
    let condensed = tape.messages.iter().filter(marked).count();
    assert_eq!(json!(condensed), wanted["condensed_hidden_messages"], "kept, and marked");
    let summary =
        tape.messages.iter().find(|m| matches!(m.content[..], [Block::Summary { .. }])).expect("a summary");
    assert!(summary.is_meta && summary.metadata["roo_code"]["condenseId"] == "cond-1");
    assert_eq!(tape.results()["toolu_n2"].0, "{\"path\":\"hello.py\",\"operation\":\"modified\"}");
    assert_eq!(tape.messages[1].timestamp.0, 1_774_000_000_700);
}

#[test]
fn calls_in_xml_are_calls() {
    let (case, home) = case("xml-tools-2025");
    let tapes = capture(&RooCode, &home);
    let (wanted, tape) = (&case["expect"]["1745000000000"], &tapes["1745000000000"]);
    assert_eq!(json!(tape.messages.len()), wanted["messages"]);
    assert_eq!(json!(tape.title()), wanted["title"]);
    let calls = tape.calls();
    assert_eq!((calls.len(), calls[0].1.as_str()), (1, "read_file"));
    assert_eq!(calls[0].2, json!({"args": "<file><path>a.py</path></file>"}));
    let (text, failed, _) = &tape.results()[&calls[0].0];
    assert_eq!(
        (text.as_str(), *failed),
        ("<files><file><path>a.py</path><content lines=\"1-1\">1 | x=1</content></file></files>", None)
    );
    assert_eq!(tape.messages[2].role, Role::Tool);
}

#[test]
fn a_task_that_is_written_anew_adds_only_what_is_new() {
    let (_, home) = case("parent-child-native-tools");
    let home = copy(&home);
    let session: Session =
        sessions(&RooCode, home.path()).into_iter().find(|s| s.native_id == CHILD).expect("the task");
    let path = &session.sources[0].path;
    let whole: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).expect("read")).expect("a list");
    let mut tape = Tape::default();
    for n in 1..=whole.len() {
        // Messages are marked as condensed later; that is no other message.
        let mut part = whole[..n].to_vec();
        if n < 4 {
            part.iter_mut().for_each(|m| {
                m.as_object_mut().expect("a message").remove("condenseParent");
            });
        }
        fs::write(path, json!(part).to_string()).expect("written");
        tape.read(&RooCode, &session);
    }
    assert_eq!(tape.messages.len(), 5);
    assert!(tape.messages.iter().all(|m| m.replaces().is_none()));
    // While it is written the file is not there, or only a part of it is.
    let text = json!(whole).to_string();
    fs::write(path, &text[..text.len() / 2]).expect("written");
    tape.read(&RooCode, &session);
    fs::remove_file(path).expect("removed");
    tape.read(&RooCode, &session);
    assert_eq!(tape.messages.len(), 5);
    // A checkpoint takes the end back.
    fs::write(path, json!(whole[..3]).to_string()).expect("written");
    tape.read(&RooCode, &session);
    let remark = tape.messages.last().expect("a remark");
    assert_eq!(
        remark.content,
        [Block::opaque("x-roo-code", json!({"dropped": ["t1774000000950", "t1774000001200"]}))]
    );
}

#[test]
fn storages_of_all_editors_are_found() {
    let home = tempfile::tempdir().expect("a folder");
    let places = [
        ".config/VSCodium/User/globalStorage/rooveterinaryinc.roo-cline",
        ".config/Code - Insiders/User/globalStorage/rooveterinaryinc.roo-cline",
        "Library/Application Support/Windsurf/User/globalStorage/rooveterinaryinc.roo-cline",
        ".vscode-server-insiders/data/User/globalStorage/rooveterinaryinc.roo-cline",
        ".cursor-server/data/User/globalStorage/rooveterinaryinc.roo-cline",
        ".vscode-remote/data/User/globalStorage/rooveterinaryinc.roo-cline",
        ".openvscode-server/data/User/globalStorage/rooveterinaryinc.roo-cline",
        ".local/share/code-server/User/globalStorage/rooveterinaryinc.roo-cline",
        ".vscode-mock/global-storage",
        "elsewhere",
    ];
    for place in places {
        fs::create_dir_all(home.path().join(place).join("tasks/1745000000000")).expect("made");
    }
    fs::write(
        home.path().join(".config/VSCodium/User/settings.json"),
        format!("{{\n // \"roo-cline.customStoragePath\": \"/no\",\n \"roo-cline.customStoragePath\": \"{}\", \n}}", home.path().join("elsewhere").display()),
    )
    .expect("written");
    let mut found = RooCode.roots(&Env::of([("HOME", home.path())]));
    found.sort();
    let mut wanted: Vec<_> = places.iter().map(|place| home.path().join(place)).collect();
    wanted.sort();
    assert_eq!(found, wanted);
}
