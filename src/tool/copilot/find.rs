//! Where the sessions are, and what lies beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::tool::format::disk::{self, entries};
use crate::tool::format::text;
use crate::tool::{Session, Source};

/// The sessions below a root.
pub fn sessions(root: &Path) -> Vec<Session> {
    let mut found: BTreeMap<String, Session> = BTreeMap::new();
    for path in entries(&root.join("session-state")) {
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        let (native_id, events) = match name.strip_suffix(".jsonl") {
            Some(id) => (id.to_owned(), path.clone()),
            None => (name.to_owned(), path.join("events.jsonl")),
        };
        // The folder is newer than a flat file of the same id.
        if name.starts_with('.')
            || !disk::is_file(&events)
            || found.contains_key(&native_id) && events == path
        {
            continue;
        }
        let title = workspace(&events).remove("name").and_then(|name| text::title(&name));
        let sources = vec![Source { key: "events".into(), path: events }];
        found.insert(native_id.clone(), Session { native_id, sources, title });
    }
    found.into_values().collect()
}

/// Sessions with an `inuse.<pid>.lock` whose process is there. A lock may outlive its process, and
/// its number may belong to another one by now.
pub fn live(root: &Path) -> Vec<String> {
    let locked = |dir: &PathBuf| {
        entries(dir).iter().any(|path| {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let pid = name.strip_prefix("inuse.").and_then(|rest| rest.strip_suffix(".lock"));
            pid.and_then(|pid| pid.parse::<u32>().ok()).is_some_and(is_copilot)
        })
    };
    let dirs = entries(&root.join("session-state")).into_iter().filter(locked);
    dirs.filter_map(|dir| Some(dir.file_name()?.to_str()?.to_owned())).collect()
}

/// Whether a process is the tool: itself, or a script of its name that an interpreter runs.
fn is_copilot(pid: u32) -> bool {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = command.split(|b| *b == 0).map(String::from_utf8_lossy);
    let named = |word: &str| word.contains("copilot");
    words.next().is_some_and(|program| named(&program))
        || words.next().is_some_and(|script| script.starts_with('/') && named(&script))
}

/// The `workspace.yaml` beside a session's events; empty when there is none.
pub fn workspace(events: &Path) -> BTreeMap<String, String> {
    let text = disk::read(&events.with_file_name("workspace.yaml"));
    text.map(|text| flat(&String::from_utf8_lossy(&text))).unwrap_or_default()
}

/// Reads the flat part of YAML that the tool writes: `key: value`, plain, quoted or as a block.
fn flat(yaml: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '#'])) else {
            continue;
        };
        let value = value.trim();
        let value = match value.chars().next() {
            Some(style @ ('|' | '>')) => {
                let mut block = Vec::new();
                while let Some(inner) = lines.next_if(|l| l.starts_with(' ') || l.is_empty()) {
                    block.push(inner.trim());
                }
                block.join(if style == '|' { "\n" } else { " " })
            }
            Some('"') => serde_json::from_str(value).unwrap_or_else(|_| value.trim_matches('"').to_owned()),
            Some('\'') => value.trim_matches('\'').replace("''", "'"),
            _ => value.to_owned(),
        };
        if !value.is_empty() {
            out.insert(key.to_owned(), value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_style_of_a_name_is_read() {
        let yaml = "id: x\nname: |-\n  one\n  two \"q\" \\back\nuser_named: false\na: \"b\\n: c\"\nd: 'it''s'\ne: >-\n  f\n  g\nempty:\n";
        let map = flat(yaml);
        assert_eq!(map["name"], "one\ntwo \"q\" \\back");
        assert_eq!((map["a"].as_str(), map["d"].as_str(), map["e"].as_str()), ("b\n: c", "it's", "f g"));
        assert!(!map.contains_key("empty"));
    }

    #[test]
    fn only_a_running_copilot_makes_a_session_live() {
        let dir = tempfile::tempdir().expect("a folder");
        for (id, pid) in [("gone", u32::MAX), ("other", std::process::id())] {
            let session = dir.path().join("session-state").join(id);
            fs::create_dir_all(&session).expect("made");
            fs::write(session.join(format!("inuse.{pid}.lock")), "").expect("written");
        }
        assert!(live(dir.path()).is_empty(), "another program has that number now");
    }

    proptest! {
        #[test]
        fn any_text_is_no_harm(text in "[-|>:'\"a \n\\\\#]{0,60}") {
            flat(&text);
        }
    }
}
