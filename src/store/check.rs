//! Looking whether the databases are well.

use rusqlite::{Connection, OpenFlags};

use super::{Store, migrate};
use crate::error::{Error, Result};

/// What was found out about a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its version; 0 for a new one.
    pub version: u64,
    /// The version that this sf knows.
    pub known: u64,
    /// The first thing that SQLite says is wrong.
    pub damage: Option<String>,
}

/// How many transcripts and bytes of them are there, and how many are in the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Transcripts that are there.
    pub transcripts: u64,
    /// Of these, those of which the index lacks something.
    pub behind: u64,
}

impl Store {
    /// Looks at `state.db` without changing it; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn check_state(&self) -> Result<Option<Checked>> {
        self.check(self.paths().state_db(), migrate::STATE.len()).await
    }

    /// The same for `index.db`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn check_index(&self) -> Result<Option<Checked>> {
        self.check(self.paths().index_db(), migrate::INDEX.len()).await
    }

    async fn check(&self, path: std::path::PathBuf, known: usize) -> Result<Option<Checked>> {
        if !path.exists() {
            return Ok(None);
        }
        let look = move || -> Result<Option<Checked>> {
            let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            db.busy_timeout(std::time::Duration::from_secs(10))?;
            let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            let said: String = db.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
            let damage = (said != "ok").then_some(said);
            Ok(Some(Checked { version: version.into(), known: known as u64, damage }))
        };
        tokio::task::spawn_blocking(look)
            .await
            .map_err(|e| Error::internal(format!("looking at a database ended early: {e}")))?
    }

    /// Compares the index with the transcripts.
    ///
    /// # Errors
    /// Those of the databases.
    pub async fn index_level(&self) -> Result<Level> {
        let wanted = self.transcripts_to_index().await?;
        let has = self.index_lengths().await?;
        let behind = wanted.iter().filter(|w| has.get(w.id.as_str()) != Some(&w.length)).count();
        Ok(Level { transcripts: wanted.len() as u64, behind: behind as u64 })
    }
}
