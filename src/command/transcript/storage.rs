//! `storage`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::transcript::{Filter, Sort};
use crate::transcript::storage;

/// Show the room that transcripts take, by tool, host and age.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct Storage {}

/// The room that transcripts take, in bytes.
#[derive(Debug, Serialize)]
pub struct Room {
    /// All of it.
    bytes: u64,
    /// Transcripts.
    sessions: u64,
    /// What tools keep beside the talk; it can be pruned.
    raw_bytes: u64,
    /// The search index; it can be made again.
    index_bytes: u64,
    /// Everything else that sf remembers.
    state_bytes: u64,
    /// Deleted transcripts that can be brought back.
    trash_bytes: u64,
    by_tool: Vec<Part>,
    by_host: Vec<Part>,
    /// By the last message: `7d`, `30d`, `90d`, `1y`, `older`.
    by_age: Vec<Part>,
}

/// A part of it.
#[derive(Debug, Default, Serialize)]
pub struct Part {
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<String>,
    sessions: u64,
    bytes: u64,
}

const DAY: i64 = 86_400_000;
/// Ages of the last message in days.
const AGES: [(i64, &str); 5] = [(7, "7d"), (30, "30d"), (90, "90d"), (365, "1y"), (i64::MAX / DAY, "older")];

impl Command for Storage {
    const TOUCH: Touch = Touch::Reads;
    type Output = Room;

    async fn run(self, cx: &Ctx) -> Result<Done<Room>> {
        let rows = cx.store.transcripts(Filter::default(), Sort::Updated, 0, 0).await?;
        let (paths, now) = (cx.paths.clone(), cx.clock.now());
        let count = move || {
            let (mut tools, mut hosts, mut ages) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
            let (mut bytes, mut raw_bytes) = (0, 0);
            for row in &rows {
                let size = storage::size(&paths.sessions(), &row.id);
                (bytes, raw_bytes) = (bytes + size.bytes(), raw_bytes + size.raw);
                let age = row.updated.map_or(i64::MAX, |at| at.until(now));
                let age = AGES.iter().position(|(days, _)| age < days * DAY).unwrap_or(AGES.len() - 1);
                add(tools.entry(row.tool.to_string()).or_default(), size.bytes());
                add(hosts.entry(row.host.to_string()).or_default(), size.bytes());
                add(ages.entry(age).or_default(), size.bytes());
            }
            let database = |path: std::path::PathBuf| -> u64 {
                let beside = ["", "-wal", "-shm"].map(|end| format!("{}{end}", path.display()));
                beside.iter().map(|path| storage::tree(path.as_ref())).sum()
            };
            let (index_bytes, state_bytes) = (database(paths.index_db()), database(paths.state_db()));
            // Removed workspaces lie in the same folder, and are none of these.
            let trash = paths.trash_dir();
            let trash_bytes = storage::ids(&trash).iter().map(|id| storage::size(&trash, id).bytes()).sum();
            Room {
                bytes: bytes + index_bytes + state_bytes + trash_bytes,
                sessions: rows.len() as u64,
                raw_bytes,
                index_bytes,
                state_bytes,
                trash_bytes,
                by_tool: tools.into_iter().map(|(key, part)| Part { tool: Some(key), ..part }).collect(),
                by_host: hosts.into_iter().map(|(key, part)| Part { host: Some(key), ..part }).collect(),
                by_age: ages
                    .into_iter()
                    .map(|(at, part): (usize, Part)| Part { age: Some(AGES[at].1.to_owned()), ..part })
                    .collect(),
            }
        };
        let room = tokio::task::spawn_blocking(count)
            .await
            .map_err(|e| Error::internal(format!("counting bytes ended early: {e}")))?;
        Ok(room.into())
    }
}

fn add(part: &mut Part, bytes: u64) {
    part.sessions += 1;
    part.bytes += bytes;
}
