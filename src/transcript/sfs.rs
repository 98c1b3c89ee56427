//! The folder of a transcript: appending to it, and finding it again after a crash.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::{At, Result};
use crate::model::TranscriptId;
use crate::model::message::Message;
use crate::sys::files;

/// Bytes that are collected before they are written.
const BUFFER: usize = 256 * 1024;

/// The folder of a transcript below the folder of all of them.
pub fn folder(sessions: &Path, id: &TranscriptId) -> PathBuf {
    sessions.join(format!("{id}.sfs"))
}

/// What its tool keeps beside the talk: zstd frames of the tool's own lines. May be removed.
pub fn raw_file(sessions: &Path, id: &TranscriptId) -> PathBuf {
    sessions.join(format!("{id}.raw.zst"))
}

/// Its messages.
pub fn messages_file(sessions: &Path, id: &TranscriptId) -> PathBuf {
    folder(sessions, id).join("messages.jsonl")
}

/// An open `messages.jsonl`, to append to.
pub struct Writer {
    file: File,
    path: PathBuf,
    ids: HashSet<String>,
    buffer: Vec<u8>,
    length: u64,
}

impl Writer {
    /// Opens the messages of a transcript, makes them when there are none, and cuts off what goes
    /// beyond `length`: an append that was interrupted. With `None` (nobody knows how much was
    /// finished) everything up to the last line end counts.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(sessions: &Path, id: &TranscriptId, length: Option<u64>) -> Result<Self> {
        files::private_dir(&folder(sessions, id))?;
        let path = messages_file(sessions, id);
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .at(path.display())?;
        let (ids, whole) = ids(&file, length.unwrap_or(u64::MAX)).at(path.display())?;
        file.set_len(whole).at(path.display())?;
        Ok(Self { file, path, ids, buffer: Vec::new(), length: whole })
    }

    /// Bytes in the file, those that wait to be written included.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether a message of this id is there.
    pub fn holds(&self, msg_id: &str) -> bool {
        self.ids.contains(msg_id)
    }

    /// Appends a message. Gives `false`, and does nothing, when one of this id is there.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn append(&mut self, message: &Message) -> Result<bool> {
        if !self.ids.insert(message.msg_id.clone()) {
            return Ok(false);
        }
        let before = self.buffer.len();
        super::json::line(message, &mut self.buffer)?;
        self.length += (self.buffer.len() - before) as u64;
        if self.buffer.len() >= BUFFER {
            self.write()?;
        }
        Ok(true)
    }

    fn write(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).at(self.path.display())?;
        self.buffer.clear();
        Ok(())
    }

    /// Makes everything appended so far outlive this process, and with `force` the power too.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn flush(&mut self, force: bool) -> Result<()> {
        self.write()?;
        if force {
            self.file.sync_data().at(self.path.display())?;
        }
        Ok(())
    }
}

/// The ids of the messages in the first `limit` bytes, and the length of their lines.
fn ids(file: &File, limit: u64) -> std::io::Result<(HashSet<String>, u64)> {
    let mut reader = BufReader::with_capacity(BUFFER, file.take(limit));
    let (mut ids, mut whole, mut line) = (HashSet::new(), 0, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)? as u64;
        if line.last() != Some(&b'\n') {
            return Ok((ids, whole));
        }
        whole += read;
        ids.extend(Message::id_of(&line));
    }
}

/// The ids of all messages of a transcript.
pub fn message_ids(sessions: &Path, id: &TranscriptId) -> HashSet<String> {
    let file = File::open(messages_file(sessions, id));
    file.and_then(|file| ids(&file, u64::MAX)).map(|(ids, _)| ids).unwrap_or_default()
}

/// The ids of a transcript's own messages, for telling what a fork has from it.
pub fn own_ids(sessions: &Path, id: &TranscriptId) -> HashSet<String> {
    #[derive(serde::Deserialize)]
    struct Line {
        msg_id: String,
        #[serde(default)]
        metadata: Metadata,
    }
    #[derive(Default, serde::Deserialize)]
    struct Metadata {
        #[serde(default)]
        sf: Own,
    }
    #[derive(Default, serde::Deserialize)]
    struct Own {
        #[serde(default)]
        inherited: bool,
    }
    let Ok(file) = File::open(messages_file(sessions, id)) else { return HashSet::new() };
    let lines = BufReader::with_capacity(BUFFER, file).split(b'\n').map_while(std::io::Result::ok);
    lines
        .filter_map(|line| serde_json::from_slice::<Line>(&line).ok())
        .filter(|line| !line.metadata.sf.inherited)
        .map(|line| line.msg_id)
        .collect()
}

/// Appends a zstd frame to the raw file, after cutting off what goes beyond `length`. Gives the
/// new length.
///
/// # Errors
/// Whatever the file system says.
pub fn append_raw(sessions: &Path, id: &TranscriptId, length: u64, frame: &[u8]) -> Result<u64> {
    let path = raw_file(sessions, id);
    let mut file = files::append(&path)?;
    // It may have been pruned meanwhile.
    let length = length.min(file.metadata().at(path.display())?.len());
    file.set_len(length).at(path.display())?;
    file.write_all(frame).at(path.display())?;
    Ok(length + frame.len() as u64)
}

/// Writes one of the small files of the folder, whole or not at all. They can be made again from
/// the messages, so they are not forced to the disk.
///
/// # Errors
/// Whatever the file system says.
pub fn write_part(folder: &Path, name: &str, value: &serde_json::Value) -> Result<()> {
    let path = folder.join(name);
    let staged = folder.join(format!(".sf-new-{name}"));
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&staged)
        .at(staged.display())?;
    file.write_all(&text).at(staged.display())?;
    fs::rename(&staged, &path).at(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> Message {
        Message {
            msg_id: id.into(),
            content: vec![crate::model::message::Block::text("x")],
            ..Message::default()
        }
    }

    #[test]
    fn an_interrupted_append_is_cut_off_and_done_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let id: TranscriptId = "ses_0123456789abcdef".parse().expect("an id");
        let mut writer = Writer::open(dir.path(), &id, None).expect("opened");
        assert!(writer.append(&message("a")).expect("written"));
        writer.flush(true).expect("synced");
        let committed = writer.length();
        assert!(writer.append(&message("b")).expect("written"));
        writer.flush(true).expect("synced");
        drop(writer);
        let mut torn = files::append(&messages_file(dir.path(), &id)).expect("opened");
        torn.write_all(b"{\"msg_id\":\"c").expect("written");

        let adopted = Writer::open(dir.path(), &id, None).expect("opened");
        assert!(adopted.holds("b") && !adopted.holds("c"), "whole lines count when nobody knows better");
        let mut writer = Writer::open(dir.path(), &id, Some(committed)).expect("opened");
        assert!(writer.holds("a") && !writer.holds("b"));
        assert!(!writer.append(&message("a")).expect("known"));
        assert!(writer.append(&message("b")).expect("written"));
        writer.flush(true).expect("synced");
        let text = fs::read_to_string(messages_file(dir.path(), &id)).expect("there");
        assert_eq!(text.lines().count(), 2);
    }
}
