//! Databases that are damaged, locked, strange, or at work.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::{
    DATABASES, Everything, Reader, assert_witnessed, capture, each, everything, file_name, told, undisturbed,
};
use crate::transcripts::stamps;

/// Database, log and index of the log, as they are.
fn files(path: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let all = ["", "-wal", "-shm"].map(|end| path.with_file_name(format!("{}{end}", file_name(path))));
    all.into_iter().filter_map(|p| fs::read(&p).ok().map(|bytes| (p, bytes))).collect()
}

fn put_back(path: &Path, sound: &[(std::path::PathBuf, Vec<u8>)]) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(path.with_file_name(format!("{}{end}", file_name(path))));
    }
    sound.iter().for_each(|(path, bytes)| fs::write(path, bytes).expect("written"));
}

/// A fault by name, and whether it has to be told: some leave enough to read all.
type Fault = (&'static str, fn(&Path), bool);

fn alone(path: &Path, bytes: &[u8]) {
    put_back(path, &[(path.to_owned(), bytes.to_vec())]);
}

const FAULTS: [Fault; 8] = [
    ("0 bytes", |path| alone(path, b""), true),
    ("no database", |path| alone(path, "talk ".repeat(2000).as_bytes()), true),
    ("a torn header", |path| alone(path, b"SQLite format 3\0\x10"), true),
    (
        "half a file",
        |path| {
            let bytes = fs::read(path).expect("read");
            alone(path, &bytes[..bytes.len() / 2]);
        },
        true,
    ),
    (
        "pages of noise",
        |path| {
            let mut bytes = fs::read(path).expect("read");
            let from = bytes.len() / 10;
            bytes.iter_mut().skip(from).step_by(3).for_each(|b| *b ^= 0x5a);
            alone(path, &bytes);
        },
        true,
    ),
    (
        "a log of noise",
        |path| {
            fs::write(path.with_file_name(format!("{}-wal", file_name(path))), "wal ".repeat(5000))
                .expect("written");
        },
        false,
    ),
    (
        "an unknown schema",
        |path| {
            alone(path, b"");
            let sql =
                "create table talk_v9(id text primary key, said blob); insert into talk_v9 values ('a', 'b')";
            Connection::open(path).and_then(|db| db.execute_batch(sql)).expect("made");
        },
        true,
    ),
    (
        "known tables with other columns",
        |path| {
            alone(path, b"");
            let sql = "create table session(uid text); create table message(uid text); create table part(uid text);
                   create table cursorDiskKV(name text, said blob); create table ItemTable(name text, said blob);";
            Connection::open(path).and_then(|db| db.execute_batch(sql)).expect("made");
        },
        true,
    ),
];

fn suffer(reader: &Reader, wanted: &Everything, (name, fault, must_tell): Fault) {
    let what = format!("{}: {name}", reader.name());
    let sandbox = reader.home();
    let victim = reader.victim(&sandbox);
    let sound = files(&victim);
    fault(&victim);
    let before = stamps(&sandbox.home());
    let (said, report) = capture(&sandbox);
    assert_eq!(said.status, 0, "{what}: {}", said.stderr);
    assert!(!must_tell || told(&said, &report, &file_name(&victim)), "{what}: {}", said.stderr);
    assert_eq!(stamps(&sandbox.home()), before, "{what}");
    assert_witnessed(&sandbox, &what);
    put_back(&victim, &sound);
    let (said, _) = capture(&sandbox);
    assert_eq!(said.status, 0, "{what}: {}", said.stderr);
    assert_eq!(&everything(&sandbox.sf_home()), wanted, "{what}");
}

#[test]
fn damaged_or_strange() {
    each(DATABASES, |reader| {
        let wanted = undisturbed(&reader);
        each(FAULTS, |fault| suffer(&reader, &wanted, fault));
    });
}

/// Its program holds it in every way that SQLite knows, with rows in the log: all is read, nothing
/// is touched.
#[test]
fn held_by_its_program() {
    for reader in DATABASES {
        let wanted = undisturbed(&reader);
        for hold in [
            "pragma journal_mode = wal; begin immediate; update sf_held set n = n + 1;",
            "pragma journal_mode = wal; pragma wal_autocheckpoint = 0; update sf_held set n = n + 1; begin; select * from sf_held;",
            "pragma journal_mode = delete; begin exclusive;",
            "pragma locking_mode = exclusive; pragma journal_mode = wal; update sf_held set n = n + 1;",
        ] {
            let what = format!("{}: {hold}", reader.name());
            let sandbox = reader.home();
            let victim = reader.victim(&sandbox);
            let program = Connection::open(&victim).expect("opened");
            program
                .execute_batch("create table sf_held(n integer); insert into sf_held values (1);")
                .expect("made");
            program.execute_batch(hold).expect("held");
            let before = (files(&victim), stamps(&sandbox.home()));
            let (said, _) = capture(&sandbox);
            assert_eq!(said.status, 0, "{what}: {}", said.stderr);
            assert_eq!(everything(&sandbox.sf_home()), wanted, "{what}: {}", said.stderr);
            assert!((files(&victim), stamps(&sandbox.home())) == before, "{what}: touched");
            drop(program);
        }
    }
}

/// While its program vacuums it again and again.
#[test]
fn being_vacuumed() {
    for reader in DATABASES {
        for journal in ["delete", "wal"] {
            let what = format!("{}: {journal}", reader.name());
            let sandbox = reader.home();
            let victim = reader.victim(&sandbox);
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let program = Connection::open(&victim).expect("opened");
                    program
                        .query_row(&format!("pragma journal_mode = {journal}"), [], |_| Ok(()))
                        .expect("set");
                    while !done.load(Ordering::SeqCst) {
                        program.execute_batch("vacuum").expect("vacuumed");
                    }
                });
                // Whatever is found wrong, the program ends.
                let stop = Stop(&done);
                for _ in 0..3 {
                    let (said, _) = capture(&sandbox);
                    // It may never hold still long enough; then that is said.
                    assert_eq!(said.status, 0, "{what}: {}", said.stderr);
                    assert_witnessed(&sandbox, &what);
                }
                drop(stop);
            });
            let (said, _) = capture(&sandbox);
            assert_eq!(said.status, 0, "{what}: {}", said.stderr);
            assert_eq!(everything(&sandbox.sf_home()), undisturbed(&reader), "{what}");
        }
    }
}

/// Says that it is over when it goes out of scope.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
