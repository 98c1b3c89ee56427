//! Files of JSON lines that a tool appends to, plain or compressed with zstd.
//!
//! Lines end at the byte `0x0A` and nowhere else. A last line without an end is left for the next
//! time, unless it is a whole JSON object already: then nothing but white space can follow.

use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use serde_json::{Map, Value};

use super::disk;
use crate::sys::hash;
use crate::tool::{Cursor, Sink, Skipped, Source};

/// Bytes of the start that tell whether a file is still the same.
const HEAD: usize = 1024;
/// Bytes before the cursor that tell whether a file was only appended to.
const TAIL: usize = 256;
/// The longest line that is understood; of a longer one only its length is kept.
const LINE: usize = 32 * 1024 * 1024;
/// Buffer of a reader.
const BUFFER: usize = 64 * 1024;

/// What a source is compared with what was read of it.
pub enum Opened {
    /// Not there, or not readable: leave it alone.
    Gone,
    /// Nothing happened since.
    Same,
    /// The cursor still fits; read on from there.
    Grown(Lines),
    /// Never read, or no longer what it was; read from the start.
    Fresh(Lines),
}

/// Whether a file looks as it did when the cursor was made.
pub fn unchanged(source: &Source, cursor: Option<&Cursor>) -> bool {
    match (cursor, std::fs::metadata(&source.path)) {
        (Some(cursor), Ok(meta)) => same_file(&meta, cursor),
        (Some(_), Err(_)) => true,
        (None, _) => false,
    }
}

fn same_file(meta: &Metadata, cursor: &Cursor) -> bool {
    let now = Cursor::whole(meta);
    (now.dev, now.ino, now.size, now.mtime) == (cursor.dev, cursor.ino, cursor.size, cursor.mtime)
}

fn hash(bytes: &[u8]) -> String {
    hash::short(bytes, 8)
}

/// Opens a source where the last read ended.
pub fn open(source: &Source, cursor: Option<&Cursor>) -> Opened {
    let Some(file) = disk::open(&source.path) else { return Opened::Gone };
    let Ok(meta) = file.metadata() else { return Opened::Gone };
    if let Some(cursor) = cursor {
        if same_file(&meta, cursor) {
            return Opened::Same;
        }
        match Lines::new(file, &meta, source).and_then(|lines| lines.forward(cursor)) {
            Ok(Some(lines)) => return Opened::Grown(lines),
            Ok(None) => {}
            Err(e) => {
                disk::unreadable(&source.path, &e);
                return Opened::Gone;
            }
        }
    }
    let Some(file) = disk::open(&source.path) else { return Opened::Gone };
    match Lines::new(file, &meta, source) {
        Ok(lines) => Opened::Fresh(lines),
        Err(e) => {
            disk::unreadable(&source.path, &e);
            Opened::Gone
        }
    }
}

enum Bytes {
    Plain(BufReader<File>),
    Zstd(Box<BufReader<zstd::stream::read::Decoder<'static, BufReader<File>>>>),
}

impl Bytes {
    fn reader(&mut self) -> &mut dyn BufRead {
        match self {
            Self::Plain(reader) => reader,
            Self::Zstd(reader) => reader,
        }
    }
}

/// The lines of a source from some point on. Holds one line at a time.
pub struct Lines {
    bytes: Bytes,
    line: Vec<u8>,
    /// Bytes of a line that is too long beyond those in `line`, and the last of them.
    surplus: (u64, Vec<u8>),
    peeked: bool,
    ended: bool,
    head: Vec<u8>,
    tail: Vec<u8>,
    cursor: Cursor,
}

impl Lines {
    fn new(file: File, meta: &Metadata, source: &Source) -> std::io::Result<Self> {
        let bytes = if source.path.extension().is_some_and(|e| e == "zst") {
            let decoder = zstd::stream::read::Decoder::new(file)?;
            Bytes::Zstd(Box::new(BufReader::with_capacity(BUFFER, decoder)))
        } else {
            Bytes::Plain(BufReader::with_capacity(BUFFER, file))
        };
        Ok(Self {
            bytes,
            line: Vec::new(),
            surplus: (0, Vec::new()),
            peeked: false,
            ended: false,
            head: Vec::new(),
            tail: Vec::new(),
            cursor: Cursor { offset: 0, ..Cursor::whole(meta) },
        })
    }

    /// Goes to the cursor if everything before it is still what was read.
    fn forward(mut self, cursor: &Cursor) -> std::io::Result<Option<Self>> {
        let mut read = |n: u64| -> std::io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            self.bytes.reader().take(n).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let head = read(cursor.head.0)?;
        if head.len() as u64 != cursor.head.0 || hash(&head) != cursor.head.1 {
            return Ok(None);
        }
        // Head and tail overlap in a short file; start over then.
        let to_tail = cursor.offset.saturating_sub(cursor.tail.0);
        let tail = if to_tail < cursor.head.0 {
            let rest = read(cursor.offset - cursor.head.0)?;
            let all = [head.as_slice(), rest.as_slice()].concat();
            all.get(usize::try_from(to_tail).unwrap_or(usize::MAX)..).unwrap_or_default().to_vec()
        } else {
            match &mut self.bytes {
                Bytes::Plain(reader) => {
                    reader.seek(SeekFrom::Start(to_tail))?;
                }
                Bytes::Zstd(reader) => {
                    std::io::copy(&mut reader.by_ref().take(to_tail - cursor.head.0), &mut std::io::sink())?;
                }
            }
            let mut tail = Vec::new();
            self.bytes.reader().take(cursor.tail.0).read_to_end(&mut tail)?;
            tail
        };
        if tail.len() as u64 != cursor.tail.0 || hash(&tail) != cursor.tail.1 {
            return Ok(None);
        }
        self.head = head;
        self.tail = tail;
        self.cursor.offset = cursor.offset;
        self.cursor.line = cursor.line;
        self.cursor.open_end = cursor.open_end;
        Ok(Some(self))
    }

    /// The next line without its end; `None` when there is none yet. The same line is given until
    /// [`Lines::consume`]. A line of more than 32 MiB is given as an empty one.
    pub fn peek(&mut self) -> Option<&[u8]> {
        if !self.peeked && !self.ended {
            // A long line is not worth its memory for ever.
            if self.line.capacity() > 4 * BUFFER {
                self.line = Vec::new();
            }
            self.line.clear();
            self.surplus = (0, Vec::new());
            // An error in the middle (a compressed file that is still being written) is an end.
            let mut start = self.bytes.reader().take(LINE as u64);
            let read = start.read_until(b'\n', &mut self.line).unwrap_or(0);
            let mut whole = self.line.last() == Some(&b'\n');
            if read == LINE && !whole {
                whole = self.pass().unwrap_or(false);
            }
            self.peeked = read > 0 && (whole || (self.surplus.0 == 0 && parse(&self.line).is_some()));
            self.ended = !self.peeked;
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        self.peeked.then_some(if self.surplus.0 > 0 { &[] } else { line })
    }

    /// Reads the rest of a line without keeping it. Says whether it has an end.
    fn pass(&mut self) -> std::io::Result<bool> {
        loop {
            let bytes = self.bytes.reader().fill_buf()?;
            // Looking for the byte first is many times faster than for its place.
            let ends = bytes.contains(&b'\n');
            let end = ends.then(|| bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1));
            let here = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            let (last, length) =
                (here.get(here.len().saturating_sub(TAIL)..).unwrap_or_default(), here.len());
            self.surplus.0 += length as u64;
            self.surplus.1.extend_from_slice(last);
            let more = self.surplus.1.len().saturating_sub(TAIL);
            self.surplus.1.drain(..more);
            self.bytes.reader().consume(length);
            if end.is_some() || length == 0 {
                return Ok(end.is_some());
            }
        }
    }

    /// Passes the line that was given, and says how many bytes that were.
    pub fn consume(&mut self) -> u64 {
        if !std::mem::take(&mut self.peeked) {
            return 0;
        }
        let read = self.line.len() as u64 + self.surplus.0;
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(self.line.get(..room.min(self.line.len())).unwrap_or_default());
        self.tail
            .extend_from_slice(self.line.get(self.line.len().saturating_sub(TAIL)..).unwrap_or_default());
        self.tail.extend_from_slice(&self.surplus.1);
        let more = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..more);
        self.cursor.offset += read;
        // What follows an open end belongs to the line before.
        self.cursor.line += u64::from(!self.cursor.open_end);
        self.cursor.open_end = self.surplus.0 == 0 && self.line.last() != Some(&b'\n');
        read
    }

    /// Counts the line that is given as one that could not be understood, unless it is blank: that
    /// may be the end of the one before.
    pub fn skip(&self, source: &Source, sink: &mut dyn Sink) {
        let why = if self.surplus.0 > 0 {
            "it is longer than 32 MiB"
        } else if self.line.iter().all(u8::is_ascii_whitespace) {
            return;
        } else if std::str::from_utf8(&self.line).is_err() {
            "it is no UTF-8"
        } else {
            "it is no JSON object"
        };
        let line = Some(self.cursor.line + 1);
        sink.skipped(Skipped { path: source.path.clone(), line, item: None, why: why.into() });
    }

    /// Where the last consumed line ended.
    pub fn cursor(&self) -> Cursor {
        let mut cursor = self.cursor.clone();
        cursor.head = (self.head.len() as u64, hash(&self.head));
        cursor.tail = (self.tail.len() as u64, hash(&self.tail));
        if !self.ended {
            // There is more: the file must not pass for one that was read.
            (cursor.size, cursor.mtime) = (0, 0);
        }
        cursor
    }
}

/// A line as an object; `None` when it is anything else.
///
/// JavaScript writes halves of surrogate pairs as escapes, where it cut a text in the middle of a
/// character; JSON proper has no such thing, so they become U+FFFD.
pub fn parse(line: &[u8]) -> Option<Map<String, Value>> {
    let first = line.iter().find(|b| !b.is_ascii_whitespace() && !BOM.contains(b))?;
    if *first != b'{' {
        return None;
    }
    match value(line)? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Any JSON value, read as leniently as a line.
pub fn value(bytes: &[u8]) -> Option<Value> {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Ok(value) => Some(value),
        Err(_) => serde_json::from_slice(&without_halves(bytes)?).ok(),
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The line with lone surrogate escapes replaced; `None` when it has none.
fn without_halves(line: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| -> Option<u16> {
        let hex = line.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let mut out: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        if byte != b'\\' {
            at += 1;
            continue;
        }
        match unit(at) {
            Some(0xD800..=0xDBFF) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                if let Some(slot) = out.get_or_insert_with(|| line.to_vec()).get_mut(at + 2..at + 6) {
                    slot.copy_from_slice(b"fffd");
                }
                at += 6;
            }
            // An escape is at least two bytes: `\\` must not be taken for the start of `\u`.
            _ => at += 2,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn source(dir: &tempfile::TempDir, bytes: &[u8]) -> Source {
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, bytes).expect("written");
        Source { key: "a".into(), path }
    }

    fn drain(opened: Opened) -> (Vec<String>, Cursor) {
        let mut lines = match opened {
            Opened::Fresh(lines) | Opened::Grown(lines) => lines,
            Opened::Same | Opened::Gone => return (Vec::new(), Cursor::default()),
        };
        let mut out = Vec::new();
        while let Some(line) = lines.peek() {
            out.push(String::from_utf8_lossy(line).into_owned());
            lines.consume();
        }
        (out, lines.cursor())
    }

    #[test]
    fn a_torn_end_waits_and_the_rest_is_read_later() {
        let dir = tempfile::tempdir().expect("a folder");
        let src = source(&dir, b"{\"a\":1}\n{\"b\":");
        let (lines, cursor) = drain(open(&src, None));
        assert_eq!((lines.len(), cursor.offset), (1, 8));
        let mut file = crate::sys::files::append(&src.path).expect("opened");
        file.write_all(b"2}\n{\"c\":3}").expect("written");
        let Opened::Grown(grown) = open(&src, Some(&cursor)) else { panic!("appended to") };
        let (lines, cursor) = drain(Opened::Grown(grown));
        assert_eq!(lines, ["{\"b\":2}", "{\"c\":3}"], "a whole object needs no line end");
        assert!(matches!(open(&src, Some(&cursor)), Opened::Same));
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_and_not_read_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let long = vec![b'x'; LINE + 3 * BUFFER + 5];
        let text = [b"{\"a\":1}\n".as_slice(), &long, b"\n{\"b\":2}\n"].concat();
        let src = source(&dir, &text);
        let (lines, cursor) = drain(open(&src, None));
        assert_eq!(lines, ["{\"a\":1}", "", "{\"b\":2}"]);
        assert_eq!(cursor.offset, text.len() as u64);
        let mut file = crate::sys::files::append(&src.path).expect("opened");
        // Now one that has no end yet.
        file.write_all(&long).expect("written");
        let (lines, cursor) = drain(open(&src, Some(&cursor)));
        assert!(lines.is_empty());
        assert!(matches!(open(&src, Some(&cursor)), Opened::Same));
        file.write_all(b"\n{\"c\":3}\n").expect("written");
        let (lines, _) = drain(open(&src, Some(&cursor)));
        assert_eq!(lines, ["", "{\"c\":3}"]);
    }

    #[test]
    fn a_file_that_was_written_anew_is_noticed() {
        let dir = tempfile::tempdir().expect("a folder");
        let long: String = (0..200).map(|i| format!("{{\"line\":{i}}}\n")).collect();
        let src = source(&dir, long.as_bytes());
        let (_, cursor) = drain(open(&src, None));
        for changed in [
            long.replace("{\"line\":3}", "{\"line\":X}"),
            long.replace("{\"line\":199}", "{\"line\":777}\n{}"),
            "{\"line\":0}\n".to_owned(),
            String::new(),
        ] {
            std::fs::write(&src.path, changed).expect("written");
            assert!(matches!(open(&src, Some(&cursor)), Opened::Fresh(_)));
        }
        std::fs::remove_file(&src.path).expect("removed");
        assert!(matches!(open(&src, Some(&cursor)), Opened::Gone));
    }

    #[test]
    fn compressing_a_file_does_not_make_it_another() {
        let dir = tempfile::tempdir().expect("a folder");
        let text: String = (0..500).map(|i| format!("{{\"line\":{i}}}\n")).collect();
        let src = source(&dir, text.as_bytes());
        let (_, cursor) = drain(open(&src, None));
        let path = dir.path().join("a.jsonl.zst");
        let more = format!("{text}{{\"new\":1}}\n");
        std::fs::write(&path, zstd::encode_all(more.as_bytes(), 1).expect("compressed")).expect("written");
        let (lines, _) = drain(open(&Source { key: "a".into(), path }, Some(&cursor)));
        assert_eq!(lines, ["{\"new\":1}"]);
    }

    #[test]
    fn halves_of_characters_do_not_lose_the_line() {
        let map = parse(br#"{"a":"x\ud83d","b":"\ud83d\ude00","c":"\\ud83d"}"#).expect("repaired");
        assert_eq!(map["a"], "x\u{fffd}");
        assert_eq!(map["b"], "😀");
        assert_eq!(map["c"], "\\ud83d");
        assert!(parse(b"[1]").is_none());
        assert!(parse(b"{\"a\":\xff}").is_none());
    }

    /// A line is an object, or bytes that do not begin with one: an object with something after it
    /// is read as an object if the file happens to end between the two.
    fn some_line() -> impl Strategy<Value = Vec<u8>> {
        let rubbish = prop::collection::vec(any::<u8>().prop_filter("ends", |b| !b"\n}".contains(b)), 0..20);
        prop_oneof![rubbish, ".{0,9}".prop_map(|t| serde_json::json!({"k": t}).to_string().into_bytes())]
    }

    proptest! {
        #[test]
        fn any_lines_read_in_any_pieces_are_the_same(
            lines in prop::collection::vec(some_line(), 0..20),
            cut in 0usize..400,
        ) {
            let bytes = lines.join(&b'\n');
            let dir = tempfile::tempdir().expect("a folder");
            let cut = cut.min(bytes.len());
            let src = source(&dir, &bytes);
            let (all, _) = drain(open(&src, None));
            let src = source(&dir, &bytes[..cut]);
            let (mut parts, cursor) = drain(open(&src, None));
            std::fs::write(&src.path, &bytes).expect("written");
            parts.extend(drain(open(&src, Some(&cursor))).0);
            let solid = |lines: Vec<String>| lines.into_iter().filter(|l| !l.trim().is_empty()).collect::<Vec<_>>();
            prop_assert_eq!(solid(all), solid(parts));
        }
    }
}
