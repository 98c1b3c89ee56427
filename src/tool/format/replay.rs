//! Reading what was added to a file of JSON lines, for tools whose session is such a file.

use serde_json::{Map, Value};

use super::jsonl::{Lines, parse};
use crate::error::Result;
use crate::tool::{Progress, Sink, Source};

/// Bytes between two checkpoints.
pub const CHECKPOINT: u64 = 8 * 1024 * 1024;

/// What makes messages of a file's lines, one after the other.
pub trait Records {
    /// Takes one line; `raw` is the same as bytes.
    ///
    /// # Errors
    /// Those of the sink.
    fn record(&mut self, line: Map<String, Value>, raw: &[u8], sink: &mut dyn Sink) -> Result<()>;

    /// Gives what was kept back for a later line.
    ///
    /// # Errors
    /// Those of the sink.
    fn flush(&mut self, _: &mut dyn Sink) -> Result<()> {
        Ok(())
    }

    /// Puts what has to be remembered into the progress.
    fn save(&mut self, progress: &mut Progress);
}

/// Gives all lines that are left to `records`, with a checkpoint now and then; the last one is for who called.
///
/// # Errors
/// Those of the sink.
pub fn replay(
    source: &Source,
    mut lines: Lines,
    records: &mut dyn Records,
    progress: &mut Progress,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut since = 0;
    while let Some(bytes) = lines.peek() {
        match parse(bytes) {
            Some(map) => records.record(map, bytes, sink)?,
            None => lines.skip(source, sink),
        }
        let bytes = lines.consume();
        sink.read(bytes);
        since += bytes;
        if since >= CHECKPOINT {
            since = 0;
            save(source, &lines, records, progress, sink)?;
            sink.checkpoint(progress)?;
        }
    }
    save(source, &lines, records, progress, sink)
}

fn save(
    source: &Source,
    lines: &Lines,
    records: &mut dyn Records,
    progress: &mut Progress,
    sink: &mut dyn Sink,
) -> Result<()> {
    records.flush(sink)?;
    progress.cursors.insert(source.key.clone(), lines.cursor());
    records.save(progress);
    Ok(())
}
