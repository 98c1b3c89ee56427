//! Making and undoing changes in files that belong to others: what is not ours stays byte for byte as
//! far as JSON allows (order and unknown keys are kept), links are followed, modes stay, and the file
//! is read again right before it is written.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Change, MARK};
use crate::error::{At, Error, Result};
use crate::sys::files;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Put {
    /// It is as wanted already.
    Unchanged,
    /// It was made or changed.
    Changed,
}

/// Makes a change.
///
/// # Errors
/// `refused` for a file that somebody else wrote, or that is not plain JSON; those of writing.
pub fn install(change: &Change) -> Result<Put> {
    match change {
        Change::Whole { file, text } => {
            let before = read(file)?;
            if before.as_deref() == Some(text) {
                return Ok(Put::Unchanged);
            }
            if before.is_some_and(|before| !before.contains(MARK)) {
                return Err(Error::refused(format!("`{}` was not written by sf", file.display()))
                    .hint("move it away, then run this again"));
            }
            write(file, text)?;
            Ok(Put::Changed)
        }
        Change::Entries { file, entries } => edit(file, |hooks| {
            for (event, entry) in entries {
                let list = hooks.entry(*event).or_insert_with(|| Value::Array(Vec::new()));
                let list = list.as_array_mut().ok_or_else(|| {
                    Error::refused(format!("`hooks.{event}` in `{}` is no list", file.display()))
                })?;
                if list.iter().filter(|old| ours(old)).eq([entry]) {
                    continue;
                }
                list.retain(|old| !ours(old));
                list.push(entry.clone());
            }
            Ok(())
        }),
    }
}

/// Undoes a change.
///
/// # Errors
/// As [`install`].
pub fn remove(change: &Change) -> Result<Put> {
    match change {
        Change::Whole { file, .. } => match read(file)? {
            Some(text) if text.contains(MARK) => {
                std::fs::remove_file(file).at(file.display())?;
                // A skill has a folder of its own; others' folders are not empty.
                if file.ends_with("SKILL.md") {
                    let _ = file.parent().map(std::fs::remove_dir);
                }
                Ok(Put::Changed)
            }
            _ => Ok(Put::Unchanged),
        },
        Change::Entries { file, .. } => {
            if read(file)?.is_none_or(|text| !text.contains(MARK)) {
                return Ok(Put::Unchanged);
            }
            edit(file, |hooks| {
                for list in hooks.values_mut().filter_map(Value::as_array_mut) {
                    list.retain(|old| !ours(old));
                }
                hooks.retain(|_, list| list.as_array().is_none_or(|list| !list.is_empty()));
                Ok(())
            })
        }
    }
}

/// Whether a change is made.
pub fn there(change: &Change) -> bool {
    let text = |file: &Path| read(file).ok().flatten();
    match change {
        Change::Whole { file, text: wanted } => text(file).as_deref() == Some(wanted),
        Change::Entries { file, entries } => {
            let Some(Ok(root)) = text(file).map(|text| serde_json::from_str::<Value>(&text)) else {
                return false;
            };
            entries.iter().all(|(event, entry)| {
                let list = root.get("hooks").and_then(|hooks| hooks.get(*event)).and_then(Value::as_array);
                list.is_some_and(|list| list.contains(entry))
            })
        }
    }
}

/// Whether a list entry is one that sf made.
fn ours(entry: &Value) -> bool {
    let run = |hook: &Value| hook.get("command").and_then(Value::as_str).is_some_and(|c| c.contains(MARK));
    entry.get("hooks").and_then(Value::as_array).is_some_and(|hooks| hooks.iter().any(run))
}

fn edit(file: &Path, change: impl FnOnce(&mut Map<String, Value>) -> Result<()>) -> Result<Put> {
    let before = read(file)?;
    let odd = |why: String| {
        Error::refused(format!("`{}` {why}, so it is left alone", file.display()))
            .hint("add the hooks by hand, or make it plain JSON first")
    };
    let text = before.as_deref().map_or("{}", str::trim);
    let mut root: Value = serde_json::from_str(if text.is_empty() { "{}" } else { text })
        .map_err(|e| odd(format!("is not plain JSON ({e})")))?;
    let same = root.clone();
    let top = root.as_object_mut().ok_or_else(|| odd("is no JSON object".into()))?;
    let had = top.contains_key("hooks");
    let hooks = top.entry("hooks").or_insert_with(|| Value::Object(Map::new()));
    let hooks = hooks.as_object_mut().ok_or_else(|| odd("has `hooks` that are no object".into()))?;
    change(hooks)?;
    // An empty object that we put there goes with our last entry.
    if hooks.is_empty() && (!had || before.as_deref().is_some_and(|text| text.contains(MARK))) {
        top.shift_remove("hooks");
    }
    if root == same {
        return Ok(Put::Unchanged);
    }
    if read(file)? != before {
        return Err(
            Error::conflict(format!("`{}` was changed meanwhile", file.display())).hint("run this again")
        );
    }
    if let Some(before) = &before {
        write(&file.with_extension("json.before-sf"), before)?;
    }
    write(file, &(serde_json::to_string_pretty(&root)? + "\n"))?;
    Ok(Put::Changed)
}

fn read(file: &Path) -> Result<Option<String>> {
    let bytes = files::read_if_any(file)?;
    bytes
        .map(|bytes| {
            String::from_utf8(bytes).map_err(|_| Error::refused(format!("`{}` is not UTF-8", file.display())))
        })
        .transpose()
}

fn write(file: &Path, text: &str) -> Result<()> {
    let real: PathBuf = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if let Some(folder) = real.parent() {
        std::fs::create_dir_all(folder).at(folder.display())?;
    }
    let mode = std::fs::metadata(&real).map_or(0o600, |meta| meta.permissions().mode() & 0o777);
    files::write_atomic_mode(&real, text.as_bytes(), mode)
}
