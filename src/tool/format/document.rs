//! Files that are one JSON document each, written anew at every change.

use std::io::Read;

use serde_json::Value;

use super::{disk, jsonl};
use crate::tool::{Cursor, Sink, Skipped, Source};

/// How much of a start is looked at first.
const GLANCE: u64 = 4096;

/// What became of a document since it was read.
pub enum Document {
    /// Not there: while some tools write, for a moment; or removed. Leave it alone.
    Gone,
    /// Nothing happened.
    Same,
    /// It is no JSON: being written, or broken. Its next change brings us back.
    Torn(Cursor),
    /// Its content.
    Read(Value, Cursor),
}

/// Reads a document unless it is what it was.
pub fn open(source: &Source, cursor: Option<&Cursor>, sink: &mut dyn Sink) -> Document {
    if cursor.is_some() && jsonl::unchanged(source, cursor) {
        return Document::Same;
    }
    // Its state is taken before its content: what is written meanwhile is seen the next time.
    let Some(mut file) = disk::open(&source.path) else { return Document::Gone };
    let Ok(meta) = file.metadata() else { return Document::Gone };
    let mut bytes = Vec::new();
    let read = file.by_ref().take(GLANCE).read_to_end(&mut bytes);
    let read = read.and_then(|_| {
        // What does not even begin like one is not worth its memory.
        let begins = bytes.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| b"{[\xEF".contains(b));
        if begins && meta.len() <= disk::LARGEST {
            file.take(disk::LARGEST).read_to_end(&mut bytes)?;
        }
        Ok(())
    });
    if let Err(e) = read {
        disk::unreadable(&source.path, &e);
        return Document::Gone;
    }
    sink.read(bytes.len() as u64);
    if let Some(value) = jsonl::value(&bytes) {
        return Document::Read(value, Cursor::whole(&meta));
    }
    let why = match meta.len() {
        0 => "it is empty",
        n if n > disk::LARGEST => "it is larger than 256 MiB",
        _ => "it is no JSON document",
    };
    sink.skipped(Skipped::whole(&source.path, why));
    Document::Torn(Cursor::whole(&meta))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::testing::Collector;

    #[test]
    fn a_half_written_document_is_read_when_it_is_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let source = Source { key: "a".into(), path: dir.path().join("a.json") };
        let mut tape = Collector::default();
        assert!(matches!(open(&source, None, &mut tape), Document::Gone));
        std::fs::write(&source.path, "[1,").expect("written");
        let Document::Torn(cursor) = open(&source, None, &mut tape) else { panic!("half a document") };
        assert!(matches!(open(&source, Some(&cursor), &mut tape), Document::Same));
        std::fs::write(&source.path, "[1,\"\\ud83d\"]").expect("written");
        let Document::Read(value, cursor) = open(&source, Some(&cursor), &mut tape) else { panic!("whole") };
        assert_eq!(value, serde_json::json!([1, "\u{fffd}"]));
        assert!(matches!(open(&source, Some(&cursor), &mut tape), Document::Same));
        assert_eq!(tape.skipped, 1);
    }
}
