//! Reading messages by their numbers.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::model::TranscriptId;
use crate::model::message::Message;

const BUFFER: usize = 256 * 1024;

/// Reads the messages with numbers (lines, from 1) in `range`, with their numbers, in order.
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
    let file = File::open(&path).map_err(|e| {
        Error::from(e).at(path.display()).hint("`sf capture` reads it again if the tool still has it")
    })?;
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
        writer.sync().expect("synced");
        let page = |range| messages(dir.path(), &id, writer.length(), range).expect("read");
        let seqs = |range| page(range).iter().map(|(seq, m)| (*seq, m.msg_id.clone())).collect::<Vec<_>>();
        assert_eq!(seqs(4..=5), [(4, "4".into()), (5, "5".into())]);
        assert_eq!(page(8..=100).len(), 2);
        assert_eq!(page(1..=u64::MAX).len(), 9);
        assert_eq!(messages(dir.path(), &id, writer.length() / 9 * 3 + 5, 1..=99).expect("read").len(), 3);
    }
}
