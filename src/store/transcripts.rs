//! Rows of captured transcripts.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::Store;
use crate::error::{Error, Result};
use crate::model::transcript::{CaptureTally, Captured, Filter, Sort, TranscriptRow};
use crate::model::{HostName, Time, ToolId, TranscriptId};

/// What a row of the list is made of. The parent is looked up by the tool's id of it, since it may
/// be captured after its child; the feature is the one whose folder the work folder lies in.
const ROW: &str = "t.id, t.tool, t.native_id, t.title, t.alias, t.host, t.workdir, t.branch, t.model,
    t.messages, t.tool_calls, t.tokens_in, t.tokens_out, t.tokens_cache_read, t.tokens_cache_write,
    t.cost_usd, t.created, t.updated, t.spend,
    (select p.id from transcript p
      where p.host = t.host and p.tool = t.tool and p.native_id = t.parent_native) as parent,
    (select f.name from feature f
      where instr(t.workdir || '/', '/features/' || f.name || '/') > 0
      order by length(f.name) desc limit 1) as feature";

/// Rows of what was captured that are read together.
const PAGE: usize = 256;

/// A transcript as the index should have it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub id: TranscriptId,
    /// Bytes of its messages.
    pub length: u64,
    /// Whether what it has from its origin belongs into the index: the origin is not there.
    pub whole: bool,
}

impl Store {
    /// Rows that fit, in the given order, at most `limit` (0: all) after `offset`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn transcripts(
        &self,
        filter: Filter,
        sort: Sort,
        limit: u64,
        offset: u64,
    ) -> Result<Vec<TranscriptRow>> {
        let (wanted, mut values) = conditions(&filter);
        let order = match sort {
            Sort::Updated => "t.updated desc, t.n desc",
            Sort::Created => "t.created desc, t.n desc",
            Sort::Messages => "t.messages desc, t.n desc",
            Sort::Cost => "t.cost_usd desc nulls last, t.n desc",
        };
        let sql = format!("select {ROW} from transcript t where {wanted} order by {order} limit ? offset ?");
        let limit = if limit == 0 { -1 } else { i64::try_from(limit).unwrap_or(i64::MAX) };
        values.extend([Sql::Integer(limit), Sql::Integer(i64::try_from(offset).unwrap_or(i64::MAX))]);
        self.state()?.read(move |db| rows(db, &sql, values)).await
    }

    /// The newest rows, and how many there are in all: what the cockpit shows.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn transcripts_newest(&self, limit: u64) -> Result<(Vec<TranscriptRow>, u64)> {
        let rows = self.transcripts(Filter::default(), Sort::Updated, limit, 0).await?;
        let total = self
            .state()?
            .read(|db| {
                let count = "select count(*) from transcript where id is not null";
                Ok(db.query_row(count, [], |row| row.get(0))?)
            })
            .await?;
        Ok((rows, total))
    }

    /// The row of an id, and how many bytes of its messages count.
    ///
    /// # Errors
    /// `not_found`; those of the database.
    pub async fn transcript(&self, id: &TranscriptId) -> Result<(TranscriptRow, u64)> {
        let id = id.clone();
        self.state()?
            .read(move |db| {
                let key = Sql::Text(id.as_str().to_owned());
                let sql = format!("select {ROW} from transcript t where t.id = ?");
                let row =
                    rows(db, &sql, vec![key])?.into_iter().next().ok_or_else(|| unknown(id.as_str()))?;
                let length = "select length from transcript where id = ?1";
                Ok((row, db.query_row(length, [id.as_str()], |row| row.get(0))?))
            })
            .await
    }

    /// The transcript that a person means: a whole id, a prefix that fits only one (with or without
    /// `ses_`), an alias, the tool's own id, or `@last`.
    ///
    /// # Errors
    /// `usage` with the candidates when several fit, `not_found` when none does.
    pub async fn find_transcript(&self, text: &str) -> Result<TranscriptId> {
        let text = text.to_owned();
        self.state()?.read(move |db| find(db, &text)).await
    }

    /// Calls a transcript by a name, or takes the name away.
    ///
    /// # Errors
    /// `conflict` when another transcript has that name; `not_found`.
    pub async fn alias_transcript(&self, id: &TranscriptId, alias: Option<crate::model::Name>) -> Result<()> {
        let id = id.clone();
        self.state()?
            .write(move |db| {
                let alias = alias.as_ref().map(|a| a.as_str());
                let holder: Option<String> = db
                    .query_row(
                        "select id from transcript where alias = ?1 and id <> ?2",
                        (alias, id.as_str()),
                        |r| r.get(0),
                    )
                    .optional()?;
                if let (Some(holder), Some(alias)) = (holder, alias) {
                    return Err(Error::conflict(format!("`{alias}` is the name of `{holder}` already"))
                        .hint(format!("`sf alias {holder} --clear` frees it")));
                }
                match db.execute("update transcript set alias = ?2 where id = ?1", (id.as_str(), alias))? {
                    0 => Err(unknown(id.as_str())),
                    _ => Ok(()),
                }
            })
            .await
    }

    /// What was captured of a tool on a host, sessions without messages included.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn captured(&self, host: &HostName, tool: ToolId) -> Result<Vec<Captured>> {
        let (mut all, mut after) = (Vec::new(), Some(0));
        while let Some(place) = after {
            let (mut page, next) = self.captured_after(host, tool, place).await?;
            all.append(&mut page);
            after = next;
        }
        Ok(all)
    }

    /// A part of the same: the next few hundred after a place, which is 0 at the beginning; and the
    /// place that they end at, if there may be more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn captured_after(
        &self,
        host: &HostName,
        tool: ToolId,
        after: i64,
    ) -> Result<(Vec<Captured>, Option<i64>)> {
        let host = host.clone();
        self.state()?
            .read(move |db| {
                // `+` keeps it from sorting: rows are walked by their number.
                let sql = format!(
                    "select {ROW}, t.n, t.parent_native, t.root, t.length, t.raw_length, t.progress
                     from transcript t where t.n > ?3 and +t.host = ?1 and +t.tool = ?2
                     order by t.n limit {PAGE}"
                );
                let mut query = db.prepare_cached(&sql)?;
                let mut rows = query.query((host.as_str(), tool.as_str(), after))?;
                let (mut all, mut last) = (Vec::new(), after);
                while let Some(row) = rows.next()? {
                    last = row.get("n")?;
                    let has_id = row.get::<_, Option<String>>("id")?.is_some();
                    all.push(Captured {
                        row: if has_id { Some(decode(row)?) } else { None },
                        tool,
                        native_id: row.get("native_id")?,
                        host: host.clone(),
                        parent_native: row.get("parent_native")?,
                        root: row.get("root")?,
                        length: row.get("length")?,
                        raw_length: row.get("raw_length")?,
                        progress: row.get("progress")?,
                    });
                }
                let more = (all.len() == PAGE).then_some(last);
                Ok((all, more))
            })
            .await
    }

    /// How many sessions of each tool of a host were captured.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn capture_tallies(&self, host: &HostName) -> Result<BTreeMap<ToolId, CaptureTally>> {
        let host = host.clone();
        self.state()?
            .read(move |db| {
                // A talk has a prompt, which is its title, or an answer, which is of a model.
                let talk = "id is not null and (title is not null or model is not null)";
                let sql = format!(
                    "select tool, count(*) filter (where {talk}), count(*) filter (where not ({talk}))
                     from transcript where host = ?1 group by tool"
                );
                let mut query = db.prepare_cached(&sql)?;
                let mut rows = query.query([host.as_str()])?;
                let mut all = BTreeMap::new();
                while let Some(row) = rows.next()? {
                    let tally = CaptureTally { transcripts: row.get(1)?, empty: row.get(2)? };
                    all.insert(row.get::<_, String>(0)?.parse()?, tally);
                }
                Ok(all)
            })
            .await
    }

    /// Remembers what was captured; an alias stays.
    ///
    /// # Errors
    /// `conflict` when another session has its id.
    pub async fn save_captured(&self, captured: Captured) -> Result<()> {
        self.state()?
            .write(move |db| {
                let row = captured.row.as_ref();
                db.prepare_cached(
                    "insert into transcript (host, tool, native_id, id, title, workdir, branch, model, messages,
                        tool_calls, tokens_in, tokens_out, tokens_cache_read, tokens_cache_write, cost_usd, created,
                        updated, parent_native, root, length, raw_length, progress, spend)
                     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                        ?20, ?21, ?22, ?23)
                     on conflict (host, tool, native_id) do update set id = excluded.id, title = excluded.title,
                        workdir = excluded.workdir, branch = excluded.branch, model = excluded.model,
                        messages = excluded.messages, tool_calls = excluded.tool_calls,
                        tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out,
                        tokens_cache_read = excluded.tokens_cache_read,
                        tokens_cache_write = excluded.tokens_cache_write, cost_usd = excluded.cost_usd,
                        created = excluded.created, updated = excluded.updated,
                        parent_native = excluded.parent_native, root = excluded.root, length = excluded.length,
                        raw_length = excluded.raw_length, progress = excluded.progress,
                        spend = excluded.spend",
                )?
                .execute(rusqlite::params![
                    captured.host.as_str(),
                    captured.tool.as_str(),
                    captured.native_id,
                    row.map(|r| r.id.as_str()),
                    row.and_then(|r| r.title.as_deref()),
                    row.and_then(|r| r.workdir.as_deref()),
                    row.and_then(|r| r.branch.as_deref()),
                    row.and_then(|r| r.model.as_deref()),
                    row.map_or(0, |r| r.messages),
                    row.map_or(0, |r| r.tool_calls),
                    row.map_or(0, |r| r.tokens_in),
                    row.map_or(0, |r| r.tokens_out),
                    row.map_or(0, |r| r.tokens_cache_read),
                    row.map_or(0, |r| r.tokens_cache_write),
                    row.and_then(|r| r.cost_usd),
                    row.and_then(|r| r.created).map(|t| t.0),
                    row.and_then(|r| r.updated).map(|t| t.0),
                    captured.parent_native,
                    captured.root,
                    captured.length,
                    captured.raw_length,
                    captured.progress,
                    serde_json::to_string(row.map_or(&[][..], |r| &r.spend))?,
                ])?;
                Ok(())
            })
            .await
    }

    /// Gives a session another native id, and what had that id as its origin.
    ///
    /// # Errors
    /// `conflict` when another session has it; those of the database.
    pub async fn rename_session(&self, captured: &Captured, native_id: &str) -> Result<()> {
        let (host, tool, old) = (captured.host.clone(), captured.tool, captured.native_id.clone());
        let new = native_id.to_owned();
        self.state()?
            .write(move |db| {
                db.execute(
                    "update transcript set native_id = ?4, parent_native = native_id
                     where host = ?1 and tool = ?2 and native_id = ?3",
                    (host.as_str(), tool.as_str(), &old, &new),
                )?;
                Ok(())
            })
            .await
    }

    /// Whose transcript has an id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn transcript_owner(&self, id: &TranscriptId) -> Result<Option<(ToolId, String, HostName)>> {
        let id = id.clone();
        self.state()?
            .read(move |db| {
                let sql = "select tool, native_id, host from transcript where id = ?1";
                let found = db
                    .query_row(sql, [id.as_str()], |row| {
                        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
                    })
                    .optional()?;
                found.map(|(tool, native, host)| Ok((tool.parse()?, native, host.parse()?))).transpose()
            })
            .await
    }

    /// What the index has to have: every transcript, the newest first.
    pub(super) async fn transcripts_to_index(&self) -> Result<Vec<Wanted>> {
        self.state()?
            .read(|db| {
                let mut query = db.prepare_cached(
                    "select t.id, t.length, exists (select 1 from transcript p where p.host = t.host
                        and p.tool = t.tool and p.native_id = t.parent_native and p.id is not null)
                     from transcript t where t.id is not null order by t.updated desc, t.n desc",
                )?;
                let mut rows = query.query([])?;
                let mut all = Vec::new();
                while let Some(row) = rows.next()? {
                    all.push(Wanted {
                        id: row.get::<_, String>(0)?.parse()?,
                        length: row.get(1)?,
                        whole: !row.get::<_, bool>(2)?,
                    });
                }
                Ok(all)
            })
            .await
    }
}

/// A filter as SQL over the table `t`.
fn conditions(filter: &Filter) -> (String, Vec<Sql>) {
    let mut sql = String::from("t.id is not null");
    let mut values = Vec::new();
    let text = |t: &str| Sql::Text(t.to_owned());
    if let Some(tool) = filter.tool {
        sql.push_str(" and t.tool = ?");
        values.push(text(tool.as_str()));
    }
    if !filter.hosts.is_empty() {
        let marks = vec!["?"; filter.hosts.len()].join(", ");
        sql.push_str(&format!(" and t.host in ({marks})"));
        values.extend(filter.hosts.iter().map(|host| text(host.as_str())));
    }
    if let Some(feature) = &filter.feature {
        sql.push_str(" and instr(t.workdir || '/', '/features/' || ? || '/') > 0");
        values.push(text(feature.as_str()));
    }
    if let Some(workdir) = &filter.workdir {
        let dir = workdir.trim_end_matches('/');
        sql.push_str(" and substr(t.workdir || '/', 1, length(?)) = ?");
        values.extend([text(&format!("{dir}/")), text(&format!("{dir}/"))]);
    }
    if let Some(Time(since)) = filter.since {
        sql.push_str(" and t.updated >= ?");
        values.push(Sql::Integer(since));
    }
    (sql, values)
}

/// Ids of the transcripts that fit a filter, leaving `since` aside: it is about messages there.
pub(super) fn matching(db: &Connection, filter: &Filter) -> Result<BTreeSet<String>> {
    let (wanted, values) = conditions(&Filter { since: None, ..filter.clone() });
    let mut query = db.prepare(&format!("select t.id from transcript t where {wanted}"))?;
    let ids = query.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

fn rows(db: &Connection, sql: &str, values: Vec<Sql>) -> Result<Vec<TranscriptRow>> {
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(decode(row)?);
    }
    Ok(all)
}

fn decode(row: &Row<'_>) -> Result<TranscriptRow> {
    let text = |key: &str| row.get::<_, String>(key);
    let opt = |key: &str| row.get::<_, Option<String>>(key);
    Ok(TranscriptRow {
        id: text("id")?.parse()?,
        tool: text("tool")?.parse()?,
        native_id: text("native_id")?,
        title: opt("title")?,
        alias: opt("alias")?.map(|a| a.parse()).transpose()?,
        host: text("host")?.parse()?,
        workdir: opt("workdir")?,
        branch: opt("branch")?,
        model: opt("model")?,
        messages: row.get("messages")?,
        tool_calls: row.get("tool_calls")?,
        tokens_in: row.get("tokens_in")?,
        tokens_out: row.get("tokens_out")?,
        tokens_cache_read: row.get("tokens_cache_read")?,
        tokens_cache_write: row.get("tokens_cache_write")?,
        cost_usd: row.get("cost_usd")?,
        created: row.get::<_, Option<i64>>("created")?.map(Time),
        updated: row.get::<_, Option<i64>>("updated")?.map(Time),
        live: false,
        parent: opt("parent")?.map(|p| p.parse()).transpose()?,
        feature: opt("feature")?.map(|f| f.parse()).transpose()?,
        spend: serde_json::from_str(&text("spend")?).unwrap_or_default(),
    })
}

fn unknown(text: &str) -> Error {
    Error::not_found(format!("no transcript is called `{text}`")).hint("`sf list` shows those there are")
}

/// How many candidates an ambiguous name lists.
const CANDIDATES: usize = 10;

fn find(db: &Connection, text: &str) -> Result<TranscriptId> {
    let one = |sql: &str, values: &[&str]| -> Result<Vec<(String, Option<String>)>> {
        let mut query = db.prepare_cached(sql)?;
        let found = query.query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    };
    let mut found = if text == "@last" {
        let sql =
            "select id, title from transcript where id is not null order by updated desc, n desc limit 1";
        one(sql, &[])?
    } else {
        one("select id, title from transcript where id is not null and (id = ?1 or alias = ?1)", &[text])?
    };
    if found.is_empty() && !text.is_empty() && !text.starts_with('@') {
        let prefix = if text.starts_with("ses_") { text.to_owned() } else { format!("ses_{text}") };
        for (column, prefix) in [("id", prefix.as_str()), ("native_id", text)] {
            let sql = format!(
                "select id, title from transcript where id is not null and substr({column}, 1, length(?1)) = ?1
                 order by updated desc, n desc limit 50"
            );
            found = one(&sql, &[prefix])?;
            if !found.is_empty() {
                break;
            }
        }
    }
    match found.as_slice() {
        [] => Err(unknown(text)),
        [(id, _)] => id.parse(),
        several => {
            let mut error = Error::usage(format!("`{text}` fits {} transcripts", several.len()));
            for (id, title) in several.iter().take(CANDIDATES) {
                error = error.hint(format!("{id}  {}", title.as_deref().unwrap_or("(no title)")));
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests;
