//! The journal: what was run, when, from which door, with what outcome.

use serde::Serialize;

use super::Store;
use crate::error::{Error, Result};
use crate::model::Time;

/// One command that was run.
#[derive(Clone, Debug, Serialize)]
pub struct JournalRow {
    /// Its number.
    pub id: i64,
    /// When it was started.
    pub at: Time,
    /// `cli`, `batch`, `cockpit`, ….
    pub door: String,
    /// The command line as it was understood.
    pub command: String,
    /// `reads`, `writes` or `destroys`.
    pub touch: String,
    /// How it ended; `None` while it runs, or when its process was killed.
    pub ok: Option<bool>,
    /// The error's code.
    pub code: Option<String>,
    /// How long it took.
    pub ms: Option<i64>,
}

impl Store {
    /// Notes that a command was started; gives the row's number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_start(&self, at: Time, door: &str, command: &str, touch: &str) -> Result<i64> {
        let (door, command, touch) = (door.to_owned(), command.to_owned(), touch.to_owned());
        self.state()?
            .write(move |db| {
                db.execute(
                    "insert into journal (at, door, command, touch) values (?1, ?2, ?3, ?4)",
                    (at.0, door, command, touch),
                )?;
                Ok(db.last_insert_rowid())
            })
            .await
    }

    /// Notes how it ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_end(&self, id: i64, code: Option<&'static str>, ms: u64) -> Result<()> {
        self.state()?
            .write(move |db| {
                db.execute(
                    "update journal set ok = ?2, code = ?3, ms = ?4 where id = ?1",
                    (id, code.is_none(), code, i64::try_from(ms).unwrap_or(i64::MAX)),
                )?;
                Ok(())
            })
            .await
    }

    /// The last rows, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal(&self, last: u32) -> Result<Vec<JournalRow>> {
        self.state()?
            .read(move |db| {
                let mut query = db.prepare(
                    "select id, at, door, command, touch, ok, code, ms from journal order by id desc limit ?1",
                )?;
                let rows = query.query_map([last], |row| {
                    Ok(JournalRow {
                        id: row.get(0)?,
                        at: Time(row.get(1)?),
                        door: row.get(2)?,
                        command: row.get(3)?,
                        touch: row.get(4)?,
                        ok: row.get(5)?,
                        code: row.get(6)?,
                        ms: row.get(7)?,
                    })
                })?;
                let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>().map_err(Error::from)?;
                rows.reverse();
                Ok(rows)
            })
            .await
    }
}
