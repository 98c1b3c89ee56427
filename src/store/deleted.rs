//! Transcripts that were deleted: remembered, so that they are not captured again and can come back.

use std::collections::HashSet;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Store;
use crate::error::{Error, Result};
use crate::model::{HostName, Time, ToolId, TranscriptId};

/// A transcript that was deleted and can be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deleted {
    /// Its id.
    pub id: TranscriptId,
    /// Its title.
    pub title: Option<String>,
    /// The name that a person had given it.
    pub alias: Option<String>,
    /// When it was deleted.
    pub at: Time,
}

impl Store {
    /// Takes a transcript out of the list. With `keep` its row is kept, to bring it back. Its session
    /// is not captured again.
    ///
    /// # Errors
    /// `not_found`; those of the database.
    pub async fn delete_transcript(&self, id: &TranscriptId, now: Time, keep: bool) -> Result<()> {
        let id = id.clone();
        self.state()?
            .write(move |db| {
                let row = record(db, &id)?;
                let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                let kept = if keep { Some(serde_json::to_string(&row)?) } else { None };
                db.execute(
                    "insert or replace into deleted (host, tool, native_id, id, at, record)
                     values (?1, ?2, ?3, ?4, ?5, ?6)",
                    (text("host"), text("tool"), text("native_id"), id.as_str(), now.0, kept),
                )?;
                db.execute("delete from transcript where id = ?1", [id.as_str()])?;
                Ok(())
            })
            .await
    }

    /// Puts a deleted transcript back into the list.
    ///
    /// # Errors
    /// `not_found` when there is none of that id that can come back; `conflict` when another one has
    /// taken its place.
    pub async fn restore_transcript(&self, id: &TranscriptId) -> Result<()> {
        let id = id.clone();
        self.state()?
            .write(move |db| {
                let sql = "select record from deleted where id = ?1 and record is not null";
                let kept: Option<String> = db.query_row(sql, [id.as_str()], |row| row.get(0)).optional()?;
                let row: Map<String, Value> =
                    serde_json::from_str(&kept.ok_or_else(|| unknown(id.as_str()))?)?;
                // Another one may have been given the name meanwhile.
                let free = |alias: &str| -> Result<bool> {
                    Ok(!db.prepare("select 1 from transcript where alias = ?1")?.exists([alias])?)
                };
                let mut names = Vec::new();
                let mut values = Vec::new();
                for (name, value) in &row {
                    let value = match (name.as_str(), value) {
                        ("alias", Value::String(alias)) if !free(alias)? => Sql::Null,
                        (_, value) => sql_of(value),
                    };
                    names.push(name.as_str());
                    values.push(value);
                }
                let marks = vec!["?"; names.len()].join(", ");
                let sql = format!("insert into transcript ({}) values ({marks})", names.join(", "));
                db.execute(&sql, params_from_iter(values))?;
                db.execute("delete from deleted where id = ?1", [id.as_str()])?;
                Ok(())
            })
            .await
    }

    /// Forgets how to bring a deleted transcript back; its session is still not captured again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_deleted(&self, id: &TranscriptId) -> Result<()> {
        let id = id.clone();
        self.state()?
            .write(move |db| {
                db.execute("update deleted set record = null where id = ?1", [id.as_str()])?;
                Ok(())
            })
            .await
    }

    /// Transcripts that can be brought back, the last one deleted first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deleted_transcripts(&self) -> Result<Vec<Deleted>> {
        self.state()?
            .read(|db| {
                let mut query = db.prepare(
                    "select id, at, record ->> 'title', record ->> 'alias' from deleted
                     where record is not null order by at desc, id",
                )?;
                let mut rows = query.query([])?;
                let mut all = Vec::new();
                while let Some(row) = rows.next()? {
                    let id = row.get::<_, String>(0)?.parse()?;
                    all.push(Deleted { id, at: Time(row.get(1)?), title: row.get(2)?, alias: row.get(3)? });
                }
                Ok(all)
            })
            .await
    }

    /// The deleted transcript that a person means: an id, a prefix that fits only one, the name it
    /// had, or `@last`.
    ///
    /// # Errors
    /// `usage` when several fit, `not_found` when none does.
    pub async fn find_deleted(&self, text: &str) -> Result<TranscriptId> {
        let all = self.deleted_transcripts().await?;
        let prefix = if text.starts_with("ses_") { text.to_owned() } else { format!("ses_{text}") };
        let mut fits: Vec<&Deleted> = match text {
            "@last" => all.iter().take(1).collect(),
            _ => all.iter().filter(|d| d.id.as_str().starts_with(&prefix)).collect(),
        };
        if fits.is_empty() {
            fits = all.iter().filter(|d| d.alias.as_deref() == Some(text)).collect();
        }
        match fits.as_slice() {
            [one] => Ok(one.id.clone()),
            [] => Err(unknown(text)),
            several => {
                let error = Error::usage(format!("`{text}` fits {} deleted transcripts", several.len()));
                Err(several.iter().fold(error, |error, d| error.hint(d.id.to_string())))
            }
        }
    }

    /// The tool's ids of sessions that are not captured any more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deleted_sessions(&self, host: &HostName, tool: ToolId) -> Result<HashSet<String>> {
        let host = host.clone();
        self.state()?
            .read(move |db| {
                let mut query =
                    db.prepare_cached("select native_id from deleted where host = ?1 and tool = ?2")?;
                let ids = query.query_map((host.as_str(), tool.as_str()), |row| row.get(0))?;
                Ok(ids.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }
}

fn unknown(text: &str) -> Error {
    Error::not_found(format!("no deleted transcript is called `{text}`"))
        .hint("`sf undelete` without an id lists those that can come back")
}

/// A row of the list with all its columns but its number.
fn record(db: &Connection, id: &TranscriptId) -> Result<Map<String, Value>> {
    let mut query = db.prepare("select * from transcript where id = ?1")?;
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let mut rows = query.query([id.as_str()])?;
    let Some(row) = rows.next()? else {
        return Err(Error::not_found(format!("no transcript is called `{id}`")));
    };
    let mut record = Map::new();
    for (at, name) in names.into_iter().enumerate().filter(|(_, name)| name != "n") {
        let value = match row.get::<_, Sql>(at)? {
            Sql::Null | Sql::Blob(_) => Value::Null,
            Sql::Integer(n) => n.into(),
            Sql::Real(n) => n.into(),
            Sql::Text(text) => text.into(),
        };
        record.insert(name, value);
    }
    Ok(record)
}

fn sql_of(value: &Value) -> Sql {
    match value {
        Value::Number(n) => n.as_i64().map_or_else(|| Sql::Real(n.as_f64().unwrap_or(0.0)), Sql::Integer),
        Value::String(text) => Sql::Text(text.clone()),
        _ => Sql::Null,
    }
}
