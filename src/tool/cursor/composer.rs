//! One conversation of the editor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bubble::{self, Bubble};
use super::index::{self, Entry};
use crate::error::Result;
use crate::model::message::Block;
use crate::store::foreign::Foreign;
use crate::sys::Clock;
use crate::tool::format::revision::{Apart, Revisions};
use crate::tool::format::shelf::{self, Stop};
use crate::tool::format::{jsonl, value};
use crate::tool::{Head, Progress, Rank, Sink, Skipped};

/// After so long without a change what is not finished never will be. Milliseconds.
const STALE: i64 = 60 * 60 * 1000;

/// What has to be known of the reads before.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// The messages that were written.
    pub sent: Revisions,
    /// The stamp in the list when it was read.
    pub stamp: String,
    /// Whether something was still being written.
    pub waiting: bool,
    /// The row of each bubble that was read: its number and size.
    rows: BTreeMap<String, (i64, i64)>,
    /// Bubbles that say nothing, or are of no known kind.
    unknown: u64,
}

impl Memo {
    /// What was saved.
    pub fn of(progress: &Progress) -> Self {
        serde_json::from_value(progress.memo.clone()).unwrap_or_default()
    }
}

/// Conversations in which an answer is being made, or was when the editor crashed.
pub fn generating(database: &Foreign) -> Result<Vec<String>> {
    let query = "select substr(key, 14) as id from cursorDiskKV
         where key >= 'composerData:' and key < 'composerData;' and json_valid(value)
         and (json_extract(value, '$.status') = 'generating' or json_array_length(value, '$.generatingBubbleIds') > 0)";
    Ok(database.rows(query, &[])?.iter().filter_map(|row| row.text("id").map(str::to_owned)).collect())
}

/// Reads what is new in a conversation.
pub fn read(
    id: &str,
    entry: &Entry,
    database: &Foreign,
    mut progress: Progress,
    sink: &mut dyn Sink,
) -> std::result::Result<(), Stop> {
    let mut memo = Memo::of(&progress);
    memo.waiting = false;
    let mut doc = match document(id, entry, database, sink).map_err(Stop::Database)? {
        Some(doc) => doc,
        None => Map::new(),
    };
    let order = order(&mut doc);
    let status = value::str(&doc, "status").unwrap_or_default().to_owned();
    let busy: Vec<String> = doc
        .get("generatingBubbleIds")
        .and_then(Value::as_array)
        .map_or_else(Vec::new, |list| list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect());
    let updated =
        bubble::moment(&doc, "lastUpdatedAt").or_else(|| bubble::moment(&entry.header, "lastUpdatedAt"));
    let stale = updated.is_none_or(|t| t.until(Clock::System.now()) > STALE);
    let mut head = std::mem::take(&mut progress.head);
    about(&mut head, &doc, entry);
    let rows = bubble_rows(id, database).map_err(Stop::Database)?;
    let mut time = bubble::moment(&doc, "createdAt").or(entry.created).unwrap_or_default();
    let last = order.len().saturating_sub(1);
    let mut apart = Apart::default();
    for (at, Place { id: bubble_id, header, inline }) in order.into_iter().enumerate() {
        let row = rows.get(&bubble_id).copied();
        if row.is_some() && memo.rows.get(&bubble_id).copied() == row {
            continue;
        }
        let map = match inline {
            Some(map) => Some(map),
            None => load(id, &bubble_id, database, sink).map_err(Stop::Database)?,
        };
        let Some(map) = map else { continue };
        let bubble = Bubble { id: bubble_id.clone(), map, header };
        time = bubble.time().unwrap_or(time);
        let writing = busy.contains(&bubble_id) || (at == last && status == "generating");
        if !stale && (bubble.is_open() || (writing && !bubble.is_prompt())) {
            memo.waiting = true;
            break;
        }
        let translated = bubble.translate(time);
        if let Some(unknown) = translated.unknown {
            memo.unknown += u64::from(!memo.sent.knows(&unknown));
            head.metadata.insert("unknown_bubbles".into(), memo.unknown.into());
        }
        for mut message in translated.messages {
            apart.name(&mut message);
            if message.is_prompt()
                && let Some(Block::Text { text }) = message.content.first()
            {
                head.offer_title(Rank::Prompt, text);
            }
            head.model = message.model.clone().or(head.model);
            memo.sent.send(message, sink)?;
        }
        if let Some(row) = row {
            memo.rows.insert(bubble_id, row);
        }
    }
    memo.stamp.clone_from(&entry.stamp);
    head.unclaimed = memo.sent.late();
    progress.memo = serde_json::to_value(&memo).unwrap_or_default();
    progress.head = head;
    shelf::remember(database, &mut progress);
    sink.checkpoint(&progress)?;
    Ok(())
}

/// A bubble's place in the conversation.
struct Place {
    id: String,
    /// What the list of the conversation says of it.
    header: Map<String, Value>,
    /// The bubble itself, where it lies in the conversation's document.
    inline: Option<Map<String, Value>>,
}

/// The bubbles in their order. The list of headers is the only authority for it; older documents
/// hold the bubbles themselves.
fn order(doc: &mut Map<String, Value>) -> Vec<Place> {
    let mut list = |key: &str| match doc.remove(key) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let (headers, whole) = (list("fullConversationHeadersOnly"), list("conversation"));
    let mut mapped = match doc.remove("conversationMap") {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let (list, inline) = if headers.is_empty() { (whole, true) } else { (headers, false) };
    let places = list.into_iter().enumerate().filter_map(|(at, value)| {
        let Value::Object(map) = value else { return None };
        let id = value::string(&map, "bubbleId").or_else(|| value::string(&map, "id"));
        let id = id.unwrap_or_else(|| format!("bubble-{at}"));
        if inline {
            return Some(Place { id, header: Map::new(), inline: Some(map) });
        }
        let inline = match mapped.remove(&id) {
            Some(Value::Object(bubble)) => Some(bubble),
            _ => None,
        };
        Some(Place { id, header: map, inline })
    });
    places.collect()
}

/// The conversation's document.
fn document(
    id: &str,
    entry: &Entry,
    database: &Foreign,
    sink: &mut dyn Sink,
) -> Result<Option<Map<String, Value>>> {
    if entry.chat {
        let tab = index::tabs(database)?.into_iter().find(|tab| value::str(tab, "tabId") == Some(id));
        return Ok(tab.map(|mut tab| {
            sink.read(Value::Object(tab.clone()).to_string().len() as u64);
            if let Some(bubbles) = tab.remove("bubbles") {
                tab.insert("conversation".into(), bubbles);
            }
            tab.insert("createdAt".into(), tab.get("lastSendTime").cloned().unwrap_or_default());
            tab
        }));
    }
    value_of(&format!("composerData:{id}"), database, sink)
}

fn load(
    composer: &str,
    bubble: &str,
    database: &Foreign,
    sink: &mut dyn Sink,
) -> Result<Option<Map<String, Value>>> {
    value_of(&format!("bubbleId:{composer}:{bubble}"), database, sink)
}

/// A value as an object. A row that is NULL counts as missing.
fn value_of(key: &str, database: &Foreign, sink: &mut dyn Sink) -> Result<Option<Map<String, Value>>> {
    let rows = database.rows("select value from cursorDiskKV where key = ?1", &[key.into()])?;
    let Some(text) = rows.first().and_then(|row| row.text("value")) else { return Ok(None) };
    sink.read(text.len() as u64);
    let map = jsonl::parse(text.as_bytes());
    if map.is_none() {
        sink.skipped(Skipped::item(database.path(), format!("row {key}")));
    }
    Ok(map)
}

/// Number and size of the row of each bubble. A row that is written again gets a new number.
fn bubble_rows(composer: &str, database: &Foreign) -> Result<BTreeMap<String, (i64, i64)>> {
    if !database.columns("cursorDiskKV")?.contains("key") {
        return Ok(BTreeMap::new());
    }
    let (from, to) = (format!("bubbleId:{composer}:"), format!("bubbleId:{composer};"));
    let query =
        "select key, rowid as n, octet_length(value) as size from cursorDiskKV where key >= ?1 and key < ?2";
    let rows = database.rows(query, &[from.as_str().into(), to.as_str().into()])?;
    let rows = rows.iter().filter_map(|row| {
        let id = row.text("key")?.get(from.len()..)?.to_owned();
        Some((id, (row.integer("n")?, row.integer("size").unwrap_or(0))))
    });
    Ok(rows.collect())
}

/// Learns about the conversation as a whole.
fn about(head: &mut Head, doc: &Map<String, Value>, entry: &Entry) {
    let header = &entry.header;
    head.created = bubble::moment(doc, "createdAt").or(entry.created).or(head.created);
    for title in [value::str(doc, "name"), value::str(header, "name"), value::str(header, "chatTitle")] {
        head.offer_title(Rank::Model, title.unwrap_or_default());
    }
    head.interface = Some("ide".into());
    let identifier =
        value::object(header, "workspaceIdentifier").or_else(|| value::object(doc, "workspaceIdentifier"));
    let uri = identifier.and_then(|w| value::object(w, "uri"));
    let external = uri.and_then(|u| value::string(u, "external")).or_else(|| entry.folder.clone());
    let place = external.as_deref().map(bubble::place);
    let path = uri.and_then(|u| value::string(u, "fsPath").or_else(|| value::string(u, "path")));
    head.workdir = path.or_else(|| place.as_ref().map(|(_, path)| path.clone())).or(head.workdir.take());
    let repos = header.get("trackedGitRepos").and_then(Value::as_array);
    let branches = repos.and_then(|r| r.first()?.get("branches")?.as_array()?.first().cloned());
    head.branch = branches
        .and_then(|b| b.as_str().map(str::to_owned).or_else(|| value::string(b.as_object()?, "branchName")))
        .or(head.branch.take());
    let parent = [doc, header]
        .into_iter()
        .find_map(|map| value::string(value::object(map, "subagentInfo")?, "parentComposerId"));
    head.parent = parent.or(head.parent.take());
    if let Some(name) = value::object(doc, "modelConfig").and_then(|m| value::string(m, "modelName")) {
        // `default` and `auto` leave the choice to Cursor.
        head.model = Some(name).filter(|n| n != "default" && n != "auto").or(head.model.take());
    }
    let spent = value::object(doc, "usageData").map(|models| {
        let cents = models.values().filter_map(|m| m.get("costInCents")?.as_f64());
        cents.sum::<f64>() / 100.0
    });
    head.cost_usd = spent.filter(|usd| *usd > 0.0).or(head.cost_usd);
    let mut own = Map::new();
    if let Some((Some(authority), _)) = place {
        own.insert("remote_authority".into(), authority.into());
    }
    const KEPT: [&str; 14] = [
        "_v",
        "status",
        "unifiedMode",
        "isArchived",
        "contextTokensUsed",
        "contextTokenLimit",
        "subagentInfo",
        "subagentComposerIds",
        "latestConversationSummary",
        "todos",
        "totalLinesAdded",
        "totalLinesRemoved",
        "filesChangedCount",
        "usageData",
    ];
    for key in KEPT {
        let found = doc.get(key).or_else(|| header.get(key)).filter(|v| !bubble::is_nothing(v));
        own.extend(found.map(|v| (key.to_owned(), v.clone())));
    }
    head.metadata.insert("cursor".into(), own.into());
}
