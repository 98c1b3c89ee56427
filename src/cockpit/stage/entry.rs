//! One message in rows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Line;
use super::call::{self, Call, Outcome};
use super::markdown::{Painter, code_rows, markdown, typed};
use super::prose::{Row, bytes, hard};
use super::talk::{Agent, Said};
use crate::cockpit::amount;
use crate::cockpit::syntax::Colours;
use crate::cockpit::text;
use crate::config::theme::Role;
use crate::model::Time;
use crate::model::message::{Block, ImageSource, Role as Speaker, Usage};

/// The item of the row that stands for a whole sub-agent.
pub const GROUP: u32 = u32::MAX;

/// What can be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Calls of tools, and results without one.
    Call,
    /// Reasoning.
    Thinking,
    /// What the tool put in, summaries, things of its own.
    Context,
    /// Sub-agents.
    Agent,
}

/// One thing that can be folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A block of the message at a place.
    Block(u64, u32),
    /// A sub-agent.
    Agent(String),
}

/// What is unfolded.
#[derive(Clone, Debug, Default)]
pub struct Folds {
    open: HashSet<Kind>,
    other: HashSet<Key>,
}

impl Folds {
    /// Whether something is unfolded.
    pub fn is_open(&self, kind: Kind, key: &Key) -> bool {
        self.open.contains(&kind) != self.other.contains(key)
    }

    /// Folds or unfolds one thing.
    pub fn set(&mut self, kind: Kind, key: Key, open: bool) {
        if self.open.contains(&kind) == open {
            self.other.remove(&key);
        } else {
            self.other.insert(key);
        }
    }

    /// Folds all of these kinds if all are unfolded, else unfolds them; gives which.
    pub fn turn(&mut self, kinds: &[Kind]) -> bool {
        let open = !kinds.iter().all(|kind| self.open.contains(kind));
        for kind in kinds {
            if open {
                self.open.insert(*kind)
            } else {
                self.open.remove(kind)
            };
        }
        // What was set apart was so in another world.
        self.other.clear();
        open
    }
}

/// What a turn took, from a prompt to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Turn {
    /// Calls of tools.
    pub calls: u64,
    /// Tokens.
    pub usage: Usage,
    /// Dollars, as far as known.
    pub cost: f64,
    /// The last message.
    pub end: Option<Time>,
}

/// A message with its rows, once they were needed.
#[derive(Debug)]
pub struct Entry {
    /// The message.
    pub said: Said,
    /// Whether its speaker is named: it is not the one who spoke before.
    pub head: bool,
    /// Whether a blank row stands in front.
    pub gap: bool,
    /// What the turn took that begins here.
    pub turn: Option<Turn>,
    /// Whether it stands for all of its sub-agent's messages, and how many these are.
    pub leads: Option<usize>,
    /// Whether all of it is shown at calls.
    pub told: bool,
    /// Its rows.
    pub rows: Option<Vec<Row>>,
    /// Pieces of code in it.
    pub codes: Vec<u64>,
}

impl Entry {
    /// A message that nothing is known of yet.
    pub fn new(said: Said) -> Self {
        Self {
            said,
            head: false,
            gap: false,
            turn: None,
            leads: None,
            told: false,
            rows: None,
            codes: Vec::new(),
        }
    }

    /// Forgets how it looks.
    pub fn forget(&mut self) {
        self.rows = None;
    }

    /// Whether a block of it is folded by its nature, and as what.
    pub fn kind(&self, item: u32) -> Option<Kind> {
        if item == GROUP {
            return Some(Kind::Agent);
        }
        match self.said.blocks.get(item as usize)? {
            Block::ToolUse { .. } | Block::ToolResult { .. } => Some(Kind::Call),
            Block::Thinking { .. } => Some(Kind::Thinking),
            Block::Summary { .. } | Block::Other(_) => Some(Kind::Context),
            Block::Text { .. } if self.said.is_meta => Some(Kind::Context),
            Block::Text { .. } | Block::Image { .. } => None,
        }
    }
}

/// What entries are laid out with.
pub struct Desk<'a> {
    /// Columns.
    pub width: usize,
    /// Now.
    pub now: Time,
    /// Milliseconds of local time before UTC.
    pub zone: i64,
    /// The model that the transcript names; others are named where they speak.
    pub model: Option<&'a str>,
    /// What is unfolded.
    pub folds: &'a Folds,
    /// The result of a call.
    pub result: &'a dyn Fn(&str) -> Option<&'a Block>,
    /// The sub-agent of a call, and how many messages of it are here.
    pub agent: &'a dyn Fn(&str) -> Option<(&'a str, usize)>,
    /// The sub-agents.
    pub agents: &'a HashMap<String, Agent>,
    /// Whether the call of a result is here.
    pub called: &'a dyn Fn(&str) -> bool,
}

/// The rows of a message.
pub fn rows(entry: &Entry, desk: &Desk<'_>, painter: Painter<'_>) -> Vec<Row> {
    let said = &entry.said;
    let mut rows = Vec::new();
    if entry.told {
        return rows;
    }
    let Some(agent) = &said.agent_id else {
        if entry.gap {
            rows.push(Row::default());
        }
        rows.extend(content(entry, desk, painter));
        return rows;
    };
    let open = desk.folds.is_open(Kind::Agent, &Key::Agent(agent.clone()));
    if let Some(count) = entry.leads {
        if entry.gap {
            rows.push(Row::default());
        }
        rows.push(Row { item: Some(GROUP), starts: true, ..Row::new(lead(agent, count, open, desk)) });
    }
    if open {
        let inner = Desk { width: desk.width.saturating_sub(2), ..*desk };
        let mut own = Vec::new();
        if entry.gap && entry.leads.is_none() {
            own.push(Row::default());
        }
        own.extend(content(entry, &inner, painter));
        rows.extend(indent(own, "┆ ", Role::Agent));
    }
    rows
}

/// The line that stands for a sub-agent.
fn lead(agent: &str, count: usize, open: bool, desk: &Desk<'_>) -> Line {
    let card = desk.agents.get(agent);
    let kind = card.and_then(|c| c.kind.as_deref()).unwrap_or("sub-agent");
    let about = card.and_then(|c| c.description.as_deref()).unwrap_or(agent);
    let plural = if count == 1 { "" } else { "s" };
    let tail = format!(" · {count} message{plural}");
    let kind = text::fit(&text::clean(kind), desk.width / 3);
    let room = desk.width.saturating_sub(text::width(&kind) + text::width(&tail) + 6);
    vec![
        (if open { "▾ " } else { "▸ " }.into(), Role::Dim),
        (format!("⑂ {kind}"), Role::Agent),
        (format!("  {}", text::fit(&text::clean(about), room)), Role::Dim),
        (tail, Role::Dim),
    ]
}

fn indent(rows: Vec<Row>, with: &str, role: Role) -> Vec<Row> {
    let put = |mut row: Row| {
        row.line.insert(0, (with.to_owned(), role));
        row.lead += with.len();
        row
    };
    rows.into_iter().map(put).collect()
}

fn content(entry: &Entry, desk: &Desk<'_>, painter: Painter<'_>) -> Vec<Row> {
    let said = &entry.said;
    let mut rows = Vec::new();
    if entry.head {
        rows.push(Row { starts: true, ..Row::new(head(entry, desk)) });
    }
    let mut before: Option<bool> = None;
    for (block, item) in said.blocks.iter().zip(0u32..) {
        let mut own = self::block(entry, block, item, desk, painter);
        if own.is_empty() {
            continue;
        }
        let folds = entry.kind(item).is_some();
        // Words stand apart from what is done.
        if before.is_some_and(|b| !(b && folds)) {
            rows.push(Row::default());
        }
        before = Some(folds);
        own[0].starts = true;
        own.iter_mut().for_each(|row| row.item = Some(item));
        rows.extend(own);
    }
    rows
}

fn block(entry: &Entry, block: &Block, item: u32, desk: &Desk<'_>, painter: Painter<'_>) -> Vec<Row> {
    let said = &entry.said;
    let width = desk.width;
    let key = Key::Block(said.place, item);
    let open = |kind| desk.folds.is_open(kind, &key);
    match block {
        Block::Text { text } if text.trim().is_empty() => Vec::new(),
        Block::Text { text } if said.is_meta => {
            folded(("context", Role::SpeakerSystem), text.trim(), open(Kind::Context), desk, |width| {
                typed(text.trim(), width, Role::Dim, painter)
            })
        }
        Block::Text { text } if said.role == Speaker::User => {
            typed(text.trim_end().trim_start_matches('\n'), width, Role::Text, painter)
        }
        Block::Text { text } => markdown(text.trim_end(), width, Role::Text, painter),
        Block::Thinking { text, .. } if text.trim().is_empty() => Vec::new(),
        Block::Thinking { text, .. } => {
            folded(("✻", Role::Thinking), text.trim(), open(Kind::Thinking), desk, |width| {
                markdown(text.trim(), width, Role::Thinking, painter)
            })
        }
        Block::Summary { text } => {
            let line = "─".repeat(width.saturating_sub(13).min(60));
            let rule = Row::new(vec![("── compacted ".into(), Role::SpeakerSystem), (line, Role::Border)]);
            let mut rows = vec![rule];
            rows.extend(folded(
                ("summary", Role::SpeakerSystem),
                text.trim(),
                open(Kind::Context),
                desk,
                |width| markdown(text.trim(), width, Role::Text, painter),
            ));
            rows
        }
        Block::ToolUse { tool_use_id, name, input } => {
            let outcome = (desk.result)(tool_use_id).and_then(outcome);
            let agent = (desk.agent)(tool_use_id).map(|(_, count)| count);
            let call = Call { name, input, outcome, agent };
            let open = open(Kind::Call);
            let mut rows = vec![Row::new(call::head(&call, open, width))];
            if open {
                rows.extend(call::body(&call, width, painter));
            }
            rows
        }
        // Told at the call.
        Block::ToolResult { tool_use_id, .. } if (desk.called)(tool_use_id) => Vec::new(),
        Block::ToolResult { content, .. } => {
            folded(("→ result", Role::Call), content.trim(), open(Kind::Call), desk, |width| {
                call::output(content, width, &Line::new())
            })
        }
        Block::Image { source } => vec![Row::new(vec![(picture(source), Role::Image)])],
        Block::Other(map) => {
            let kind = map.get("type").and_then(serde_json::Value::as_str).unwrap_or("something");
            let whole = serde_json::to_string_pretty(map).unwrap_or_default();
            let short = serde_json::to_string(&map.get("value")).unwrap_or_default();
            let kind = kind.strip_prefix("x-").unwrap_or(kind);
            folded((kind, Role::SpeakerSystem), &short, open(Kind::Context), desk, |width| {
                code_rows(&whole, "json", width, &Line::new(), painter)
            })
        }
    }
}

/// The result of a call.
pub fn outcome(block: &Block) -> Option<Outcome<'_>> {
    let Block::ToolResult { content, is_error, exit_code, duration_ms, .. } = block else { return None };
    Some(Outcome { content, failed: *is_error, exit: *exit_code, took: *duration_ms })
}

/// A line for something long, and the whole of it when it is unfolded.
fn folded(
    sign: (&str, Role),
    text: &str,
    open: bool,
    desk: &Desk<'_>,
    whole: impl FnOnce(usize) -> Vec<Row>,
) -> Vec<Row> {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let lines = text.lines().count();
    let tail = if lines > 1 { format!(" · {lines} lines") } else { String::new() };
    let sign_text = text::fit(&text::clean(sign.0), desk.width / 2);
    let room = desk.width.saturating_sub(text::width(&sign_text) + text::width(&tail) + 4);
    let role = if sign.1 == Role::Thinking { Role::Thinking } else { Role::Dim };
    let mut line: Line = vec![(if open { "▾ " } else { "▸ " }.into(), Role::Dim), (sign_text, sign.1)];
    if !open {
        line.push((format!("  {}", text::fit(&text::clean(first), room)), role));
    }
    line.push((tail, Role::Dim));
    let mut rows = vec![Row::new(line)];
    // What is shown below is not found in the line as well.
    rows[0].lead = if open { bytes(&rows[0].line) } else { 0 };
    if open {
        rows.extend(indent(whole(desk.width.saturating_sub(2)), "  ", Role::Dim));
    }
    rows
}

/// `▣ image/png · 34 KiB`, or where it lies.
fn picture(source: &ImageSource) -> String {
    let kind = source.media_type.as_deref().unwrap_or("image");
    match source.kind.as_str() {
        "base64" => {
            let size = source.data.trim_end_matches('=').len() as u64 * 3 / 4;
            format!("▣ {} · {}", text::clean(kind), amount::bytes(size))
        }
        _ => format!("▣ {} · {}", text::clean(kind), text::clean(&source.data)),
    }
}

/// Tokens in few characters: `1.2k in, 340 out`.
pub fn tokens(usage: Usage) -> Option<String> {
    let input = usage.input + usage.cache_read + usage.cache_write;
    (!usage.is_zero())
        .then(|| format!("{} in, {} out", amount::short_count(input), amount::short_count(usage.output)))
}

/// Who speaks, when, what it took.
fn head(entry: &Entry, desk: &Desk<'_>) -> Line {
    let said = &entry.said;
    let role = match said.role {
        Speaker::User => Role::SpeakerUser,
        Speaker::Assistant => Role::SpeakerAssistant,
        Speaker::System | Speaker::Developer | Speaker::Tool => Role::SpeakerSystem,
    };
    let time = said.time.filter(|t| *t != Time::default());
    let time = time.map_or(String::new(), |t| amount::moment(t, desk.now, desk.zone));
    let mut facts = Vec::new();
    if let Some(turn) = entry.turn {
        if turn.calls > 0 {
            facts.push(format!("{} call{}", turn.calls, if turn.calls == 1 { "" } else { "s" }));
        }
        facts.extend(tokens(turn.usage));
        if turn.cost > 0.0 {
            facts.push(amount::dollars(turn.cost));
        }
        if let (Some(begin), Some(end)) = (said.time, turn.end)
            && let Ok(ms @ 1_000..) = u64::try_from(begin.until(end))
        {
            facts.push(amount::took(ms));
        }
    } else {
        let other = said.model.as_deref().filter(|model| desk.model != Some(*model));
        facts.extend(other.map(text::clean));
        facts.extend(said.usage.and_then(tokens));
        facts.extend(said.cost_usd.filter(|c| *c > 0.0).map(amount::dollars));
    }
    let mut line: Line = vec![(said.role.as_str().into(), role), (format!("  {time}"), Role::Time)];
    let mut room = desk.width.saturating_sub(super::prose::columns(&line));
    for fact in facts {
        let fact = format!(" · {fact}");
        if text::width(&fact) > room {
            break;
        }
        room -= text::width(&fact);
        line.push((fact, Role::Dim));
    }
    line
}

/// Colours that are known, and those that are still wanted.
#[derive(Debug, Default)]
pub struct Paints {
    known: HashMap<u64, Option<Arc<Colours>>>,
    wanted: Vec<(u64, String, String)>,
}

impl Paints {
    /// Colours of a piece of code; asked for when they are not known yet. Adds its key to `codes`.
    pub fn of(&mut self, lang: &str, text: &str, codes: &mut Vec<u64>) -> Option<Arc<Colours>> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        if lang.trim().is_empty() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (lang, text).hash(&mut hasher);
        let key = hasher.finish();
        codes.push(key);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        self.known.insert(key, None);
        self.wanted.push((key, lang.to_owned(), text.to_owned()));
        None
    }

    /// What was asked for since.
    pub fn take_wanted(&mut self) -> Vec<(u64, String, String)> {
        std::mem::take(&mut self.wanted)
    }

    /// Takes colours in.
    pub fn learn(&mut self, key: u64, colours: Option<Arc<Colours>>) {
        self.known.insert(key, colours);
    }
}

/// A message of a program in rows that are cut.
pub fn problem(message: &str, width: usize) -> Vec<Row> {
    hard(&[(message.to_owned(), Role::Error)], width, &Line::new())
}
