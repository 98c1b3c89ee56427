//! Reading messages by their numbers.

use std::collections::HashSet;
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
}
