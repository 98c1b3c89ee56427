//! Databases of other programs: read, and never touched.
//!
//! A program that runs keeps its newest rows in the `-wal` beside its database, and a plain
//! read-only connection would write to (or leave behind) the `-shm`. So:
//!
//! - without a `-wal` that holds anything, the file is read in place as immutable, and every answer
//!   counts only if the file is still the same afterwards;
//! - with one, both are copied to a private folder and read there. The database is copied first and
//!   the log second: whatever a checkpoint may move in between is then in the copied log, unless
//!   the log began anew, which its header tells;
//! - above 256 MB they are read in place through a `-shm` that exists already and is opened for
//!   reading alone.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde_json::{Map, Value};

use crate::error::{At, Error, Result};

/// Above so many bytes (database and log) nothing is copied.
const COPY: u64 = 256 * 1024 * 1024;
/// How often a copy is made again because the originals changed meanwhile.
const TRIES: usize = 4;
/// Length of the header of a log; it holds a salt that changes when the log begins anew.
const WAL_HEADER: usize = 32;
/// How a rollback journal begins that has to be played back.
const HOT: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// Text; what was not UTF-8 in it is replaced.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Cell {
    fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(n) => Self::Integer(n),
            ValueRef::Real(n) => Self::Real(n),
            ValueRef::Text(bytes) => Self::Text(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }

    fn sql(&self) -> Sql {
        match self {
            Self::Null => Sql::Null,
            Self::Integer(n) => Sql::Integer(*n),
            Self::Real(n) => Sql::Real(*n),
            Self::Text(text) => Sql::Text(text.clone()),
            Self::Blob(bytes) => Sql::Blob(bytes.clone()),
        }
    }

    /// As JSON; bytes that are no text become their number.
    fn json(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(n) => n.into(),
            Self::Real(n) => n.into(),
            Self::Text(text) => text.into(),
            Self::Blob(bytes) => match String::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(e) => serde_json::json!({"bytes": e.as_bytes().len()}),
            },
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

/// A row of an answer.
#[derive(Clone, Debug)]
pub struct Row {
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

impl Row {
    /// A column's value; `None` when there is no such column.
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        let at = self.names.iter().position(|n| n == name)?;
        self.cells.get(at)
    }

    /// Text, also when it was stored as bytes.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.cell(name)? {
            Cell::Text(text) => Some(text),
            Cell::Blob(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.cell(name)? {
            Cell::Integer(n) => Some(*n),
            _ => None,
        }
    }

    /// Every column that is not NULL, by name.
    pub fn into_json(self) -> Map<String, Value> {
        let cells = self.cells.into_iter().map(Cell::json);
        self.names.iter().cloned().zip(cells).filter(|(_, value)| !value.is_null()).collect()
    }
}

/// What tells that a database is still what it was.
#[derive(Clone, Debug)]
struct Seen {
    main: Metadata,
    wal: Option<Metadata>,
}

impl Seen {
    fn of(path: &Path) -> io::Result<Self> {
        let wal = match fs::metadata(beside(path, "-wal")) {
            Ok(meta) => Some(meta),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        Ok(Self { main: fs::metadata(path)?, wal })
    }

    fn log(&self) -> u64 {
        self.wal.as_ref().map_or(0, Metadata::len)
    }

    fn same(&self, other: &Self) -> bool {
        let key = |m: &Metadata| (m.dev(), m.ino(), m.len(), m.mtime(), m.mtime_nsec());
        key(&self.main) == key(&other.main) && self.wal.as_ref().map(key) == other.wal.as_ref().map(key)
    }
}

/// An open database of another program.
pub struct Foreign {
    path: PathBuf,
    seen: Seen,
    /// Whether it is read in place without locks.
    bare: bool,
    connection: Mutex<Connection>,
}

impl Foreign {
    /// Opens a database without changing a byte of it or of what lies beside it.
    ///
    /// # Errors
    /// `not_found`; `corrupt` when it is no database; `conflict` when its program is in the middle
    /// of a change, again and again; `unsupported` when it is too large for a copy and its log
    /// cannot be read in place.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, COPY, &std::env::temp_dir())
    }

    fn open_with(path: &Path, copy: u64, temp: &Path) -> Result<Self> {
        for attempt in 1..=TRIES {
            let seen = Seen::of(path).at(path.display())?;
            // SQLite would wait at a pipe for ever.
            if !seen.main.is_file() {
                return Err(Error::corrupt(format!("`{}` is no regular file", path.display())));
            }
            if hot(path) {
                continue;
            }
            let (connection, bare) = if seen.log() == 0 {
                (in_place(path, "immutable=1")?, true)
            } else if seen.main.len().saturating_add(seen.log()) <= copy {
                match private_copy(path, &seen, temp, attempt == TRIES)? {
                    Some(connection) => (connection, false),
                    None => continue,
                }
            } else if beside(path, "-shm").exists() {
                (in_place(path, "mode=ro&readonly_shm=1")?, false)
            } else {
                return Err(Error::unsupported(format!(
                    "`{}` is too large to be copied, and its program left it in the middle of its work",
                    path.display()
                ))
                .hint("start that program once and close it: it tidies up then"));
            };
            return Ok(Self { path: path.to_owned(), seen, bare, connection: Mutex::new(connection) });
        }
        Err(busy(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database, and the log beside it if there is one, as they were when it was opened.
    pub fn files(&self) -> Vec<(PathBuf, Metadata)> {
        let wal = self.seen.wal.clone().map(|meta| (beside(&self.path, "-wal"), meta));
        std::iter::once((self.path.clone(), self.seen.main.clone())).chain(wal).collect()
    }

    /// The columns of a table; none when there is no such table.
    ///
    /// # Errors
    /// `corrupt`, `conflict`.
    pub fn columns(&self, table: &str) -> Result<BTreeSet<String>> {
        let rows = self.rows("select name from pragma_table_info(?1)", &[table.into()])?;
        Ok(rows.iter().filter_map(|row| row.text("name").map(str::to_owned)).collect())
    }

    /// The whole answer to a query.
    ///
    /// # Errors
    /// `corrupt`; `unsupported` when the tables are not what the query expects; `conflict` when the
    /// database was changed meanwhile: the answer may be torn then, and the next time it is read
    /// as a copy.
    pub fn rows(&self, query: &str, values: &[Cell]) -> Result<Vec<Row>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let run = || -> rusqlite::Result<Vec<Row>> {
            let mut statement = connection.prepare_cached(query)?;
            let names: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query(rusqlite::params_from_iter(values.iter().map(Cell::sql)))?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let cells =
                    (0..names.len()).map(|at| row.get_ref(at).map(Cell::of)).collect::<Result<_, _>>()?;
                out.push(Row { names: names.clone(), cells });
            }
            Ok(out)
        };
        let answer = run();
        // A torn read may also look like damage.
        if self.bare && !Seen::of(&self.path).is_ok_and(|now| now.same(&self.seen)) {
            return Err(busy(&self.path));
        }
        answer.map_err(|e| explain(&self.path, &e))
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether a rollback journal tells that the database is half written.
fn hot(path: &Path) -> bool {
    let mut start = [0; HOT.len()];
    File::open(beside(path, "-journal")).and_then(|mut f| f.read_exact(&mut start)).is_ok() && start == HOT
}

fn busy(path: &Path) -> Error {
    Error::conflict(format!("`{}` is being written to by its program", path.display()))
        .hint("the next capture reads it")
}

fn explain(path: &Path, e: &rusqlite::Error) -> Error {
    let path = path.display();
    match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::corrupt(format!("`{path}` cannot be read as a database: {e}"))
                .hint("it belongs to another program, and was not touched")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::conflict(format!("`{path}` is locked by its program")).hint("the next capture reads it")
        }
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            Error::refused(format!("`{path}` cannot be opened: {e}"))
        }
        _ => Error::unsupported(format!("`{path}` is not as this sf knows it: {e}")),
    }
}

/// Opens the file where it is, with parameters of SQLite's URIs.
fn in_place(path: &Path, how: &str) -> Result<Connection> {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push('?');
    uri.push_str(how);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&uri, flags).map_err(|e| explain(path, &e))?;
    prove(&connection).map_err(|e| explain(path, &e))?;
    Ok(connection)
}

/// Reads a little: SQLite opens nothing before that.
fn prove(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))
}

/// Copies database and log, and opens the copy. `None` when they changed meanwhile; the `last` time
/// it is enough that the copy is sound.
fn private_copy(path: &Path, seen: &Seen, temp: &Path, last: bool) -> Result<Option<Connection>> {
    let wal = beside(path, "-wal");
    let folder = tempfile::Builder::new().prefix("sf-").tempdir_in(temp).at(temp.display())?;
    let copied = folder.path().join("copy.db");
    let whole = (|| {
        let before = header(&wal)?;
        copy(path, &copied)?;
        copy(&wal, &beside(&copied, "-wal"))?;
        let same = Seen::of(path)?.same(seen);
        Ok::<_, io::Error>(header(&wal)? == before && (same || last))
    })();
    match whole {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        // The program ended meanwhile, and took the log with it.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::from(e).at(path.display())),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(&copied, flags).and_then(|connection| {
        // Alone with the copy: no `-shm`, and no work when it is closed.
        connection.pragma_update(None, "locking_mode", "exclusive")?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        prove(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    });
    // Database and log are open now and need no names: nothing is left behind, however we end.
    drop(folder);
    opened.map(Some).map_err(|e| explain(path, &e))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut target).map(|_| ())
}

fn header(wal: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(WAL_HEADER);
    File::open(wal)?.take(WAL_HEADER as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
