//! Databases that hold many sessions: opened once for a capture of all of them, and looked into
//! again only when they changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk;
use crate::error::{Code, Error, Result};
use crate::store::foreign::Foreign;
use crate::sys::{Clock, clock};
use crate::tool::{Cursor, Progress, Source};

/// The key of a database among the sources of a session.
pub const DATABASE: &str = "database";
/// The key of the log beside it.
pub const LOG: &str = "wal";

/// Why a read stopped.
pub enum Stop {
    /// The database could not be read.
    Database(Error),
    /// What was read could not be taken.
    Sink(Error),
}

impl From<Error> for Stop {
    fn from(e: Error) -> Self {
        Self::Sink(e)
    }
}

/// Databases by path, each with what was found in it.
pub struct Shelf<T>(Mutex<Slots<T>>);

type Slots<T> = BTreeMap<PathBuf, Slot<T>>;

struct Slot<T> {
    files: Vec<(PathBuf, Cursor)>,
    index: Arc<T>,
    /// Open from `look` to `finish`.
    database: Option<Arc<Foreign>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Shelf<T> {
    /// An empty one.
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    fn slots(&self) -> MutexGuard<'_, Slots<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is in a database, from memory when its files did not change. `None`, and noted, when it
    /// cannot be read; a file that is not there is nothing to note.
    pub fn look(&self, path: &Path, index: impl Fn(&Foreign) -> Result<T>) -> Option<Arc<T>> {
        let mut slots = self.slots();
        if let Some(slot) = slots.get(path)
            && slot.files == now(path)
        {
            return Some(slot.index.clone());
        }
        slots.remove(path);
        let opened = open_with(path, &index);
        match opened {
            Ok((database, index)) => {
                let (files, index) = (files(&database), Arc::new(index));
                let slot = Slot { files, index: index.clone(), database: Some(Arc::new(database)) };
                slots.insert(path.to_owned(), slot);
                Some(index)
            }
            Err(e) if e.code == Code::NotFound => None,
            Err(e) => {
                disk::leave_out(path, e);
                None
            }
        }
    }

    /// What was found in a database when it was last looked into.
    pub fn index(&self, path: &Path) -> Option<Arc<T>> {
        self.slots().get(path).map(|slot| slot.index.clone())
    }

    /// Reads a session from a database. When it changes meanwhile, once again from its new state;
    /// what cannot be read is noted, and is read the next time.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn read(
        &self,
        path: &Path,
        mut read: impl FnMut(&Foreign) -> std::result::Result<(), Stop>,
    ) -> Result<()> {
        for last in [false, true] {
            let done = self.open(path).map_err(Stop::Database).and_then(|database| read(&database));
            match done {
                Ok(()) => return Ok(()),
                Err(Stop::Sink(e)) => return Err(e),
                Err(Stop::Database(e)) if e.code == Code::Conflict && !last => {
                    if let Some(slot) = self.slots().get_mut(path) {
                        slot.database = None;
                    }
                }
                Err(Stop::Database(e)) => {
                    disk::leave_out(path, e);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path) -> Result<Arc<Foreign>> {
        if let Some(open) = self.slots().get(path).and_then(|slot| slot.database.clone()) {
            return Ok(open);
        }
        let database = Arc::new(Foreign::open(path)?);
        if let Some(slot) = self.slots().get_mut(path) {
            slot.database = Some(database.clone());
        }
        Ok(database)
    }

    /// Closes the databases below a folder, and tells what was left out there.
    pub fn finish(&self, root: &Path) -> Vec<Error> {
        let mut slots = self.slots();
        let here = slots.iter_mut().filter(|(path, _)| path.starts_with(root));
        here.for_each(|(_, slot)| slot.database = None);
        drop(slots);
        disk::finish(root)
    }
}

fn open_with<T>(path: &Path, index: &impl Fn(&Foreign) -> Result<T>) -> Result<(Foreign, T)> {
    let database = Foreign::open(path)?;
    match index(&database) {
        Ok(index) => Ok((database, index)),
        // It changed while we looked.
        Err(e) if e.code == Code::Conflict => {
            let database = Foreign::open(path)?;
            let index = index(&database)?;
            Ok((database, index))
        }
        Err(e) => Err(e),
    }
}

/// A database that nobody wrote to for so long holds nothing that runs. Milliseconds.
pub const FRESH: i64 = 10 * 60 * 1000;
/// Larger databases are not opened only to see what runs.
const GLANCE: u64 = 64 * 1024 * 1024;

/// Asks a database what its program is doing at the moment; nothing, when it was not written to
/// lately. `ask` also gets the moment before which a row is too old to matter, in milliseconds.
pub fn lately(path: &Path, ask: impl FnOnce(&Foreign, i64) -> Result<Vec<String>>) -> Vec<String> {
    let files: Vec<_> = sources(path).iter().filter_map(|s| s.path.metadata().ok()).collect();
    let newest = files.iter().filter_map(|m| m.modified().ok()).map(clock::millis).max().unwrap_or(0);
    let since = Clock::System.now().0 - FRESH;
    if newest < since || files.iter().map(std::fs::Metadata::len).sum::<u64>() > GLANCE {
        return Vec::new();
    }
    Foreign::open(path).and_then(|open| ask(&open, since)).unwrap_or_default()
}

/// A database and its log as sources of a session.
pub fn sources(path: &Path) -> Vec<Source> {
    let paths = std::iter::once(path.to_owned()).chain(Some(log(path)).filter(|p| p.exists()));
    [DATABASE, LOG].into_iter().zip(paths).map(|(key, path)| Source { key: key.into(), path }).collect()
}

/// Remembers in which state of its files a session was read.
pub fn remember(database: &Foreign, progress: &mut Progress) {
    for (key, (_, cursor)) in [DATABASE, LOG].into_iter().zip(files(database)) {
        progress.cursors.insert(key.to_owned(), cursor);
    }
}

fn files(database: &Foreign) -> Vec<(PathBuf, Cursor)> {
    database.files().into_iter().map(|(path, meta)| (path, Cursor::whole(&meta))).collect()
}

fn now(path: &Path) -> Vec<(PathBuf, Cursor)> {
    let paths = [path.to_owned(), log(path)];
    paths.into_iter().filter_map(|p| std::fs::metadata(&p).ok().map(|m| (p, Cursor::whole(&m)))).collect()
}

fn log(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::fs;
    use std::time::{Duration, SystemTime};

    const SAMPLE: &str =
        "tests/fixtures/tools/cursor/state-vscdb-0.4x/home/.config/Cursor/User/globalStorage/state.vscdb";

    fn sample() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("x.db");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE), &path).expect("copied");
        (dir, path)
    }

    fn touch(path: &Path, seconds: u64) {
        let file = fs::OpenOptions::new().write(true).open(path).expect("opened");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).expect("touched");
    }

    fn count(database: &Foreign) -> Result<i64> {
        let rows = database.rows("select count(*) as n from cursorDiskKV", &[])?;
        Ok(rows.first().and_then(|row| row.integer("n")).unwrap_or(0))
    }

    #[test]
    fn a_database_is_looked_into_again_only_when_it_changed() {
        let (dir, path) = sample();
        let shelf = Shelf::new();
        let looks = Cell::new(0);
        let look = || {
            shelf.look(&path, |database| {
                looks.set(looks.get() + 1);
                count(database)
            })
        };
        assert_eq!((look().as_deref(), looks.get()), (Some(&5), 1));
        assert!(shelf.finish(dir.path()).is_empty());
        assert_eq!((look().as_deref(), looks.get()), (Some(&5), 1), "also after it was closed");
        touch(&path, 1_000_000_000);
        assert_eq!((look().as_deref(), looks.get()), (Some(&5), 2));
    }

    #[test]
    fn what_cannot_be_read_is_told_once_and_what_is_not_there_is_nothing() {
        let (dir, path) = sample();
        let shelf = Shelf::new();
        assert!(shelf.look(&dir.path().join("missing.db"), count).is_none());
        assert!(shelf.finish(dir.path()).is_empty());
        fs::write(&path, "x".repeat(4096)).expect("written");
        assert!(shelf.look(&path, count).is_none());
        assert!(shelf.finish(Path::new("/elsewhere")).is_empty());
        let told = shelf.finish(dir.path());
        assert_eq!(told.iter().map(|e| e.code).collect::<Vec<_>>(), [Code::Corrupt]);
        assert!(shelf.finish(dir.path()).is_empty());
    }

    #[test]
    fn a_change_in_the_middle_begins_the_read_again() {
        let (dir, path) = sample();
        let shelf = Shelf::new();
        shelf.look(&path, count).expect("there");
        let mut reads = 0;
        let read = |database: &Foreign| {
            reads += 1;
            if reads == 1 {
                touch(&path, 1_000_000_000);
            }
            count(database).map(|_| ()).map_err(Stop::Database)
        };
        shelf.read(&path, read).expect("read");
        assert_eq!(reads, 2);
        assert!(shelf.finish(dir.path()).is_empty(), "the second time it held still");
        let never = |_: &Foreign| Err(Stop::Database(Error::conflict("busy")));
        shelf.read(&path, never).expect("noted");
        assert_eq!(shelf.finish(dir.path()).len(), 1);
        let sink = |_: &Foreign| Err(Stop::Sink(Error::cancelled()));
        assert_eq!(shelf.read(&path, sink).expect_err("the sink's").code, Code::Cancelled);
    }
}
