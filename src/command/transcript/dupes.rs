//! `dupes`

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::transcript::{Filter, Sort, TranscriptRow};
use crate::model::{HostName, ToolId, TranscriptId};
use crate::transcript::compare::{self, Print};
use crate::transcript::storage;

/// Find transcripts that say the same: copies, forks that added nothing, one session on two hosts.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct Dupes {}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Duplicates {
    groups: Vec<Group>,
    /// Bytes of all but the longest of each group.
    bytes: u64,
}

/// Transcripts that say the same, the longest first.
#[derive(Debug, Serialize)]
pub struct Group {
    /// `identical`, or `contained`: the others are beginnings of the first.
    kind: &'static str,
    transcripts: Vec<Duplicate>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct Duplicate {
    id: TranscriptId,
    tool: ToolId,
    host: HostName,
    title: Option<String>,
    messages: u64,
    bytes: u64,
}

impl Command for Dupes {
    const TOUCH: Touch = Touch::Reads;
    type Output = Duplicates;

    async fn run(self, cx: &Ctx) -> Result<Done<Duplicates>> {
        let mut rows = Vec::new();
        for row in cx.store.transcripts(Filter::default(), Sort::Messages, 0, 0).await? {
            let (_, length) = cx.store.transcript(&row.id).await?;
            rows.push((row, length));
        }
        let sessions = cx.paths.sessions();
        let (cancel, find) =
            (cx.cancel.clone(), move |cancel: &dyn Fn() -> bool| find(&sessions, rows, cancel));
        let groups = tokio::task::spawn_blocking(move || find(&|| cancel.is_cancelled()))
            .await
            .map_err(|e| Error::internal(format!("reading messages ended early: {e}")))??;
        let bytes = groups.iter().flat_map(|g| g.transcripts.iter().skip(1)).map(|d| d.bytes).sum();
        Ok(Duplicates { groups, bytes }.into())
    }
}

/// Looks at those that could be the same alone: they begin with the same message.
fn find(
    sessions: &std::path::Path,
    rows: Vec<(TranscriptRow, u64)>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Group>> {
    let mut by_first: HashMap<Print, Vec<(TranscriptRow, u64)>> = HashMap::new();
    for (row, length) in rows {
        if cancelled() {
            return Err(Error::cancelled());
        }
        // A transcript whose messages are gone is like no other.
        let mut first = None;
        let _ = crate::transcript::page::every(sessions, &row.id, length, 1..=1, |_, message| {
            first = Some(compare::print(&message));
            Ok(())
        });
        if let Some(first) = first {
            by_first.entry(first).or_default().push((row, length));
        }
    }
    let mut groups = Vec::new();
    for candidates in by_first.into_values().filter(|candidates| candidates.len() > 1) {
        // The longest first, so that a beginning always finds its whole.
        let mut wholes: Vec<(Vec<Print>, Vec<Duplicate>, bool)> = Vec::new();
        for (row, length) in candidates {
            if cancelled() {
                return Err(Error::cancelled());
            }
            let prints = compare::prints(sessions, &row.id, length).unwrap_or_default();
            let prints: Vec<Print> = prints.into_iter().map(|(_, print)| print).collect();
            let one = Duplicate {
                bytes: storage::size(sessions, &row.id).bytes(),
                id: row.id,
                tool: row.tool,
                host: row.host,
                title: row.title,
                messages: row.messages,
            };
            match wholes.iter_mut().find(|(whole, _, _)| whole.starts_with(&prints)) {
                Some((whole, members, identical)) => {
                    *identical &= whole.len() == prints.len();
                    members.push(one);
                }
                None => wholes.push((prints, vec![one], true)),
            }
        }
        for (_, transcripts, identical) in wholes.into_iter().filter(|(_, members, _)| members.len() > 1) {
            groups.push(Group { kind: if identical { "identical" } else { "contained" }, transcripts });
        }
    }
    groups.sort_by(|a, b| a.transcripts[0].id.as_str().cmp(b.transcripts[0].id.as_str()));
    Ok(groups)
}
