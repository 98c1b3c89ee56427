//! Live sessions that were seen: the host of each, and its last known row.

use rusqlite::{Connection, OptionalExtension};

use super::Store;
use crate::error::Result;
use crate::model::live::Live;
use crate::model::{HostName, LiveId, TranscriptId};

impl Store {
    /// Keeps what a host listed, each with its conversation if that has been captured; gives the rows
    /// back. With `all`, sessions of that host that are not among the rows are marked as no longer
    /// listed; their host stays known.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn save_live(&self, host: &HostName, rows: Vec<Live>, all: bool) -> Result<Vec<Live>> {
        let host = host.clone();
        self.state()?
            .write(move |db| {
                if all {
                    db.execute("update live set listed = 0 where host = ?1", [host.as_str()])?;
                }
                let mut put = db.prepare_cached(
                    "insert into live (id, host, name, started, row, listed) values (?1, ?2, ?3, ?4, ?5, 1)
                     on conflict (id) do update set
                        name = excluded.name, row = excluded.row, listed = 1",
                )?;
                let mut rows = rows;
                for live in &mut rows {
                    live.transcript = conversation(db, &host, live)?;
                    let json = serde_json::to_string(live)?;
                    let name = live.name.as_ref().map(|n| n.as_str());
                    put.execute((live.id.as_str(), host.as_str(), name, live.started.0, json))?;
                }
                drop(put);
                Ok(rows)
            })
            .await
    }

    /// The last known rows of all sessions that their hosts still list, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn live(&self) -> Result<Vec<Live>> {
        self.state()?
            .read(|db| {
                let mut query =
                    db.prepare_cached("select row from live where listed = 1 order by started desc, id")?;
                let rows = query.query_map([], |row| row.get::<_, String>(0))?;
                let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
                // A row of another version is only a cache: leave it out.
                Ok(rows.iter().filter_map(|json| serde_json::from_str(json).ok()).collect())
            })
            .await
    }

    /// Id, host and name of every session ever seen, newest first: for finding one by a prefix.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn live_names(&self) -> Result<Vec<(LiveId, HostName, Option<String>)>> {
        self.state()?
            .read(|db| {
                let mut query =
                    db.prepare_cached("select id, host, name from live order by started desc, id")?;
                let mut rows = query.query([])?;
                let mut names = Vec::new();
                while let Some(row) = rows.next()? {
                    let (id, host): (String, String) = (row.get(0)?, row.get(1)?);
                    names.push((id.parse()?, host.parse()?, row.get(2)?));
                }
                Ok(names)
            })
            .await
    }
}

/// A tool begins its conversation a moment after it was started, never before.
const EARLIER: i64 = 2000;

/// The captured conversation of a session: by the tool's own id of it, else the first that began in
/// the session's folder after its start.
fn conversation(db: &Connection, host: &HostName, live: &Live) -> Result<Option<TranscriptId>> {
    let Some(tool) = live.tool else { return Ok(None) };
    let id = match &live.native_id {
        Some(native) => db
            .prepare_cached("select id from transcript where host = ?1 and tool = ?2 and native_id = ?3")?
            .query_row((host.as_str(), tool.as_str(), native), |row| row.get::<_, String>(0))
            .optional()?,
        None => db
            .prepare_cached(
                "select id from transcript where host = ?1 and tool = ?2 and workdir = ?3 and created >= ?4
                 order by created limit 1",
            )?
            .query_row((host.as_str(), tool.as_str(), &live.workdir, live.started.0 - EARLIER), |row| {
                row.get::<_, String>(0)
            })
            .optional()?,
    };
    Ok(id.and_then(|id| id.parse().ok()))
}
