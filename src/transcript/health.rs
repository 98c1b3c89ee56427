//! Whether a tool's sessions are found and understood.

use std::path::{Path, PathBuf};

use crate::error::Code;
use crate::model::health::{Health, Word};
use crate::model::transcript::CaptureTally;
use crate::sys::Env;
use crate::tool::Tool;

/// Looks at a tool. Blocking.
pub fn look(tool: &dyn Tool, env: &Env, enabled: bool, tally: CaptureTally) -> Health {
    let roots = tool.roots(env);
    let there: Vec<&PathBuf> = roots.iter().filter(|root| root.exists()).collect();
    let (mut sessions, mut unknown, mut unwell) = (0, None, None);
    for root in &there {
        match tool.find(root) {
            Ok(found) => {
                if found.is_empty() && unknown.is_none() {
                    unknown = strange(root, tool.places())
                        .map(|path| format!("`{}` is in no form that this sf knows", path.display()));
                }
                sessions += found.len() as u64;
            }
            Err(error) => unwell = Some(error.message),
        }
        for left_out in tool.finish(root) {
            let slot = if left_out.code == Code::Unsupported { &mut unknown } else { &mut unwell };
            slot.get_or_insert(left_out.message);
        }
    }
    let health = match (there.is_empty(), sessions, tally) {
        (true, _, _) => Word::NotFound,
        _ if unknown.is_some() => Word::UnknownGeneration,
        // What was read and gave no message at all, in every session, is not what it was taken for.
        (_, 1.., CaptureTally { transcripts: 0, empty: 1.. }) => Word::UnknownGeneration,
        (_, _, CaptureTally { transcripts: 0, .. }) => Word::NothingCaptured,
        _ => Word::Ok,
    };
    let detail = unknown.or(unwell).or_else(|| match health {
        Word::Ok | Word::NotFound => None,
        Word::UnknownGeneration => Some(format!("none of its {sessions} sessions could be understood")),
        Word::NothingCaptured if sessions == 0 => Some("its folder is there, and no session in it".into()),
        Word::NothingCaptured if enabled => Some("`sf capture` has not run since".into()),
        Word::NothingCaptured => Some(format!("`sf watcher enable {}` includes it again", tool.id())),
    });
    Health {
        tool: tool.id(),
        enabled,
        found: !there.is_empty(),
        roots,
        sessions,
        captured: tally.transcripts,
        health,
        detail,
    }
}

/// What tools write beside their sessions, or what is there for a moment only.
const BESIDE: [&str; 10] = ["md", "txt", "yaml", "yml", "toml", "lock", "log", "tmp", "bak", "new"];
/// So many entries are looked at, and so many folders deep.
const ENTRIES: usize = 1000;
const DEPTH: usize = 6;

/// A file where only sessions are, in a store in which none was found.
fn strange(root: &Path, places: &[&str]) -> Option<PathBuf> {
    let mut left = ENTRIES;
    places.iter().flat_map(|place| below(root, place)).find_map(|place| first_file(&place, DEPTH, &mut left))
}

/// The folders that a pattern like `projects/*/talks` stands for.
fn below(root: &Path, pattern: &str) -> Vec<PathBuf> {
    pattern.split('/').fold(vec![root.to_owned()], |dirs, part| match part {
        "*" => dirs.iter().flat_map(|dir| entries(dir)).collect(),
        name => dirs.into_iter().map(|dir| dir.join(name)).collect(),
    })
}

fn first_file(path: &Path, depth: usize, left: &mut usize) -> Option<PathBuf> {
    *left = left.checked_sub(1)?;
    let meta = path.symlink_metadata().ok()?;
    if meta.is_dir() {
        let depth = depth.checked_sub(1)?;
        return entries(path).iter().find_map(|inner| first_file(inner, depth, left));
    }
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let hidden = path.file_name().and_then(|n| n.to_str()).is_none_or(|name| name.starts_with('.'));
    (meta.is_file() && meta.len() > 0 && !hidden && !BESIDE.contains(&ending)).then(|| path.to_owned())
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).map(|list| list.flatten().map(|e| e.path()).collect()).unwrap_or_default()
}
