//! The folder that a session took place in.
//!
//! A session file names it only by its sha256 (`projectHash`), so a candidate can be checked.

use std::path::Path;

use serde_json::{Map, Value};

use crate::sys::hash;
use crate::tool::format::{disk, jsonl, value};

/// What the project's folder below `tmp` says: its marker, or the registry that knows its name.
pub fn of_project(project: &Path) -> Option<String> {
    let marker = disk::read(&project.join(".project_root")).and_then(|bytes| String::from_utf8(bytes).ok());
    let marker =
        marker.map(|text| text.trim_end_matches('\n').to_owned()).filter(|text| text.starts_with('/'));
    marker.or_else(|| {
        let slug = project.file_name()?.to_str()?;
        let registry = registry(project)?;
        let known = registry.iter().find(|(_, name)| name.as_str() == Some(slug));
        known
            .map(|(path, _)| path.clone())
            .or_else(|| registry.keys().find(|path| hash::sha256(path.as_bytes()) == slug).cloned())
    })
}

fn registry(project: &Path) -> Option<Map<String, Value>> {
    let bytes = disk::read(&project.parent()?.parent()?.join("projects.json"))?;
    value::object(&jsonl::parse(&bytes)?, "projects").cloned()
}

/// The folder in the session context that the CLI (0.61) puts before the first prompt.
pub fn of_context(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("**Workspace Directories:**\n")?;
    let path = rest.lines().next()?.trim().strip_prefix("- ")?;
    path.starts_with('/').then(|| path.to_owned())
}

/// The part of a path in the arguments of a call that has the given hash.
pub fn of_arguments(arguments: &Map<String, Value>, wanted: &str) -> Option<String> {
    let texts = arguments.values().filter_map(Value::as_str);
    let paths = texts.filter(|text| text.starts_with('/') && text.len() < 4096 && !text.contains('\n'));
    paths
        .flat_map(|path| Path::new(path).ancestors())
        .filter_map(Path::to_str)
        .find(|p| hash::sha256(p.as_bytes()) == wanted)
        .map(str::to_owned)
}
