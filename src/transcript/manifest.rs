//! The small files of a `.sfs` folder: `manifest.json`, `workspace.json`, `tools.json`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::model::transcript::TranscriptRow;
use crate::model::{Time, TranscriptId};
use crate::tool::Head;

/// What is counted for the manifest alone.
pub struct Counts {
    /// Prompts of a person.
    pub turns: u64,
    /// Calls of tools in every line, also where there is a later version of it.
    pub tool_calls: u64,
    /// Names of the tools that were called.
    pub tools: BTreeSet<String>,
}

/// The tool and its own id of the session that a folder belongs to.
pub fn origin(folder: &Path) -> Option<(String, String)> {
    let bytes = std::fs::read(folder.join("manifest.json")).ok()?;
    let manifest: Value = serde_json::from_slice(&bytes).ok()?;
    let text = |key: &str| manifest.get("source")?.get(key)?.as_str().map(str::to_owned);
    Some((text("tool")?, text("original_session_id")?))
}

/// Writes all of them.
pub fn write(
    folder: &Path,
    row: &TranscriptRow,
    head: &Head,
    counts: &Counts,
    path: &Path,
    parent: Option<&TranscriptId>,
) -> Result<()> {
    if let Some(root) = &row.workdir {
        super::sfs::write_part(folder, "workspace.json", &workspace(root, head))?;
    }
    if !counts.tools.is_empty() {
        let tools = json!({"mcp_servers": [], "custom_tools": [], "tools_used": counts.tools});
        super::sfs::write_part(folder, "tools.json", &tools)?;
    }
    super::sfs::write_part(folder, "manifest.json", &manifest(row, head, counts, path, parent))
}

fn workspace(root: &str, head: &Head) -> Value {
    json!({"root_path": root, "git": git(head)})
}

fn git(head: &Head) -> Option<Value> {
    [&head.branch, &head.commit, &head.remote]
        .iter()
        .any(|v| v.is_some())
        .then(|| json!({"remote_url": head.remote, "branch": head.branch, "commit_sha": head.commit}))
}

fn manifest(
    row: &TranscriptRow,
    head: &Head,
    counts: &Counts,
    path: &Path,
    parent: Option<&TranscriptId>,
) -> Value {
    let created = row.created.unwrap_or_default();
    let model = row.model.as_ref().map(|model| {
        json!({"provider": head.provider.as_deref().unwrap_or("unknown"), "model_id": model,
               "reasoning_effort": head.effort})
    });
    let interface = match head.interface.as_deref() {
        Some(known @ ("cli" | "vscode" | "ide" | "web" | "api" | "exec")) => Some(known),
        Some(other) if other.contains("vscode") => Some("vscode"),
        _ => None,
    };
    let agents: Vec<Value> = head
        .agents
        .iter()
        .filter(|(_, agent)| agent.messages > 0)
        .map(|(id, agent)| json!({"agent_id": id, "model": agent.model, "message_count": agent.messages}))
        .collect();
    // What was imported says itself where it is from.
    let import = head.metadata.get("import").and_then(|import| import.get("source"));
    let elsewhere = |key: &str| import?.get(key).filter(|v| v.is_string()).cloned();
    let path = import.map_or_else(|| json!(path.to_string_lossy()), |_| elsewhere("original_path").into());
    let mut manifest = json!({
        "sfs_version": "0.1.0",
        "session_id": row.id,
        "title": row.title,
        "tags": [],
        "created_at": created,
        "updated_at": row.updated,
        "source": {
            "tool": elsewhere("tool").unwrap_or(json!(row.tool)),
            "tool_version": head.version,
            "sfs_converter_version": env!("CARGO_PKG_VERSION"),
            "original_session_id": elsewhere("original_session_id").unwrap_or(json!(row.native_id)),
            "original_path": path,
            "interface": interface,
        },
        "stats": {
            "message_count": row.messages,
            "turn_count": counts.turns,
            "tool_use_count": counts.tool_calls,
            "total_input_tokens": row.tokens_in + row.tokens_cache_read + row.tokens_cache_write,
            "total_output_tokens": row.tokens_out,
            "estimated_cost_usd": row.cost_usd,
            "duration_ms": row.updated.map(|u| created.until(u).max(0)),
        },
        "parent_session_id": parent,
        "sub_agents": agents,
        "metadata": {"sf": own(row, head)},
    });
    // SessionFS 0.26 takes `null` for an object here, and fails to show such a session.
    if let (Some(model), Some(manifest)) = (model, manifest.as_object_mut()) {
        manifest.insert("model".into(), model);
    }
    manifest
}

/// What only we keep.
fn own(row: &TranscriptRow, head: &Head) -> Value {
    let mut own = head.metadata.clone();
    own.insert("host".into(), row.host.as_str().into());
    own.insert(
        "tokens".into(),
        json!({"input": row.tokens_in, "output": row.tokens_out, "cache_read": row.tokens_cache_read,
               "cache_write": row.tokens_cache_write}),
    );
    // Without a folder there is no `workspace.json` to put it in.
    if row.workdir.is_none()
        && let Some(git) = git(head)
    {
        own.insert("git".into(), git);
    }
    if let Some(parent) = &head.parent {
        own.insert("parent_native_id".into(), parent.as_str().into());
    }
    if head.skipped_lines > 0 {
        own.insert("skipped_lines".into(), head.skipped_lines.into());
    }
    if let Some(Time(began)) = head.created {
        own.insert("began".into(), json!(Time(began)));
    }
    let calls: Map<String, Value> = head
        .agents
        .iter()
        .filter(|(_, agent)| agent.messages > 0)
        .map(|(id, agent)| {
            let about = json!({"tool_use_id": agent.tool_use_id, "kind": agent.kind,
                               "description": agent.description});
            (id.clone(), about)
        })
        .collect();
    if !calls.is_empty() {
        own.insert("sub_agents".into(), Value::Object(calls));
    }
    Value::Object(own)
}
