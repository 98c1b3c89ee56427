//! Whatever state a database is in, it stays in it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use proptest::prelude::*;
use sha2::Digest;

use super::*;
use crate::error::Code;

/// Everything in a folder: name, bytes, inode and time of change.
fn picture(dir: &Path) -> Vec<(PathBuf, String, u64, i64, i64)> {
    let mut out: Vec<_> = fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let meta = fs::metadata(&path).expect("there");
            let hash = sha2::Sha256::digest(fs::read(&path).expect("read"));
            (path, format!("{hash:x?}"), meta.ino(), meta.mtime(), meta.mtime_nsec())
        })
        .collect();
    out.sort();
    out
}

const NAME: &str = "it's 100%?#.db";

/// Another process that has the database open: within one process SQLite shares the `-shm`.
struct Program {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(dir: &Path) -> Self {
        let mut command = crate::sys::proc::blocking_command(std::env::current_exe().expect("this test"));
        command.args(["store::foreign::tests::another_program", "--exact", "--ignored", "--nocapture"]);
        command.current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("started");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut program = Self { child, answers };
        program.done();
        program
    }

    fn insert(&mut self, value: &str) {
        writeln!(self.child.stdin.as_mut().expect("piped"), "{value}").expect("said");
        self.done();
    }

    fn done(&mut self) {
        let mut line = String::new();
        while !line.contains("done:") {
            line.clear();
            assert!(self.answers.read_line(&mut line).expect("heard") > 0, "it ended");
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Not a test: the other process.
#[test]
#[ignore = "started by another test"]
#[expect(clippy::print_stdout, reason = "it answers")]
fn another_program() {
    let (_, program) = running(Path::new("."));
    println!("done:");
    for line in io::stdin().lines().map_while(Result::ok) {
        program.execute("insert into t(x) values (?1)", [line]).expect("nobody is in its way");
        println!("done:");
    }
}

/// A database in WAL mode with one row in the file and one in the log, and its program.
fn running(dir: &Path) -> (PathBuf, Connection) {
    let path = dir.join(NAME);
    let program = Connection::open(&path).expect("opened");
    program
        .execute_batch(
            "pragma journal_mode=wal; pragma wal_autocheckpoint=0;
             create table t(id integer primary key, x); insert into t(x) values ('old');
             pragma wal_checkpoint(truncate); insert into t(x) values ('new');",
        )
        .expect("filled");
    (path, program)
}

/// Its files as they are after the program was killed.
fn killed(dir: &Path, with_shm: bool) -> PathBuf {
    let live = tempfile::tempdir().expect("a folder");
    let (path, _program) = running(live.path());
    for ending in ["", "-wal", "-shm"] {
        if ending != "-shm" || with_shm {
            fs::copy(beside(&path, ending), beside(&dir.join("k.db"), ending)).expect("copied");
        }
    }
    dir.join("k.db")
}

fn values(db: &Foreign) -> Vec<String> {
    let rows = db.rows("select x from t order by id", &[]).expect("read");
    rows.iter().map(|row| row.text("x").expect("text").to_owned()).collect()
}

/// Opens and reads with this limit for copies, and says that nothing happened to the folder.
fn read(dir: &Path, path: &Path, limit: u64) -> Result<Vec<String>> {
    let temp = tempfile::tempdir().expect("a folder");
    let before = picture(dir);
    let result = Foreign::open_with(path, limit, temp.path()).map(|db| {
        assert_eq!(fs::read_dir(temp.path()).expect("a folder").count(), 0, "a copy has no name");
        assert!(db.columns("t").expect("columns").contains("x"));
        assert!(db.columns("none").expect("columns").is_empty());
        let found = values(&db);
        assert_eq!(picture(dir), before, "while it is open");
        found
    });
    assert_eq!(fs::read_dir(temp.path()).expect("a folder").count(), 0, "the copy is gone");
    assert_eq!(picture(dir), before, "afterwards");
    result
}

#[test]
fn the_log_is_read_and_nothing_is_touched() {
    for (limit, shm) in [(COPY, true), (COPY, false), (0, true)] {
        let dir = tempfile::tempdir().expect("a folder");
        let path = killed(dir.path(), shm);
        assert_eq!(read(dir.path(), &path, limit).expect("read"), ["old", "new"], "limit {limit}, shm {shm}");
    }
    for limit in [COPY, 0] {
        let dir = tempfile::tempdir().expect("a folder");
        let mut program = Program::start(dir.path());
        let path = dir.path().join(NAME);
        assert_eq!(read(dir.path(), &path, limit).expect("read"), ["old", "new"], "limit {limit}");
        program.insert("newest");
        assert_eq!(read(dir.path(), &path, limit).expect("read"), ["old", "new", "newest"]);
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = killed(dir.path(), false);
    let error = read(dir.path(), &path, 0).expect_err("nothing to read the log with");
    assert_eq!(error.code, Code::Unsupported);
}

#[test]
fn a_closed_database_is_read_in_place_and_only_while_it_stays_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, program) = running(dir.path());
    program.close().expect("closed");
    assert_eq!(picture(dir.path()).len(), 1, "the program tidied up");
    assert_eq!(read(dir.path(), &path, COPY).expect("read"), ["old", "new"]);
    let db = Foreign::open(&path).expect("opened");
    Connection::open(&path)
        .and_then(|c| c.execute_batch("insert into t(x) values ('later')"))
        .expect("changed");
    let error = db.rows("select x from t", &[]).expect_err("it changed");
    assert_eq!(error.code, Code::Conflict);
    assert_eq!(read(dir.path(), &path, COPY).expect("read"), ["old", "new", "later"]);
}

#[test]
fn a_half_written_database_waits() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, program) = running(dir.path());
    program.close().expect("closed");
    let journal = beside(&path, "-journal");
    fs::write(&journal, [&HOT[..], &[0; 20]].concat()).expect("written");
    assert_eq!(read(dir.path(), &path, COPY).expect_err("hot").code, Code::Conflict);
    fs::write(&journal, [0; 28]).expect("written");
    assert_eq!(read(dir.path(), &path, COPY).expect("an old journal").len(), 2);
}

#[test]
fn what_is_no_database_is_said_to_be_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("x.db");
    assert_eq!(read(dir.path(), &path, COPY).expect_err("missing").code, Code::NotFound);
    fs::write(&path, "x".repeat(5000)).expect("written");
    assert_eq!(read(dir.path(), &path, COPY).expect_err("text").code, Code::Corrupt);
    fs::write(beside(&path, "-wal"), "x".repeat(5000)).expect("written");
    assert_eq!(read(dir.path(), &path, COPY).expect_err("text with a log").code, Code::Corrupt);
    fs::remove_file(beside(&path, "-wal")).expect("removed");
    fs::write(&path, "").expect("written");
    let db = Foreign::open(&path).expect("an empty file is an empty database");
    let error = db.rows("select x from t", &[]).expect_err("no table");
    assert_eq!(error.code, Code::Unsupported);
}

#[test]
fn a_row_tells_its_columns() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("x.db");
    Connection::open(&path).and_then(|c| c.execute_batch("create table t(a)")).expect("made");
    let db = Foreign::open(&path).expect("opened");
    let query = "select ?1 as a, x'c3a9' as b, x'ff' as c, null as d, 1.5 as e, cast(x'66ff' as text) as f";
    let row = db.rows(query, &[7.into()]).expect("read").remove(0);
    assert_eq!(
        (row.integer("a"), row.text("b"), row.text("c"), row.text("f")),
        (Some(7), Some("é"), None, Some("f\u{fffd}"))
    );
    let map = Value::Object(row.into_json());
    assert_eq!(map, serde_json::json!({"a": 7, "b": "é", "c": {"bytes": 1}, "e": 1.5, "f": "f\u{fffd}"}));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_is_an_error_or_an_answer(at in 0usize..20_000, bytes in prop::collection::vec(any::<u8>(), 1..64)) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = killed(dir.path(), false);
        for file in [path.clone(), beside(&path, "-wal")] {
            let mut content = fs::read(&file).expect("read");
            let at = at % content.len();
            let end = (at + bytes.len()).min(content.len());
            content[at..end].copy_from_slice(&bytes[..end - at]);
            fs::write(&file, content).expect("written");
        }
        let before = picture(dir.path());
        if let Ok(db) = Foreign::open(&path) {
            let _ = db.rows("select * from t", &[]);
        }
        prop_assert_eq!(picture(dir.path()), before);
    }
}
