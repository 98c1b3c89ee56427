//! Searching all messages: `index.db`, a cache that is made again whenever it is missing, damaged
//! or of another version.
//!
//! The text lives only in `messages.jsonl`; the index holds where each line is, and snippets are
//! cut from the line itself.

mod index;
mod query;
mod scan;
mod snippet;
mod words;

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

use self::query::Query;
use super::transcripts::{Wanted, matching};
use super::{Database, Store, migrate};
use crate::error::{Code, Error, Result};
use crate::model::message::{Message, Role};
use crate::model::transcript::{Filter, Hit};
use crate::model::{Time, TranscriptId};
use crate::sys::Paths;
use crate::sys::clock::thread_cpu_time;
use crate::sys::lock::{Lock, lock, try_lock};

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Words and operators, or a pattern.
    pub query: String,
    /// Whether it is a pattern (a regular expression).
    pub regex: bool,
    /// In which transcripts; `since` is about the messages.
    pub filter: Filter,
    /// Messages of this role alone.
    pub role: Option<Role>,
    /// The best first instead of the newest.
    pub rank: bool,
    /// How many hits are wanted; 0: all.
    pub limit: u64,
    /// Characters to each side of a match in a snippet.
    pub context: usize,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// All messages that fit.
    pub total: u64,
    /// The first of them.
    pub hits: Vec<Hit>,
}

/// What bringing the index up to date did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Messages that were added.
    pub messages: u64,
    /// Why it was made anew, if it was.
    pub rebuilt: Option<String>,
    /// CPU time that it took.
    pub cpu: Duration,
}

/// How many of the newest hits are ranked: finding the best of all of them would take longer than
/// anybody waits for a word that is everywhere, and the best of so many is good.
const RANKED: i64 = 20_000;
/// Days after which a hit has lost half of what being new adds to its rank.
const HALF_LIFE: f64 = 30.0;
/// A day in ids of messages.
const DAY: f64 = 86_400.0 * (1 << index::BITS) as f64;

/// A message in the index.
struct Place {
    id: TranscriptId,
    seq: u64,
    role: Role,
    time: Time,
    start: u64,
    length: u64,
    score: f64,
}

impl Store {
    /// Brings the index level with the transcripts; what is level costs a look at the lengths. An
    /// index that is missing or cannot be used is made anew.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn index_transcripts(&self) -> Result<Indexed> {
        self.bring_level(true, &|_, _| ()).await
    }

    /// The same, telling how far it is: bytes of messages that were read, of how many.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn index_telling(&self, tell: &(dyn Fn(u64, u64) + Sync)) -> Result<Indexed> {
        self.bring_level(true, tell).await
    }

    /// The same for somebody who only wants to search: while another process fills the index (which
    /// it does newest first), what is there already will do, and nobody waits.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn index_unless_busy(&self) -> Result<Indexed> {
        self.bring_level(false, &|_, _| ()).await
    }

    async fn bring_level(&self, wait: bool, tell: &(dyn Fn(u64, u64) + Sync)) -> Result<Indexed> {
        let wanted = self.transcripts_to_index().await?;
        let (db, why) = self.index()?;
        let (indexed, why) = match level(&db, &wanted, self.paths(), wait, tell).await {
            Err(error) if error.code == Code::Corrupt => {
                drop(db);
                self.drop_index()?;
                let (db, _) = self.index()?;
                (level(&db, &wanted, self.paths(), true, tell).await?, Some(error.message))
            }
            other => (other?, why),
        };
        let rebuilt = why.or(indexed.rebuilt).filter(|_| indexed.messages > 0);
        Ok(Indexed { rebuilt, ..indexed })
    }

    /// Throws the index away; the next use makes it anew.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn drop_index(&self) -> Result<()> {
        let mut slot = self.slot();
        *slot = None;
        reset_index(self.paths())
    }

    /// Makes the index anew. Gives the messages in it. Other processes may have it open: it is emptied
    /// in one transaction.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn rebuild_index(&self) -> Result<u64> {
        let (db, _) = self.index()?;
        let emptied = {
            let _lock = filling(self.paths()).await?;
            db.write(index::clear).await
        };
        if emptied.is_err() {
            drop(db);
            self.drop_index()?;
        }
        Ok(self.index_transcripts().await?.messages)
    }

    /// How many bytes of each transcript are in the index, as it is.
    pub(super) async fn index_lengths(&self) -> Result<HashMap<String, u64>> {
        let (db, _) = self.index()?;
        db.read(|db| {
            let mut query = db.prepare("select id, length from transcript")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Searches. The index should be level: [`Store::index_transcripts`] comes first.
    ///
    /// # Errors
    /// `usage` when the query cannot be understood; those of the database.
    pub async fn search(&self, search: Search) -> Result<Found> {
        let narrow = search.filter != Filter { since: search.filter.since, ..Filter::default() };
        let among = if narrow {
            let filter = search.filter.clone();
            Some(self.state()?.read(move |db| matching(db, &filter)).await?)
        } else {
            None
        };
        let mut found = if search.regex {
            let pattern = regex::Regex::new(&search.query)
                .map_err(|e| Error::usage(format!("the pattern cannot be understood: {e}")))?;
            let places = self.places(&search, None, among).await?.1;
            let sessions = self.paths().sessions();
            let scan = move || scan::scan(&sessions, places, &pattern, &search);
            tokio::task::spawn_blocking(scan)
                .await
                .map_err(|e| Error::internal(format!("the search ended early: {e}")))?
        } else {
            let query = Query::parse(&search.query)?;
            let (total, places) = self.places(&search, Some(&query.fts), among).await?;
            let sessions = self.paths().sessions();
            let cut = move || {
                let mut files = Files::new(&sessions);
                let hits = places.into_iter().map(|place| {
                    let text = files.text(&place).unwrap_or_default();
                    let snippet = snippet::cut(&text, &query.terms, search.context);
                    hit(place, snippet)
                });
                Found { total, hits: hits.collect() }
            };
            tokio::task::spawn_blocking(cut)
                .await
                .map_err(|e| Error::internal(format!("the search ended early: {e}")))?
        };
        self.add_titles(&mut found.hits).await?;
        Ok(found)
    }

    /// How many messages fit, and where the first ones are. Without words: all that the filters
    /// leave.
    async fn places(
        &self,
        search: &Search,
        fts: Option<&str>,
        among: Option<std::collections::BTreeSet<String>>,
    ) -> Result<(u64, Vec<Place>)> {
        let (db, _) = self.index()?;
        let filtered = among.is_some() || search.role.is_some() || search.filter.since.is_some();
        let (from, mut wanted, mut values) = match fts {
            Some(fts) => (
                "words w join message m on m.id = w.rowid join transcript t on t.n = m.n",
                "words match ?".to_owned(),
                vec![Sql::Text(fts.to_owned())],
            ),
            None => ("message m join transcript t on t.n = m.n", "1".to_owned(), Vec::new()),
        };
        if let Some(ids) = among {
            wanted.push_str(" and t.id in (select value from json_each(?))");
            values.push(Sql::Text(serde_json::to_string(&ids)?));
        }
        if let Some(role) = search.role {
            wanted.push_str(" and m.role = ?");
            values.push(Sql::Text(role.as_str().to_owned()));
        }
        if let Some(since) = search.filter.since {
            wanted.push_str(" and m.id >= ? and m.time >= ?");
            values.extend([Sql::Integer(index::first_id(since)), Sql::Integer(since.0)]);
        }
        let (score, order) = match fts {
            Some(_) if search.rank => ("-bm25(words)", "w.rowid desc"),
            Some(_) => ("0.0", "w.rowid desc"),
            None => ("0.0", "m.id desc"),
        };
        // A pattern has to look at all of them.
        let limit =
            if search.limit == 0 || search.regex { -1 } else { i64::try_from(search.limit).unwrap_or(-1) };
        let found = |limit: i64| {
            format!(
                "select t.id, m.seq, m.role, m.time, m.start, m.length, {score} as score, m.id as place
                 from {from} where {wanted} order by {order} limit {limit}"
            )
        };
        let sql = if search.rank && fts.is_some() {
            // Twice the weight for the newest than for the very old; half of it is gone in a month.
            // A place counts quarters of seconds.
            format!(
                "with newest as (select max(id) as place from message)
                 select f.id, f.seq, f.role, f.time, f.start, f.length,
                   f.score * (1.0 + {HALF_LIFE:?} / ({HALF_LIFE:?} + (newest.place - f.place) / {DAY:?})) as score
                 from ({}) f, newest order by score desc, f.place desc limit {limit}",
                found(RANKED)
            )
        } else {
            found(limit)
        };
        // Without a filter nothing but the words is looked at: a word may be in every message.
        let count = if filtered || fts.is_none() {
            format!("select count(*) from {from} where {wanted}")
        } else {
            format!("select count(*) from words w where {wanted}")
        };
        db.read(move |db| {
            let places = places(db, &sql, &values)?;
            // Fewer than asked for are all there are.
            let total = if limit < 0 || (places.len() as i64) < limit {
                places.len() as u64
            } else {
                db.prepare_cached(&count)?.query_row(params_from_iter(&values), |row| row.get(0))?
            };
            Ok((total, places))
        })
        .await
    }

    async fn add_titles(&self, hits: &mut [Hit]) -> Result<()> {
        let ids: Vec<String> = hits.iter().map(|hit| hit.id.as_str().to_owned()).collect();
        let json = serde_json::to_string(&ids)?;
        let titles: HashMap<String, Option<String>> = self
            .state()?
            .read(move |db| {
                let mut query = db.prepare_cached(
                    "select id, title from transcript where id in (select value from json_each(?1))",
                )?;
                let rows = query.query_map([json], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await?;
        for hit in hits {
            hit.title = titles.get(hit.id.as_str()).cloned().flatten();
        }
        Ok(())
    }

    /// The index, and why it had to be made, if it had to.
    fn index(&self) -> Result<(Database, Option<String>)> {
        let mut slot = self.slot();
        let path = self.paths().index_db();
        if let Some((db, is)) = slot.as_ref()
            && identity(&path) == Some(*is)
        {
            return Ok((db.clone(), None));
        }
        self.paths().create()?;
        let missing = !path.exists();
        let alone = self.paths().lock_dir().join("index.db.lock");
        let opened = Database::open(&path, &alone, migrate::INDEX);
        let (db, why) = match opened {
            Ok(db) if missing => (db, Some("there was none".to_owned())),
            Ok(db) => (db, None),
            // Whatever is wrong with a cache: make it again. Only a lock will pass.
            Err(error) if error.code == Code::Conflict => return Err(error),
            Err(error) => {
                reset_index(self.paths())?;
                (Database::open(&path, &alone, migrate::INDEX)?, Some(error.message))
            }
        };
        *slot = identity(&path).map(|is| (db.clone(), is));
        Ok((db, why))
    }

    pub(super) fn slot(&self) -> std::sync::MutexGuard<'_, Option<(Database, (u64, u64))>> {
        // A poisoned lock only means that somebody panicked while he held it.
        self.0.index.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Device and inode of a file: another process may have put a new one in its place.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Empties the index whatever is in it, in place and under SQLite's own locks, since other processes
/// may have it open: whoever closes a file that was replaced takes the new one's log with it. Only
/// what SQLite itself cannot make a database again is removed.
fn reset_index(paths: &Paths) -> Result<()> {
    let path = paths.index_db();
    let reset = || -> rusqlite::Result<()> {
        let db = Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.busy_timeout(Duration::from_secs(10))?;
        db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true)?;
        db.execute_batch("vacuum")?;
        db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false)?;
        Ok(())
    };
    if !path.exists() || reset().is_ok() {
        return Ok(());
    }
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(ending);
        match std::fs::remove_file(&name) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Waits for the right to fill the index.
async fn filling(paths: &Paths) -> Result<Lock> {
    let path = paths.lock_dir().join("index.lock");
    tokio::task::spawn_blocking(move || lock(&path))
        .await
        .map_err(|e| Error::internal(format!("waiting for the index ended early: {e}")))?
}

/// Fills what is missing, a batch in each transaction, so that an interrupted run is not lost.
/// Without `wait` nothing is done while another process does it.
async fn level(
    db: &Database,
    wanted: &[Wanted],
    paths: &Paths,
    wait: bool,
    tell: &(dyn Fn(u64, u64) + Sync),
) -> Result<Indexed> {
    let (all, sessions) = (wanted.to_vec(), paths.sessions());
    // Nearly always nothing is missing: a look, without a lock.
    let seen = db.read(move |db| index::look(db, &all, &sessions)).await?;
    if seen.is_level() {
        return Ok(Indexed::default());
    }
    let _lock = if wait {
        filling(paths).await?
    } else {
        match try_lock(&paths.lock_dir().join("index.lock"))? {
            Some(lock) => lock,
            None => return Ok(Indexed::default()),
        }
    };
    let (wanted, sessions) = (wanted.to_vec(), paths.sessions());
    let (mut gaps, began) =
        db.write(move |tx| Ok((index::gaps(tx, &wanted, &sessions)?, thread_cpu_time()))).await?;
    let (mut messages, mut batches) = (0, 0);
    let lacks = |gaps: &[index::Gap]| gaps.iter().map(index::Gap::bytes).sum::<u64>();
    let all = lacks(&gaps);
    while !gaps.is_empty() {
        tell(all.saturating_sub(lacks(&gaps)), all);
        batches += 1;
        let mut batch = std::mem::take(&mut gaps);
        let (more, rest) = db
            .write(move |tx| {
                let more = index::fill(tx, &mut batch)?;
                Ok((more, batch))
            })
            .await?;
        messages += more;
        gaps = rest;
    }
    tell(all, all);
    // The words are written when a batch is finished, behind the change itself: so ask afterwards.
    let cpu = db.write(|_| Ok(thread_cpu_time())).await?.saturating_sub(began);
    if batches > 1 {
        // The log has grown by all that was written; nobody needs it at that size any more.
        db.read(|db| Ok(db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?)).await?;
    }
    Ok(Indexed { messages, rebuilt: seen.empty.then(|| "it was empty".to_owned()), cpu })
}

fn places(db: &Connection, sql: &str, values: &[Sql]) -> Result<Vec<Place>> {
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Place {
            id: row.get::<_, String>(0)?.parse()?,
            seq: row.get(1)?,
            role: row.get::<_, String>(2)?.parse()?,
            time: Time(row.get(3)?),
            start: row.get(4)?,
            length: row.get(5)?,
            score: row.get(6)?,
        });
    }
    Ok(all)
}

fn hit(place: Place, snippet: String) -> Hit {
    let Place { id, seq, role, time, score, .. } = place;
    Hit { id, seq, role, time, title: None, snippet, score }
}

/// Reads lines out of transcripts; keeps the last file open.
struct Files {
    sessions: PathBuf,
    open: Option<(TranscriptId, File)>,
}

impl Files {
    fn new(sessions: &Path) -> Self {
        Self { sessions: sessions.to_owned(), open: None }
    }

    /// What can be searched in a message.
    fn text(&mut self, place: &Place) -> Option<String> {
        if self.open.as_ref().is_none_or(|(id, _)| *id != place.id) {
            let file = File::open(self.sessions.join(format!("{}.sfs/messages.jsonl", place.id))).ok()?;
            self.open = Some((place.id.clone(), file));
        }
        let (_, file) = self.open.as_mut()?;
        file.seek(SeekFrom::Start(place.start)).ok()?;
        let mut line = Vec::new();
        file.take(place.length).read_to_end(&mut line).ok()?;
        text(&line)
    }
}

/// What can be searched in a line.
fn text(line: &[u8]) -> Option<String> {
    serde_json::from_slice::<Message>(line).ok().map(|message| message.searchable())
}

#[cfg(test)]
mod tests;
