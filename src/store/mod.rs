//! What sf remembers: SQLite, and the only importer of rusqlite.
//!
//! `state.db` holds what cannot be made again; `index.db` is a cache over the captured
//! transcripts. Each database has one thread that owns its write connection and one that reads, so
//! nothing else ever waits for a disk. One file here per noun.

mod actor;
mod check;
mod deleted;
mod features;
pub mod foreign;
mod hosts;
mod journal;
mod live;
mod migrate;
mod search;
mod state;
mod transcripts;

use std::sync::{Arc, Mutex, OnceLock};

pub use actor::Database;
pub use check::{Checked, Level};
pub use deleted::Deleted;
pub use journal::JournalRow;
pub use search::{Found, Indexed, Search};
pub use state::State;

use crate::error::Result;
use crate::sys::Paths;

/// The databases of one home. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    paths: Paths,
    state: OnceLock<Database>,
    /// Can be thrown away and made again while we run, by us or by another process: with the file's
    /// device and inode.
    index: Mutex<Option<(Database, (u64, u64))>>,
}

impl Store {
    /// Names the databases; each is opened, and brought to this version, when it is first used.
    pub fn new(paths: Paths) -> Self {
        Self(Arc::new(Inner { paths, state: OnceLock::new(), index: Mutex::new(None) }))
    }

    /// The folders that this store belongs to.
    pub fn paths(&self) -> &Paths {
        &self.0.paths
    }

    /// Closes what was opened, at the end of a process.
    pub async fn close(&self) {
        let index = self.slot().take();
        if let Some((index, _)) = index {
            index.close().await;
        }
        if let Some(state) = self.0.state.get() {
            state.close().await;
        }
    }

    /// The database of what cannot be made again.
    fn state(&self) -> Result<&Database> {
        if let Some(db) = self.0.state.get() {
            return Ok(db);
        }
        self.0.paths.create()?;
        let alone = self.0.paths.lock_dir().join("state.db.lock");
        let db = Database::open(&self.0.paths.state_db(), &alone, migrate::STATE)?;
        Ok(self.0.state.get_or_init(|| db))
    }
}
