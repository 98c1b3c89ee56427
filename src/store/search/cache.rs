//! The index as a cache: opened, brought level with the transcripts, and made again when it is missing, damaged or of
//! another version.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::index;
use crate::error::{Code, Error, Result};
use crate::store::transcripts::Wanted;
use crate::store::{Database, Store, migrate};
use crate::sys::Paths;
use crate::sys::clock::thread_cpu_time;
use crate::sys::lock::{Lock, lock, try_lock};

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
    pub(in crate::store) async fn index_lengths(&self) -> Result<HashMap<String, u64>> {
        let (db, _) = self.index()?;
        db.read(|db| {
            let mut query = db.prepare("select id, length from transcript")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// The index, and why it had to be made, if it had to.
    pub(super) fn index(&self) -> Result<(Database, Option<String>)> {
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

    pub(in crate::store) fn slot(&self) -> std::sync::MutexGuard<'_, Option<(Database, (u64, u64))>> {
        // A poisoned lock only means that somebody panicked while he held it.
        self.0.index.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Device and inode of a file: another process may have put a new one in its place.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
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
pub(super) async fn filling(paths: &Paths) -> Result<Lock> {
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
