//! One database: a thread that writes and a thread that reads, each with its own connection.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::migrate::{self, Migrations};
use crate::error::{At, Code, Error, Result};

/// What a caller wants done with a connection.
enum Job {
    Do(Box<dyn FnOnce(&mut Connection) + Send>),
    /// Closes it, and says so.
    Close(oneshot::Sender<()>),
}

/// How long whoever leaves waits for what is still being done.
const PATIENCE: Duration = Duration::from_millis(200);
/// Callers that may wait in line before the next one waits to get into it.
const QUEUE: usize = 64;

/// A handle on a database; cheap to clone, closes when the last one is dropped.
#[derive(Clone)]
pub struct Database {
    writer: mpsc::Sender<Job>,
    reader: mpsc::Sender<Job>,
    log: PathBuf,
}

impl Database {
    /// Opens the file, makes it when it is missing, and brings its tables to this version. One process
    /// at a time, who holds `lock`: two that turn a new file into one with a log do not wait for each
    /// other in SQLite, one of them fails.
    ///
    /// # Errors
    /// `unsupported` when a newer sf made it (it is left untouched), `corrupt` when it is damaged.
    pub fn open(path: &Path, lock: &Path, migrations: Migrations) -> Result<Self> {
        let _alone = crate::sys::lock::lock(lock)?;
        private(path)?;
        let mut write = connect(path)?;
        migrate::run(&mut write, migrations).at(path.display())?;
        let read = connect(path)?;
        read.pragma_update(None, "query_only", true).map_err(Error::from)?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { writer: serve("db-write", write)?, reader: serve("db-read", read)?, log: log.into() })
    }

    /// Runs a change on the writing thread, inside one transaction that is rolled back on error.
    ///
    /// # Errors
    /// Those of the change, and `internal` when the thread is gone.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        ask(&self.writer, move |connection| {
            // Immediate: a deferred transaction that turns into a writer can fail with "locked"
            // at once, without the busy timeout.
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let value = change(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }

    /// Runs a query on the reading thread.
    ///
    /// # Errors
    /// Those of the query, and `internal` when the thread is gone.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        ask(&self.reader, move |connection| query(connection)).await
    }

    /// Closes the file if there is something in its log; nothing can be done with it afterwards. Whoever
    /// closes it last moves the log into the file, which the next process would have to read through
    /// otherwise. What takes longer than a moment is left to end with the process, as if it were killed.
    pub async fn close(&self) {
        if std::fs::metadata(&self.log).is_ok_and(|log| log.len() == 0) {
            return;
        }
        // The writer last: the other one may not write.
        let all = async {
            for line in [&self.reader, &self.writer] {
                let (reply, closed) = oneshot::channel();
                if line.send(Job::Close(reply)).await.is_ok() {
                    let _ = closed.await;
                }
            }
        };
        let _ = tokio::time::timeout(PATIENCE, all).await;
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|e| Error::from(e).at(path.display()))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    Ok(connection)
}

/// Makes the file with mode 0600 before SQLite would make it with the umask's; SQLite gives the
/// `-wal` and `-shm` beside it the mode of the database. A file that is there is never opened here:
/// closing it would drop the locks that SQLite has on it for this process (fcntl(2)).
fn private(path: &Path) -> Result<()> {
    if !path.exists() {
        drop(crate::sys::files::append(path)?);
    }
    Ok(())
}

fn serve(name: &str, mut connection: Connection) -> Result<mpsc::Sender<Job>> {
    let (sender, mut jobs) = mpsc::channel::<Job>(QUEUE);
    std::thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            while let Some(job) = jobs.blocking_recv() {
                let job = match job {
                    Job::Do(job) => job,
                    Job::Close(closed) => {
                        drop(connection);
                        let _ = closed.send(());
                        return;
                    }
                };
                // A job that panics must not take the database with it; its caller sees a closed
                // reply. A transaction that was open is rolled back as it is dropped.
                let run = std::panic::AssertUnwindSafe(|| job(&mut connection));
                if std::panic::catch_unwind(run).is_err() {
                    tracing::error!("a database job panicked");
                }
            }
        })
        .map_err(|e| Error::internal(format!("cannot start a database thread: {e}")))?;
    Ok(sender)
}

async fn ask<T: Send + 'static>(
    line: &mpsc::Sender<Job>,
    job: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (reply, answer) = oneshot::channel();
    let job = Box::new(move |connection: &mut Connection| {
        // The caller may have been cancelled meanwhile.
        let _ = reply.send(job(connection));
    });
    let gone = || Error::internal("the database thread is gone");
    line.send(Job::Do(job)).await.map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match e.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::corrupt(format!("the database is damaged: {e}"))
                    .hint("`sf doctor` says what can be done")
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::conflict("another process holds the database").hint("try again in a moment")
            }
            // Another process made it anew, or somebody took it apart.
            _ if e.to_string().contains("no such table") => {
                Self::corrupt(format!("the database is damaged: {e}"))
                    .hint("`sf doctor` says what can be done")
            }
            Some(ErrorCode::DiskFull) => Self::new(Code::Internal, "the disk is full"),
            _ => Self::internal(format!("database: {e}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_leaves_leaves_no_log() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.db");
        let db = Database::open(&path, &dir.path().join("lock"), migrate::INDEX).expect("opened");
        db.write(|tx| {
            Ok(tx.execute("insert into transcript (id, length, lines, whole) values ('a', 0, 0, 1)", [])?)
        })
        .await
        .expect("written");
        db.close().await;
        assert!(!dir.path().join("a.db-wal").exists());
        assert!(db.read(|_| Ok(())).await.is_err(), "it is closed");
    }

    #[test]
    fn many_open_a_new_one_at_once() {
        for _ in 0..20 {
            let dir = tempfile::tempdir().expect("a folder");
            let (path, lock) = (dir.path().join("new.db"), dir.path().join("lock"));
            let open = || Database::open(&path, &lock, migrate::INDEX).map(drop);
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                for one in all {
                    one.join().expect("no panic").expect("opened");
                }
            });
        }
    }
}
