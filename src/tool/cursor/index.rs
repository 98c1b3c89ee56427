//! Which conversations there are, in four generations of lists.
//!
//! Newest first: the table `composerHeaders` (3.x), the key `composer.composerHeaders` of the
//! global `ItemTable` (3.0), `composer.composerData` of each workspace (0.4x to 2.x), and the keys
//! `composerData:` alone; before all of them `chatdata` held whole chats (to 2024). `ItemTable`
//! also holds tokens, so only named keys are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::model::Time;
use crate::store::foreign::Foreign;
use crate::tool::Session;
use crate::tool::format::shelf::{self, Shelf};
use crate::tool::format::{disk, jsonl, text, value};

const HEADERS: &str = "composer.composerHeaders";
const COMPOSERS: &str = "composer.composerData";
const CHATS: &str = "workbench.panel.aichat.view.aichat.chatdata";

/// What is in a database.
#[derive(Default)]
pub struct Index {
    /// Conversations that lie in it, by id.
    pub entries: BTreeMap<String, Entry>,
    /// Conversations that it lists and another database holds.
    pub listed: BTreeMap<String, Map<String, Value>>,
}

/// A conversation in the list.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// What the list says of it.
    pub header: Map<String, Value>,
    /// The folder or file that its window had open, as a URI or path.
    pub folder: Option<String>,
    /// Changes when anything of it is written.
    pub stamp: String,
    /// When it was begun.
    pub created: Option<Time>,
    /// Whether it is a tab of a chat of 2024.
    pub chat: bool,
}

/// The main database below a `User` folder.
pub fn global(root: &Path) -> PathBuf {
    root.join("globalStorage/state.vscdb")
}

/// The conversations below a `User` folder. Drafts are none.
pub fn sessions(root: &Path, shelf: &Shelf<Index>) -> Vec<Session> {
    let mut found = Vec::new();
    let main = global(root);
    if let Some(index) = shelf.look(&main, index) {
        let listed = workspaces(root).into_iter().filter_map(|path| shelf.look(&path, index_of_workspace));
        let listed: Vec<_> = listed.collect();
        for (id, entry) in &index.entries {
            let header = entry.header.get("isDraft").map(|_| &entry.header);
            let header =
                header.or_else(|| listed.iter().find_map(|i| i.listed.get(id))).unwrap_or(&entry.header);
            if value::flag(header, "isDraft") {
                continue;
            }
            found.push(session(id, &main, header));
        }
    }
    for path in workspaces(root) {
        let Some(index) = shelf.look(&path, index_of_workspace) else { continue };
        found.extend(index.entries.iter().map(|(id, entry)| session(id, &path, &entry.header)));
    }
    found
}

fn session(id: &str, path: &Path, header: &Map<String, Value>) -> Session {
    let title = value::str(header, "name").or_else(|| value::str(header, "chatTitle")).and_then(text::title);
    Session { native_id: id.to_owned(), sources: shelf::sources(path), title }
}

/// The databases of workspaces.
fn workspaces(root: &Path) -> Vec<PathBuf> {
    let folders = disk::entries(&root.join("workspaceStorage")).into_iter();
    folders.map(|folder| folder.join("state.vscdb")).filter(|path| disk::is_file(path)).collect()
}

/// What all lists together say of a conversation that a database holds.
pub fn entry(path: &Path, id: &str, shelf: &Shelf<Index>) -> Entry {
    let find = |path: &Path| shelf.index(path).and_then(|i| i.entries.get(id).cloned());
    let mut entry = find(path).unwrap_or_default();
    let Some(root) = path.ancestors().nth(2) else { return entry };
    if entry.chat {
        entry.folder = folder(path);
        return entry;
    }
    for workspace in workspaces(root) {
        let header = shelf.index(&workspace).and_then(|i| i.listed.get(id).cloned());
        if let Some(header) = header {
            entry.folder = entry.folder.or_else(|| folder(&workspace));
            if entry.header.is_empty() {
                entry.header = header;
            }
        }
    }
    if entry.folder.is_none() {
        let known = value::object(&entry.header, "workspaceIdentifier").and_then(|w| value::str(w, "id"));
        let known = known.filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric()));
        entry.folder =
            known.and_then(|id| folder(&root.join("workspaceStorage").join(id).join("state.vscdb")));
    }
    entry
}

/// What `workspace.json` beside a database says is open there.
fn folder(database: &Path) -> Option<String> {
    let map = jsonl::parse(&disk::read(&database.with_file_name("workspace.json"))?)?;
    value::string(&map, "folder").or_else(|| value::string(&map, "workspace"))
}

fn expect(database: &Foreign, table: &str) -> Result<()> {
    if database.columns(table)?.contains("key") {
        return Ok(());
    }
    let path = database.path().display();
    Err(Error::unsupported(format!("`{path}` has no table `{table}` as this sf knows it"))
        .hint("it may be of a newer version than this sf"))
}

/// A value of `ItemTable`, as an object.
pub fn item(database: &Foreign, key: &str) -> Result<Map<String, Value>> {
    let rows = database.rows("select value from ItemTable where key = ?1", &[key.into()])?;
    Ok(rows.first().and_then(|row| jsonl::parse(row.text("value")?.as_bytes())).unwrap_or_default())
}

/// The list that is under `allComposers`, by id.
fn all(mut list: Map<String, Value>) -> impl Iterator<Item = (String, Map<String, Value>)> {
    let list = match list.remove("allComposers") {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    list.into_iter().filter_map(|header| match header {
        Value::Object(header) => Some((value::string(&header, "composerId")?, header)),
        _ => None,
    })
}

fn index(database: &Foreign) -> Result<Index> {
    expect(database, "ItemTable")?;
    let mut index = Index::default();
    if !database.columns("cursorDiskKV")?.contains("key") {
        return Ok(index);
    }
    let mut headers = BTreeMap::new();
    if database.columns("composerHeaders")?.contains("value") {
        for row in database.rows("select composerId as id, value from composerHeaders", &[])? {
            let header = row.text("value").and_then(|text| jsonl::parse(text.as_bytes()));
            if let (Some(id), Some(header)) = (row.text("id"), header) {
                headers.insert(id.to_owned(), header);
            }
        }
    }
    for (id, header) in all(item(database, HEADERS)?) {
        headers.entry(id).or_insert(header);
    }
    // Every write gives a row a new number, and the numbers are in the index of the keys: this
    // reads no values.
    let query = "select substr(key, 14) as id, rowid as n, octet_length(value) as size,
             (select count(*) || ' ' || coalesce(max(b.rowid), 0) from cursorDiskKV b
              where b.key >= 'bubbleId:' || substr(c.key, 14) || ':' and b.key < 'bubbleId:' || substr(c.key, 14) || ';')
             as bubbles
         from cursorDiskKV c where c.key >= 'composerData:' and c.key < 'composerData;' and c.value is not null";
    for row in database.rows(query, &[])? {
        let Some(id) = row.text("id").filter(|id| !id.is_empty()).map(str::to_owned) else { continue };
        let number = |name| row.integer(name).unwrap_or(0);
        let stamp = format!("{} {} {}", number("n"), number("size"), row.text("bubbles").unwrap_or_default());
        let header = headers.remove(&id).unwrap_or_default();
        let created = value::millis(&header, "createdAt");
        index.entries.insert(id, Entry { header, stamp, created, ..Entry::default() });
    }
    Ok(index)
}

fn index_of_workspace(database: &Foreign) -> Result<Index> {
    expect(database, "ItemTable")?;
    let mut index = Index { listed: all(item(database, COMPOSERS)?).collect(), ..Index::default() };
    for tab in tabs(database)? {
        let Some(id) = value::string(&tab, "tabId") else { continue };
        let bubbles = tab.get("bubbles").and_then(Value::as_array);
        if bubbles.is_none_or(Vec::is_empty) {
            continue;
        }
        let created = value::millis(&tab, "lastSendTime");
        let stamp =
            format!("{} {}", created.unwrap_or_default().0, Value::Object(tab.clone()).to_string().len());
        let mut header = tab;
        header.remove("bubbles");
        index.entries.insert(id, Entry { header, stamp, created, chat: true, ..Entry::default() });
    }
    Ok(index)
}

/// The chats of 2024.
pub fn tabs(database: &Foreign) -> Result<Vec<Map<String, Value>>> {
    let list = match item(database, CHATS)?.remove("tabs") {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    Ok(list
        .into_iter()
        .filter_map(|tab| match tab {
            Value::Object(tab) => Some(tab),
            _ => None,
        })
        .collect())
}
