//! `compare`

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::Prices;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::transcript::TranscriptRow;
use crate::transcript::compare::{self, Messages, Print, Shared};
use crate::transcript::page;
use crate::transcript::summary::Summarizer;

/// Compare two transcripts: what they have in common, and where they part.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Compare {
    /// The first one: an id, a prefix, an alias, or `@last`.
    pub a: String,
    /// The second one.
    pub b: String,
}

/// What two transcripts have in common.
#[derive(Debug, Serialize)]
pub struct Comparison {
    a: TranscriptRow,
    b: TranscriptRow,
    messages: Messages,
    /// Files that were written.
    files: Shared,
    /// Commands that were run.
    commands: Shared,
    /// Fields of the list that differ.
    differences: Vec<Value>,
}

/// Fields whose difference says nothing.
const OWN: [&str; 3] = ["id", "native_id", "live"];

impl Command for Compare {
    const TOUCH: Touch = Touch::Reads;
    type Output = Comparison;

    async fn run(self, cx: &Ctx) -> Result<Done<Comparison>> {
        let mut rows = Vec::new();
        let mut lengths = Vec::new();
        for text in [&self.a, &self.b] {
            let id = cx.store.find_transcript(text).await?;
            let (row, length) = cx.store.transcript(&id).await?;
            rows.push(row);
            lengths.push(length);
        }
        Prices::load(&cx.paths.prices()).fill(&mut rows);
        let [a, b] = <[TranscriptRow; 2]>::try_from(rows).map_err(|_| Error::internal("two are two"))?;
        let differences = differences(&a, &b)?;
        let sessions = cx.paths.sessions();
        let read = move || {
            let (of_a, of_b) = (side(&sessions, &a, lengths[0])?, side(&sessions, &b, lengths[1])?);
            Ok(Comparison {
                messages: compare::messages(&of_a.prints, &of_b.prints),
                files: compare::names(&of_a.files, &of_b.files),
                commands: compare::names(&of_a.commands, &of_b.commands),
                differences,
                a,
                b,
            })
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|e| Error::internal(format!("reading messages ended early: {e}")))?
            .map(Done::from)
    }
}

struct Side {
    prints: Vec<(u64, Print)>,
    files: BTreeSet<String>,
    commands: BTreeSet<String>,
}

fn side(sessions: &Path, row: &TranscriptRow, length: u64) -> Result<Side> {
    let mut prints = Vec::new();
    let mut summarizer = Summarizer::new(row);
    page::each(sessions, &row.id, length, 1..=u64::MAX, |seq, message| {
        prints.push((seq, compare::print(&message)));
        summarizer.message(&message);
        Ok(())
    })?;
    let told = summarizer.end();
    let files = told.files.into_iter().filter(|file| file.written > 0).map(|file| file.path).collect();
    let commands = told.commands.into_iter().map(|run| run.command).collect();
    Ok(Side { prints, files, commands })
}

fn differences(a: &TranscriptRow, b: &TranscriptRow) -> Result<Vec<Value>> {
    let (a, b) = (serde_json::to_value(a)?, serde_json::to_value(b)?);
    let fields = a.as_object().into_iter().flatten();
    let differing = fields.filter(|(key, value)| !OWN.contains(&key.as_str()) && b[key.as_str()] != **value);
    Ok(differing.map(|(key, value)| json!({"field": key, "a": value, "b": b[key.as_str()]})).collect())
}
