//! Hooks and commands of the tools of one machine, as a host call.
//!
//! | call | parameters | answer |
//! | --- | --- | --- |
//! | `hooks.list`, `.install`, `.uninstall` | `{tools}`: none means those that are found | [`Hooks`] of each |

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Change, Put, changes, install, remove, there};
use crate::error::{Error, Result};
use crate::model::ToolId;
use crate::sys::Env;

/// What a tool has of ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hooks {
    /// The tool.
    pub tool: ToolId,
    /// Everything is in place.
    pub installed: bool,
    /// Something was changed just now.
    pub changed: bool,
    /// The files.
    pub files: Vec<PathBuf>,
    /// What could not be done.
    pub problems: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Which {
    tools: Vec<ToolId>,
}

/// Answers a host call; `verb` is the word after `hooks.`.
///
/// # Errors
/// `unsupported` for an unknown word, `usage` for parameters that do not fit.
pub fn answer(verb: &str, params: Value, env: &Env) -> Result<Vec<Hooks>> {
    let which: Which = serde_json::from_value(params)
        .map_err(|e| Error::usage(format!("the parameters do not fit: {e}")))?;
    let act: fn(&Change) -> Result<Put> = match verb {
        "list" => |_| Ok(Put::Unchanged),
        "install" => install,
        "uninstall" => remove,
        _ => return Err(Error::unsupported(format!("this sf knows no host call `hooks.{verb}`"))),
    };
    let found = |tool: &ToolId| {
        crate::tool::get(*tool).is_some_and(|tool| tool.roots(env).iter().any(|root| root.exists()))
    };
    let tools = match which.tools.as_slice() {
        [] => ToolId::ALL.into_iter().filter(found).collect(),
        named => named.to_vec(),
    };
    Ok(tools.into_iter().map(|tool| one(tool, env, act)).collect())
}

fn one(tool: ToolId, env: &Env, act: fn(&Change) -> Result<Put>) -> Hooks {
    let changes = changes(tool, env);
    let (mut changed, mut problems) = (false, Vec::new());
    for change in &changes {
        match act(change) {
            Ok(put) => changed |= put == Put::Changed,
            Err(error) => problems.push(error.to_string()),
        }
    }
    let installed = changes.iter().all(there);
    let files = changes.into_iter().map(|change| match change {
        Change::Entries { file, .. } | Change::Whole { file, .. } => file,
    });
    Hooks { tool, installed, changed, files: files.collect(), problems }
}
