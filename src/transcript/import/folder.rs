//! A `.sfs` folder that somebody else wrote, or that we wrote elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::lines::Lines;
use crate::error::{At, Error, Result};
use crate::model::message::Usage;
use crate::model::{Time, ToolId, TranscriptId};
use crate::sys::files;
use crate::tool::format::{disk, jsonl, value};
use crate::tool::{Head, Progress, Rank, Sink, Source, SubAgent};

/// Messages between two safe places.
const BATCH: usize = 4096;
/// The largest of the small files.
const SMALL: u64 = 64 << 20;
/// The deepest folder of checkpoints.
const DEPTH: usize = 4;

/// What is known of a folder before its messages are read.
pub struct Folder {
    path: PathBuf,
    manifest: Map<String, Value>,
    /// The tool that held the conversation; [`ToolId::Other`] when we do not know it.
    pub tool: ToolId,
    /// The tool's own id of it.
    pub native_id: String,
    /// Its id in the archive: of any form.
    pub session_id: String,
    /// The tool's id of the session that it comes from, as far as the archive says.
    pub parent: Option<String>,
    /// Whether we wrote it: then its messages have the ids that a capture gives them.
    pub ours: bool,
}

impl Folder {
    /// Reads what a folder says of itself. A manifest that is missing or damaged is made up from the
    /// folder's name: the messages are what counts.
    ///
    /// # Errors
    /// `corrupt` when there are no messages.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.join("messages.jsonl").is_file() {
            return Err(Error::corrupt("it has no `messages.jsonl`").at(path.display()));
        }
        let manifest = small(path, "manifest.json");
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = name.strip_suffix(".sfs").unwrap_or(name);
        let session_id = value::string(&manifest, "session_id").unwrap_or_else(|| name.to_owned());
        let source = value::object(&manifest, "source").cloned().unwrap_or_default();
        let tool = value::str(&source, "tool").and_then(|tool| tool.parse().ok()).unwrap_or(ToolId::Other);
        let native_id = value::string(&source, "original_session_id").unwrap_or_else(|| session_id.clone());
        let own = value::object(&manifest, "metadata").and_then(|all| value::object(all, "sf"));
        let parent = own
            .and_then(|own| value::string(own, "parent_native_id"))
            .or_else(|| value::string(&manifest, "parent_session_id"));
        let ours = own.is_some();
        Ok(Self { path: path.to_owned(), manifest, tool, native_id, session_id, parent, ours })
    }

    /// The id that it should keep, if it is of our form.
    pub fn id(&self) -> Option<TranscriptId> {
        self.session_id.parse().ok()
    }

    /// Where its messages are.
    pub fn source(&self) -> Source {
        Source { key: "sfs".into(), path: self.path.join("messages.jsonl") }
    }

    /// Hands over the messages. `progress` is what a capture knows of the session, if there was one:
    /// then that stays as it is, and only messages are added.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn read(&self, mut progress: Progress, memo: Value, sink: &mut dyn Sink) -> Result<()> {
        let captured = !progress.cursors.is_empty();
        if !captured {
            progress.head = self.head();
            progress.memo = memo;
        }
        let source = self.source();
        let jsonl::Opened::Fresh(mut lines) = jsonl::open(&source, None) else {
            return Err(Error::corrupt("its messages cannot be read").at(self.path.display()));
        };
        let mut reader = Lines::new(self.created());
        let (mut since, mut new, mut counted) = (0, false, Usage::default());
        let mut first = true;
        while let Some(line) = lines.peek() {
            let message = reader.message(line);
            if message.is_none() {
                lines.skip(&source, sink);
            }
            sink.read(lines.consume());
            let Some(message) = message else { continue };
            counted = counted.plus(message.usage.unwrap_or_default());
            if !captured && message.is_prompt() {
                for block in &message.content {
                    if let crate::model::message::Block::Text { text } = block {
                        progress.head.offer_title(Rank::Prompt, text);
                    }
                }
            }
            if !captured && message.model.is_some() {
                progress.head.model.clone_from(&message.model);
            }
            new |= sink.message(message)?;
            since += 1;
            if since >= BATCH {
                sink.checkpoint(&progress)?;
                since = 0;
                first = false;
            }
        }
        if !captured {
            progress.head.unclaimed = self.total().map_or_else(Usage::default, |total| total.beyond(counted));
        }
        if new || !captured || !first {
            sink.checkpoint(&progress)?;
        }
        Ok(())
    }

    /// Copies what belongs to the session and is no message: checkpoints and diffs.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn copy_rest(&self, into: &Path) -> Result<()> {
        for entry in disk::entries(&self.path) {
            let name = entry.file_name().unwrap_or_default().to_owned();
            let diff = entry.extension().is_some_and(|e| e == "diff");
            if diff || name == "checkpoints" {
                copy(&entry, &into.join(name), DEPTH)?;
            }
        }
        Ok(())
    }

    fn created(&self) -> Option<Time> {
        value::time(&self.manifest, "created_at")
    }

    /// Tokens of the whole session, as the manifest says.
    fn total(&self) -> Option<Usage> {
        let own = value::object(&self.manifest, "metadata").and_then(|all| value::object(all, "sf"));
        if let Some(own) = own.and_then(|own| value::object(own, "tokens")) {
            let count = |key| value::count(own, key);
            let (input, output) = (count("input"), count("output"));
            let (cache_read, cache_write) = (count("cache_read"), count("cache_write"));
            return Some(Usage { input, output, cache_read, cache_write, reasoning: 0 });
        }
        let stats = value::object(&self.manifest, "stats")?;
        let (input, output) =
            (value::count(stats, "total_input_tokens"), value::count(stats, "total_output_tokens"));
        Some(Usage { input, output, ..Usage::default() })
    }

    /// The session as a whole, from all small files. What has no place is kept below
    /// `metadata.sf.import`.
    fn head(&self) -> Head {
        let mut manifest = self.manifest.clone();
        let mut head = Head { created: self.created(), parent: self.parent.clone(), ..Head::default() };
        if let Some(title) = value::take_string(&mut manifest, "title") {
            head.offer_title(Rank::Model, &title);
        }
        let source = match manifest.remove("source") {
            Some(Value::Object(source)) => source,
            _ => Map::new(),
        };
        head.version = value::string(&source, "tool_version");
        head.interface = value::string(&source, "interface");
        if let Some(Value::Object(model)) = manifest.remove("model") {
            head.model = value::string(&model, "model_id");
            head.provider = value::string(&model, "provider").filter(|provider| provider != "unknown");
            head.effort = value::string(&model, "reasoning_effort");
        }
        let mut metadata = match manifest.remove("metadata") {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let mut own = match metadata.remove("sf") {
            Some(Value::Object(own)) => own,
            _ => Map::new(),
        };
        self.agents(&own, &mut head);
        if self.ours {
            // Our own figure is the tool's; others' are from a table of prices.
            let stats = value::object(&manifest, "stats");
            head.cost_usd = stats.and_then(|stats| stats.get("estimated_cost_usd")?.as_f64());
            for known in ["host", "tokens", "parent_native_id", "skipped_lines", "began", "sub_agents"] {
                own.remove(known);
            }
            if let Some(Value::Object(git)) = own.remove("git") {
                head.branch = value::string(&git, "branch");
                head.commit = value::string(&git, "commit_sha");
                head.remote = value::string(&git, "remote_url");
            }
            head.metadata = own;
        }
        let mut kept = Map::new();
        for known in
            ["sfs_version", "created_at", "updated_at", "sub_agents", "session_id", "parent_session_id"]
        {
            manifest.remove(known);
        }
        manifest.retain(|_, v| !v.is_null() && *v != Value::Array(Vec::new()));
        kept.insert("session_id".into(), self.session_id.as_str().into());
        kept.insert("source".into(), Value::Object(source));
        if let Some(parent) = &self.parent {
            kept.insert("parent".into(), parent.as_str().into());
        }
        if !self.ours {
            kept.append(&mut manifest);
        }
        if !metadata.is_empty() {
            kept.insert("metadata".into(), Value::Object(metadata));
        }
        self.workspace(&mut head, &mut kept);
        let mut tools = small(&self.path, "tools.json");
        tools.remove("tools_used");
        tools.retain(|_, v| !v.is_null() && *v != Value::Array(Vec::new()));
        if !tools.is_empty() {
            kept.insert("tools".into(), Value::Object(tools));
        }
        head.metadata.insert("import".into(), Value::Object(kept));
        head
    }

    fn agents(&self, own: &Map<String, Value>, head: &mut Head) {
        let listed = self.manifest.get("sub_agents").and_then(Value::as_array);
        for agent in listed.into_iter().flatten().filter_map(Value::as_object) {
            let Some(id) = value::string(agent, "agent_id") else { continue };
            let about = value::object(own, "sub_agents").and_then(|all| value::object(all, &id));
            let text = |key: &str| about.and_then(|about| value::string(about, key));
            let card = SubAgent {
                tool_use_id: text("tool_use_id"),
                kind: text("kind"),
                description: text("description"),
                model: value::string(agent, "model"),
                messages: value::count(agent, "message_count"),
            };
            head.agents.insert(id, card);
        }
    }

    fn workspace(&self, head: &mut Head, kept: &mut Map<String, Value>) {
        let mut workspace = small(&self.path, "workspace.json");
        head.workdir = value::take_string(&mut workspace, "root_path");
        if let Some(Value::Object(mut git)) = workspace.remove("git").filter(|git| !git.is_null()) {
            head.branch = value::take_string(&mut git, "branch");
            head.commit = value::take_string(&mut git, "commit_sha");
            head.remote = value::take_string(&mut git, "remote_url");
            git.retain(|_, v| !v.is_null());
            if !git.is_empty() {
                workspace.insert("git".into(), Value::Object(git));
            }
        }
        workspace.retain(|_, v| !v.is_null() && *v != Value::Array(Vec::new()));
        if !workspace.is_empty() {
            kept.insert("workspace".into(), Value::Object(workspace));
        }
    }
}

/// One of the small files; empty when it is missing or no object.
fn small(folder: &Path, name: &str) -> Map<String, Value> {
    let path = folder.join(name);
    let fits = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= SMALL);
    let bytes = if fits { disk::read(&path).unwrap_or_default() } else { Vec::new() };
    jsonl::parse(&bytes).unwrap_or_default()
}

/// Plain files and folders; links lead elsewhere and are left out.
fn copy(from: &Path, to: &Path, depth: usize) -> Result<()> {
    let kind = fs::symlink_metadata(from).at(from.display())?.file_type();
    if kind.is_dir() && depth > 0 {
        files::private_dir(to)?;
        for entry in disk::entries(from) {
            copy(&entry, &to.join(entry.file_name().unwrap_or_default()), depth - 1)?;
        }
    } else if kind.is_file() {
        let mut content = Vec::new();
        let mut file = files::open_regular(from).at(from.display())?;
        std::io::copy(&mut std::io::Read::take(&mut file, super::super::archive::MEMBER), &mut content)
            .at(from.display())?;
        files::write_atomic(to, &content)?;
    }
    Ok(())
}
