//! Keeping the index level with the transcripts.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::words;
use crate::error::Result;
use crate::model::message::Message;
use crate::model::{Time, TranscriptId};
use crate::store::transcripts::Wanted;

/// Text that is collected before it is put into the index, in bytes: FTS5 writes a segment for each
/// batch, and merges them later.
const BATCH: usize = 32 * 1024 * 1024;
/// Bytes of a transcript that are read together.
const BUFFER: usize = 256 * 1024;
/// The smallest id of a message of that time: its second. The index holds the distance from id to id for each
/// word, so finer ones cost a tenth of its size; where more messages fall into a second the next ids are taken.
pub fn first_id(time: Time) -> i64 {
    time.0.div_euclid(1000).max(0)
}

/// A transcript and the part of it that the index lacks.
#[derive(Clone, Debug)]
pub struct Gap {
    id: TranscriptId,
    path: PathBuf,
    /// Bytes and lines that the index has.
    from: (u64, u64),
    /// Bytes that it should have.
    to: u64,
    /// Whether what a fork has from its origin is wanted.
    whole: bool,
}

impl Gap {
    /// How much the index lacks.
    pub fn bytes(&self) -> u64 {
        self.to.saturating_sub(self.from.0)
    }
}

/// How the index differs from the transcripts.
pub struct Difference {
    /// What it lacks.
    pub gaps: Vec<Gap>,
    /// Transcripts that it has wrongly, or that are no more.
    surplus: Vec<i64>,
    /// Whether it has nothing at all.
    pub empty: bool,
}

impl Difference {
    /// Whether there is none.
    pub fn is_level(&self) -> bool {
        self.gaps.is_empty() && self.surplus.is_empty()
    }
}

/// Compares the index with what it should have.
pub fn look(db: &Connection, wanted: &[Wanted], sessions: &Path) -> Result<Difference> {
    let mut has = HashMap::with_capacity(wanted.len());
    let mut query = db.prepare_cached("select id, n, length, lines, whole from transcript")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (n, length, lines, whole): (i64, u64, u64, bool) =
            (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        has.insert(row.get::<_, String>(0)?, (n, length, lines, whole));
    }
    let empty = has.is_empty();
    let (mut gaps, mut surplus) = (Vec::new(), Vec::new());
    for Wanted { id, length: to, whole } in wanted {
        let from = match has.remove(id.as_str()) {
            Some((_, length, lines, has_whole)) if length <= *to && has_whole == *whole => (length, lines),
            // It was cut, or its origin came or went: begin again.
            Some((n, ..)) => {
                surplus.push(n);
                (0, 0)
            }
            None => (0, 0),
        };
        if from.0 < *to {
            let path = sessions.join(format!("{id}.sfs/messages.jsonl"));
            gaps.push(Gap { id: id.clone(), path, from, to: *to, whole: *whole });
        }
    }
    surplus.extend(has.into_values().map(|(n, ..)| n));
    Ok(Difference { gaps, surplus, empty })
}

/// What the index lacks; what it has too much is dropped here.
pub fn gaps(db: &Transaction<'_>, wanted: &[Wanted], sessions: &Path) -> Result<Vec<Gap>> {
    let Difference { gaps, surplus, .. } = look(db, wanted, sessions)?;
    surplus.into_iter().try_for_each(|n| forget(db, n))?;
    Ok(gaps)
}

/// Drops everything.
pub fn clear(db: &Transaction<'_>) -> Result<()> {
    db.execute_batch(
        "insert into words (words) values ('delete-all'); delete from message; delete from transcript;",
    )?;
    Ok(())
}

fn forget(db: &Connection, n: i64) -> Result<()> {
    db.execute("delete from words where rowid in (select id from message where n = ?1)", [n])?;
    db.execute("delete from message where n = ?1", [n])?;
    db.execute("delete from transcript where n = ?1", [n])?;
    Ok(())
}

/// A message on its way into the index.
struct Entry {
    time: Time,
    n: i64,
    seq: u64,
    role: &'static str,
    start: u64,
    length: u64,
    body: String,
    parts: String,
}

/// Fills gaps from the front of the list until a batch is full; what is filled is removed. Gives
/// the number of messages.
pub fn fill(db: &Transaction<'_>, gaps: &mut Vec<Gap>) -> Result<u64> {
    let mut entries = Vec::new();
    let mut replaced = HashSet::new();
    let mut size = 0;
    while let Some(gap) = gaps.first_mut() {
        // Another process may have filled it since it was looked for.
        let (n, from) = at(db, gap)?;
        gap.from = from;
        let done = gap.from.0 >= gap.to || read(gap, n, &mut entries, &mut replaced, &mut size);
        db.execute(
            "update transcript set length = ?2, lines = ?3 where n = ?1",
            (n, gap.from.0, gap.from.1),
        )?;
        if done {
            gaps.remove(0);
        }
        if size >= BATCH {
            break;
        }
    }
    entries.retain(|entry: &Entry| !replaced.contains(&(entry.n, entry.seq)));
    for place in replaced {
        db.prepare_cached(
            "delete from words where rowid in (select id from message where n = ?1 and seq = ?2)",
        )?
        .execute(place)?;
        db.prepare_cached("delete from message where n = ?1 and seq = ?2")?.execute(place)?;
    }
    insert(db, entries)
}

/// In which line each message of a transcript is, by its id, up to a place.
fn lines(path: &Path, end: u64) -> HashMap<String, u64> {
    let mut lines = HashMap::new();
    let Ok(file) = File::open(path) else { return lines };
    let mut reader = BufReader::with_capacity(BUFFER, file.take(end));
    let mut line = Vec::new();
    for seq in 1.. {
        line.clear();
        if !reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            break;
        }
        lines.extend(Message::id_of(&line).map(|id| (id, seq)));
    }
    lines
}

/// A transcript's number in the index, and the bytes and lines of it that are there.
fn at(db: &Connection, gap: &Gap) -> Result<(i64, (u64, u64))> {
    let found = db
        .query_row("select n, length, lines from transcript where id = ?1", [gap.id.as_str()], |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })
        .optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    let insert = "insert into transcript (id, length, lines, whole) values (?1, 0, 0, ?2)";
    db.execute(insert, (gap.id.as_str(), gap.whole))?;
    Ok((db.last_insert_rowid(), (0, 0)))
}

/// Reads on from where the gap begins, and moves its beginning. Says whether it reached the end;
/// a file that is gone or damaged ends there too, since nothing more can be found in it. Lines of which
/// there is a later version are told: transcript and line.
fn read(
    gap: &mut Gap,
    n: i64,
    entries: &mut Vec<Entry>,
    replaced: &mut HashSet<(i64, u64)>,
    size: &mut usize,
) -> bool {
    let opened = File::open(&gap.path).and_then(|mut file| {
        file.seek(SeekFrom::Start(gap.from.0))?;
        Ok(BufReader::with_capacity(BUFFER, file.take(gap.to - gap.from.0)))
    });
    let Ok(mut reader) = opened else {
        gap.from.0 = gap.to;
        return true;
    };
    let mut line = Vec::new();
    let mut last = Time::default();
    // Only where something was revised.
    let mut known: Option<HashMap<String, u64>> = None;
    while *size < BATCH {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(read) if read > 0 => {}
            _ => {
                gap.from.0 = gap.to;
                return true;
            }
        }
        let (start, length) = (gap.from.0, line.len() as u64);
        gap.from = (start + length, gap.from.1 + 1);
        let Ok(message) = serde_json::from_slice::<Message>(&line) else { continue };
        if message.timestamp != Time::default() {
            last = message.timestamp;
        }
        if !gap.whole && message.is_inherited() {
            continue;
        }
        if let Some(known) = &mut known {
            known.insert(message.msg_id.clone(), gap.from.1);
        }
        if let Some(old) = message.replaces() {
            let known = known.get_or_insert_with(|| lines(&gap.path, gap.from.0));
            replaced.extend(known.get(old).map(|seq| (n, *seq)));
        }
        let text = message.searchable();
        let body = words::body(&text).into_owned();
        *size += body.len() + 64;
        let parts = words::parts(&text);
        let role = message.role.as_str();
        entries.push(Entry { time: last, n, seq: gap.from.1, role, start, length, body, parts });
    }
    gap.from.0 >= gap.to
}

/// Puts messages into the index, oldest first: FTS5 writes a segment whenever an id is smaller
/// than the one before.
fn insert(db: &Transaction<'_>, mut entries: Vec<Entry>) -> Result<u64> {
    entries.sort_by_key(|e| (e.time, e.n, e.seq));
    let mut put = db.prepare_cached(
        "insert into message (id, n, seq, role, time, start, length) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut words = db.prepare_cached("insert into words (rowid, body, parts) values (?1, ?2, ?3)")?;
    let mut last = -1;
    for e in &entries {
        last = free_id(db, first_id(e.time).max(last + 1))?;
        put.execute((last, e.n, e.seq, e.role, e.time.0, e.start, e.length))?;
        words.execute((last, &e.body, &e.parts))?;
    }
    Ok(entries.len() as u64)
}

/// The first id that is free, from there on.
fn free_id(db: &Connection, mut id: i64) -> Result<i64> {
    let mut taken = db.prepare_cached("select 1 from message where id = ?1")?;
    if !taken.exists([id])? {
        return Ok(id);
    }
    let mut run = db.prepare_cached("select id from message where id >= ?1 order by id")?;
    let mut ids = run.query([id])?;
    while let Some(row) = ids.next()? {
        if row.get::<_, i64>(0)? != id {
            break;
        }
        id += 1;
    }
    Ok(id)
}
