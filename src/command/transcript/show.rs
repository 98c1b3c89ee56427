//! `show`

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::Prices;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::message::{Message, Role};
use crate::model::transcript::{Spend, TranscriptRow};
use crate::transcript::{page, sfs};

/// Messages on a page, and around a message.
const PAGE: u64 = 50;
/// Messages before and behind the one that is asked for.
const AROUND: u64 = 10;

/// Show a transcript: what it is, and what was said.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Show {
    /// Its id, a prefix of it, its alias, or `@last`.
    pub id: String,
    /// The messages too; all of them unless a page is asked for.
    #[arg(long)]
    #[serde(default)]
    pub messages: bool,
    /// Only this page of messages; 1 is the newest.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[serde(default)]
    pub page: Option<u64>,
    /// Only messages of this role.
    #[arg(long, value_name = "ROLE")]
    #[serde(default)]
    pub role: Option<Role>,
    /// Only the message of this number (or of this `msg_id`) and those around it.
    #[arg(long, value_name = "MSG", conflicts_with = "page")]
    #[serde(default)]
    pub around: Option<String>,
    /// Only messages with these numbers.
    #[arg(long, value_name = "FROM-TO", conflicts_with_all = ["page", "around"])]
    #[serde(default)]
    pub seq: Option<Range>,
    /// Where this text stands: numbers of messages and how often; capitals count if there are any.
    #[arg(long, value_name = "TEXT")]
    #[serde(default)]
    pub find: Option<String>,
    /// Messages that were written again as they were before, too.
    #[arg(long)]
    #[serde(default)]
    pub revisions: bool,
}

/// Numbers of messages: `7` or `100-150`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Range {
    from: u64,
    to: u64,
}

impl FromStr for Range {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) if 0 < from && from <= to => Ok(Self { from, to }),
            _ => Err(Error::usage(format!("{text:?} is no range of messages")).hint("write 7 or 100-150")),
        }
    }
}

impl TryFrom<String> for Range {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        format!("{}-{}", range.from, range.to)
    }
}

impl Command for Show {
    const TOUCH: Touch = Touch::Reads;
    type Output = Value;

    async fn run(self, cx: &Ctx) -> Result<Done<Value>> {
        let id = cx.store.find_transcript(&self.id).await?;
        let (mut row, length) = cx.store.transcript(&id).await?;
        super::list::mark_live(cx, std::slice::from_mut(&mut row)).await;
        let prices = Prices::load(&cx.paths.prices());
        prices.fill(std::slice::from_mut(&mut row));
        let folder = sfs::folder(&cx.paths.sessions(), &id);
        let manifest = tokio::fs::read(folder.join("manifest.json")).await.ok();
        let manifest: Option<Value> = manifest.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut value = serde_json::to_value(&row)?;
        value["message_count"] = row.messages.into();
        value["path"] = folder.to_string_lossy().into();
        value["manifest"] = manifest.unwrap_or_default();
        let sessions = cx.paths.sessions();
        let read = move || {
            let found =
                self.find.as_ref().map(|text| self.found(text, &sessions, &row, length)).transpose()?;
            let messages = self.wants_messages().then(|| self.read(&sessions, &row, length, &prices));
            Ok::<_, Error>((found, messages.transpose()?))
        };
        let (found, messages) = tokio::task::spawn_blocking(read)
            .await
            .map_err(|e| Error::internal(format!("reading `{id}` ended early: {e}")))??;
        if let Some(found) = found {
            value["found"] = Value::Array(found);
        }
        if let Some(messages) = messages {
            value["messages"] = Value::Array(messages);
        }
        Ok(value.into())
    }
}

impl Show {
    fn wants_messages(&self) -> bool {
        self.messages
            || self.page.is_some()
            || self.role.is_some()
            || self.around.is_some()
            || self.seq.is_some()
    }

    /// The messages that are wanted. Those of a role are counted from the end, so one pass finds
    /// their numbers and a second one reads the page.
    fn read(&self, sessions: &Path, row: &TranscriptRow, length: u64, prices: &Prices) -> Result<Vec<Value>> {
        let last = row.messages;
        let revised = self.revised(sessions, row, length)?;
        let range = match (&self.around, self.page) {
            (Some(message), _) => {
                let seq = revised.place(number(sessions, row, length, message)?);
                seq.saturating_sub(AROUND).max(1)..=seq + AROUND
            }
            (None, Some(page)) if self.role.is_none() => newest(last, page),
            _ => self.seq.map_or(1..=last, |range| range.from..=range.to.min(last)),
        };
        let mut out = Vec::new();
        let mut take = |place, seq, message: Message| {
            if self.role.is_none_or(|role| role == message.role) {
                out.push(shown(place, seq, message, prices));
            }
        };
        if revised.is_empty() {
            page::every(sessions, &row.id, length, range, |seq, message| {
                take(seq, seq, message);
                Ok(())
            })?;
        } else {
            let places: Vec<(u64, u64)> = (*range.start()..=last.min(*range.end()))
                .filter_map(|place| revised.at(place).map(|line| (place, line)))
                .collect();
            let wanted = places.iter().map(|(_, line)| *line).collect();
            let mut found = BTreeMap::new();
            page::pick(sessions, &row.id, length, &wanted, |line, message| {
                found.insert(line, message);
            })?;
            for (place, line) in places {
                if let Some(message) = found.remove(&line) {
                    take(place, line, message);
                }
            }
        }
        if let (Some(page), Some(_)) = (self.page, self.role) {
            let range = newest(out.len() as u64, page);
            let (skip, take) = (range.start() - 1, range.end().saturating_sub(range.start() - 1));
            let bound = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            out = out.into_iter().skip(bound(skip)).take(bound(take)).collect();
        }
        Ok(out)
    }

    fn revised(&self, sessions: &Path, row: &TranscriptRow, length: u64) -> Result<page::Revised> {
        if self.revisions {
            return Ok(page::Revised::default());
        }
        page::revised(sessions, &row.id, length)
    }

    /// Where a text stands, in the newest versions: place, number, speaker, how often.
    fn found(&self, text: &str, sessions: &Path, row: &TranscriptRow, length: u64) -> Result<Vec<Value>> {
        let revised = self.revised(sessions, row, length)?;
        // Who types capitals means them.
        let exact = text.chars().any(char::is_uppercase);
        let needle = regex::RegexBuilder::new(&regex::escape(text)).case_insensitive(!exact).build();
        let needle = needle.map_err(|e| Error::usage(format!("{text:?} cannot be looked for: {e}")))?;
        let mut out = Vec::new();
        page::every(sessions, &row.id, length, 1..=row.messages, |seq, message| {
            let place = revised.place(seq);
            let count = needle.find_iter(&message.searchable()).count();
            if count > 0 && revised.at(place) == Some(seq) {
                out.push((place, json!({"seq": seq, "place": place, "role": message.role, "count": count})));
            }
            Ok(())
        })?;
        out.sort_by_key(|(place, _)| *place);
        Ok(out.into_iter().map(|(_, value)| value).collect())
    }
}

/// The number of a message that is named by it, or by its id.
fn number(sessions: &Path, row: &TranscriptRow, length: u64, message: &str) -> Result<u64> {
    let mut found = message.parse().ok().filter(|seq| (1..=row.messages).contains(seq));
    if found.is_none() {
        page::every(sessions, &row.id, length, 1..=row.messages, |seq, other| {
            found = found.or((other.msg_id == message).then_some(seq));
            Ok(())
        })?;
    }
    found.ok_or_else(|| {
        Error::not_found(format!("`{}` has no message `{message}`", row.id))
            .hint(format!("it has messages 1 to {}", row.messages))
    })
}

/// The numbers on a page, counted from the newest; empty when there is no such page.
fn newest(last: u64, page: u64) -> std::ops::RangeInclusive<u64> {
    let end = last.saturating_sub((page - 1).saturating_mul(PAGE));
    end.saturating_sub(PAGE) + 1..=end
}

/// A message with its number, at the place of its first version.
fn shown(place: u64, seq: u64, message: Message, prices: &Prices) -> Value {
    let usage = message.usage.unwrap_or_default();
    let spend = Spend { hour: None, model: message.model.clone(), usage };
    json!({
        "seq": seq,
        "place": place,
        "role": message.role,
        "time": message.timestamp,
        "blocks": message.content,
        "msg_id": message.msg_id,
        "parent_msg_id": message.parent_msg_id,
        "model": message.model,
        "stop_reason": message.stop_reason,
        "usage": message.usage,
        "cost_usd": message.usage.and_then(|_| prices.cost(&spend)),
        "agent_id": message.agent_id,
        "is_sidechain": message.is_sidechain,
        "is_meta": message.is_meta,
        "prompt": message.is_prompt(),
        "replaces": message.replaces(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_from_the_newest() {
        assert_eq!(newest(120, 1), 71..=120);
        assert_eq!(newest(120, 3), 1..=20);
        assert!(newest(120, 4).is_empty());
        assert_eq!(newest(3, 1), 1..=3);
        assert!(newest(0, 1).is_empty());
    }
}
