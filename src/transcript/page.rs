//! Reading messages by their numbers.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::model::TranscriptId;
use crate::model::message::Message;

const BUFFER: usize = 256 * 1024;
/// How much of a line is looked at for its id.
const GLANCE: usize = 256;

/// Reads the messages with numbers (lines, from 1) in `range`, with their numbers, in order. A message
/// of which the transcript holds a later version is left out: whoever reads, reads the newest.
/// `length` is the number of bytes that count (`Captured::length`). Lines before the range are
/// skipped without being parsed (several GB a second), lines after it are not read; a line that
/// cannot be understood is left out, its number stays.
///
/// Blocking: from async code call it through `spawn_blocking`.
///
/// # Errors
/// `not_found` when the messages are gone.
pub fn messages(
    sessions: &Path,
    id: &TranscriptId,
    length: u64,
    range: RangeInclusive<u64>,
) -> Result<Vec<(u64, Message)>> {
    let mut out = Vec::new();
    each(sessions, id, length, range, |seq, message| {
        out.push((seq, message));
        Ok(())
    })?;
    Ok(out)
}

/// The same for async code: reads on a thread that may block. What the cockpit's viewer and its
/// pages stand on, through `show --seq`.
///
/// # Errors
/// `not_found` when the messages are gone.
pub async fn load(
    sessions: PathBuf,
    id: TranscriptId,
    length: u64,
    range: RangeInclusive<u64>,
) -> Result<Vec<(u64, Message)>> {
    tokio::task::spawn_blocking(move || messages(&sessions, &id, length, range))
        .await
        .map_err(|e| Error::internal(format!("reading messages ended early: {e}")))?
}

/// The same, one message at a time.
///
/// # Errors
/// `not_found` when the messages are gone, and those of `take`.
pub fn each(
    sessions: &Path,
    id: &TranscriptId,
    length: u64,
    range: RangeInclusive<u64>,
    mut take: impl FnMut(u64, Message) -> Result<()>,
) -> Result<()> {
    let path = super::sfs::messages_file(sessions, id);
    let replaced = replaced(open(&path)?, length).at(path.display())?;
    every(sessions, id, length, range, |seq, message| {
        if replaced.contains(&message.msg_id) { Ok(()) } else { take(seq, message) }
    })
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| {
        Error::from(e).at(path.display()).hint("`sf capture` reads it again if the tool still has it")
    })
}

/// The ids of messages of which there is a later version. Such a version has `~` and its number at the
/// end of its id, with which a line of ours begins, so lines are hardly looked at (several GB a second).
fn replaced(file: File, length: u64) -> std::io::Result<HashSet<String>> {
    let mut reader = BufReader::with_capacity(BUFFER, file.take(length));
    let (mut out, mut line) = (HashSet::new(), Vec::new());
    loop {
        let start = reader.fill_buf()?;
        if start.is_empty() {
            return Ok(out);
        }
        let glance = start.get(..GLANCE.min(start.len())).unwrap_or_default();
        let id = glance.strip_prefix(b"{\"msg_id\":\"").and_then(|rest| rest.split(|b| *b == b'"').next());
        // A line that begins at the end of the buffer, or is not ours, is looked at as a whole.
        if id.is_some_and(|id| id.len() + 12 < glance.len() && !id.contains(&b'~')) {
            reader.skip_until(b'\n')?;
            continue;
        }
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        let message = line.contains(&b'~').then(|| serde_json::from_slice::<Message>(&line).ok()).flatten();
        out.extend(message.and_then(|message| message.replaces().map(str::to_owned)));
    }
}

/// Every message, also those of which there is a later version: what a transcript is counted by.
///
/// # Errors
/// `not_found` when the messages are gone, and those of `take`.
pub fn every(
    sessions: &Path,
    id: &TranscriptId,
    length: u64,
    range: RangeInclusive<u64>,
    mut take: impl FnMut(u64, Message) -> Result<()>,
) -> Result<()> {
    let path = super::sfs::messages_file(sessions, id);
    let file = open(&path)?;
    let mut reader = BufReader::with_capacity(BUFFER, file.take(length));
    let mut line = Vec::new();
    for seq in 1..=*range.end() {
        let read = if seq < *range.start() {
            reader.skip_until(b'\n').at(path.display())?
        } else {
            line.clear();
            reader.read_until(b'\n', &mut line).at(path.display())?
        };
        if read == 0 {
            break;
        }
        if seq >= *range.start()
            && let Ok(message) = serde_json::from_slice(&line)
        {
            take(seq, message)?;
        }
    }
    Ok(())
}

/// Reads the messages of these lines; the same for whatever cannot be read. Blocking.
///
/// # Errors
/// `not_found` when the messages are gone, and those of `take`.
pub fn pick(
    sessions: &Path,
    id: &TranscriptId,
    length: u64,
    wanted: &BTreeSet<u64>,
    mut take: impl FnMut(u64, Message),
) -> Result<()> {
    let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(()) };
    every(sessions, id, length, *first..=*last, |line, message| {
        if wanted.contains(&line) {
            take(line, message);
        }
        Ok(())
    })
}

/// Which lines later versions took the place of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revised {
    /// The line of the first version, and that of the newest.
    newest: BTreeMap<u64, u64>,
    /// Lines that are shown at the place of another one, or not at all.
    hidden: BTreeSet<u64>,
}

impl Revised {
    /// The line whose message stands at the place of this one; `None` when nothing does.
    pub fn at(&self, line: u64) -> Option<u64> {
        match self.newest.get(&line) {
            Some(newest) => Some(*newest),
            None => (!self.hidden.contains(&line)).then_some(line),
        }
    }

    /// Whether nothing was revised.
    pub fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }

    /// The place of a line that may be a version of another one.
    pub fn place(&self, line: u64) -> u64 {
        let of = |(first, newest): (&u64, &u64)| (*newest == line).then_some(*first);
        self.newest.iter().find_map(of).unwrap_or(line)
    }
}

/// Finds the lines that are later versions of others. Reads the whole transcript, at the speed of a
/// search for one word; lines are parsed only where there are revisions. Blocking.
///
/// # Errors
/// `not_found` when the messages are gone.
pub fn revised(sessions: &Path, id: &TranscriptId, length: u64) -> Result<Revised> {
    let mark = regex::bytes::Regex::new("\"replaces\":\"").map_err(|e| Error::internal(e.to_string()))?;
    let mut versions: BTreeMap<String, (u64, String)> = BTreeMap::new();
    lines(sessions, id, length, |line, bytes| {
        if mark.is_match(bytes)
            && let Ok(message) = serde_json::from_slice::<Message>(bytes)
            && let Some(old) = message.replaces()
        {
            versions.insert(old.to_owned(), (line, message.msg_id.clone()));
        }
    })?;
    let mut revised = Revised::default();
    if versions.is_empty() {
        return Ok(revised);
    }
    let later: BTreeSet<u64> = versions.values().map(|(line, _)| *line).collect();
    lines(sessions, id, length, |line, bytes| {
        let Some(own) = Message::id_of(bytes).filter(|_| !later.contains(&line)) else { return };
        let mut next = versions.get(&own);
        // Each version names the one before; a circle, which nobody writes, ends.
        while let Some((newer, id)) = next.filter(|(newer, _)| revised.hidden.insert(*newer)) {
            revised.newest.insert(line, *newer);
            next = versions.get(id);
        }
    })?;
    Ok(revised)
}

/// Every line with its number, from 1.
fn lines(sessions: &Path, id: &TranscriptId, length: u64, mut look: impl FnMut(u64, &[u8])) -> Result<()> {
    let path = super::sfs::messages_file(sessions, id);
    let file = File::open(&path).at(path.display())?;
    let mut reader = BufReader::with_capacity(BUFFER, file.take(length));
    let mut line = Vec::new();
    for seq in 1.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).at(path.display())? == 0 {
            break;
        }
        look(seq, &line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::Block;

    #[test]
    fn a_page_is_read_by_numbers() {
        let dir = tempfile::tempdir().expect("a folder");
        let id: TranscriptId = "ses_0123456789abcdef".parse().expect("an id");
        let mut writer = super::super::sfs::Writer::open(dir.path(), &id, None).expect("opened");
        for n in 1..=9 {
            let text = format!("number {n}\u{2028}");
            let message =
                Message { msg_id: n.to_string(), content: vec![Block::text(text)], ..Message::default() };
            writer.append(&message).expect("written");
        }
        writer.flush(true).expect("synced");
        let whole = writer.length();
        let page = |length, range| messages(dir.path(), &id, length, range).expect("read");
        let seqs = |length, range| {
            page(length, range).iter().map(|(seq, m)| (*seq, m.msg_id.clone())).collect::<Vec<_>>()
        };
        assert_eq!(seqs(whole, 4..=5), [(4, "4".into()), (5, "5".into())]);
        assert_eq!(page(whole, 8..=100).len(), 2);
        assert_eq!(page(whole, 1..=u64::MAX).len(), 9);
        let text = vec![Block::text("number 4, again")];
        let mut again = Message { msg_id: "4~2".into(), content: text, ..Message::default() };
        again.metadata.insert("sf".into(), serde_json::json!({"replaces": "4"}));
        writer.append(&again).expect("written");
        writer.flush(true).expect("synced");
        assert_eq!(seqs(writer.length(), 4..=5), [(5, "5".into())], "there is a later version");
        assert_eq!(seqs(writer.length(), 9..=99), [(9, "9".into()), (10, "4~2".into())]);
        assert_eq!(messages(dir.path(), &id, whole, 4..=5).expect("read").len(), 2, "not yet");
        assert_eq!(messages(dir.path(), &id, whole / 9 * 3 + 5, 1..=99).expect("read").len(), 3);
    }

    #[test]
    fn the_newest_version_stands_where_the_first_one_stood() {
        let dir = tempfile::tempdir().expect("a folder");
        let id: TranscriptId = "ses_0123456789abcdef".parse().expect("an id");
        let mut writer = super::super::sfs::Writer::open(dir.path(), &id, None).expect("opened");
        let says = "what \"replaces\":\"b\" means";
        for (msg_id, replaces) in
            [("a", None), ("b", None), ("c", None), ("b~2", Some("b")), ("b~3", Some("b~2"))]
        {
            let mut message =
                Message { msg_id: msg_id.into(), content: vec![Block::text(says)], ..Message::default() };
            if let Some(old) = replaces {
                message.metadata.insert("sf".into(), serde_json::json!({"replaces": old}));
            }
            writer.append(&message).expect("written");
        }
        writer.flush(true).expect("synced");
        let revised = revised(dir.path(), &id, writer.length()).expect("read");
        let shown: Vec<Option<u64>> = (1..=5).map(|line| revised.at(line)).collect();
        assert_eq!(shown, [Some(1), Some(5), Some(3), None, None]);
        assert_eq!((revised.place(5), revised.place(3)), (2, 3));
    }
}
