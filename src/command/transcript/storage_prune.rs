//! `storage prune`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::quantity::{Dur, Size};
use crate::model::transcript::{Filter, Sort};
use crate::model::{Time, TranscriptId};
use crate::transcript::{lock, storage};

/// Remove old transcripts for good. The tools' own sessions are not touched, and not captured again.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct StoragePrune {
    /// Those whose last message is older, and deleted ones that were deleted before: 90d.
    #[arg(long, value_name = "DUR", required_unless_present = "max_size")]
    #[serde(default)]
    pub older_than: Option<Dur>,
    /// So much that no more than this remains: first deleted ones, then what tools keep beside the
    /// talk, then transcripts, the oldest first: 2GB.
    #[arg(long, value_name = "SIZE")]
    #[serde(default)]
    pub max_size: Option<Size>,
}

/// What was (with `--dry-run`: would be) removed.
#[derive(Debug, Serialize)]
pub struct Pruned {
    /// Bytes that were freed.
    freed: u64,
    /// Bytes of transcripts that remain.
    bytes: u64,
    removed: Vec<Removed>,
}

/// A thing that was removed.
#[derive(Debug, Serialize)]
pub struct Removed {
    id: TranscriptId,
    /// `deleted`, `raw` or `transcript`.
    what: What,
    title: Option<String>,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Deleted,
    Raw,
    Transcript,
}

impl Command for StoragePrune {
    const TOUCH: Touch = Touch::Destroys;
    type Output = Pruned;

    fn asks(&self) -> Option<String> {
        let older = self.older_than.map(|age| format!("all that is older than {age}"));
        let large = self.max_size.map(|size| format!("the oldest until {size} remain"));
        let what: Vec<String> = older.into_iter().chain(large).collect();
        Some(format!("Remove transcripts for good: {}?", what.join(", and ")))
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Pruned>> {
        if self.older_than.is_none() && self.max_size.is_none() {
            return Err(Error::usage("say what is too much").hint("--older-than 90d, --max-size 2GB"));
        }
        let _lock = lock::take(&cx.paths, cx.options.timeout).await?;
        let (removed, bytes) = self.plan(cx).await?;
        if !cx.options.dry_run {
            for (done, one) in removed.iter().enumerate() {
                cx.emit.progress(done as u64, removed.len() as u64, one.id.as_str());
                remove(cx, one).await?;
            }
            cx.store.index_transcripts().await?;
        }
        Ok(Pruned { freed: removed.iter().map(|one| one.bytes).sum(), bytes, removed }.into())
    }
}

impl StoragePrune {
    /// What goes, and how many bytes remain.
    async fn plan(&self, cx: &Ctx) -> Result<(Vec<Removed>, u64)> {
        let (sessions, trash) = (cx.paths.sessions(), cx.paths.trash_dir());
        let before = self
            .older_than
            .map(|Dur(age)| cx.clock.now().plus_ms(-i64::try_from(age.as_millis()).unwrap_or(i64::MAX)));
        let old = |at: Option<Time>| before.is_some_and(|before| at.is_none_or(|at| at < before));
        let mut gone = cx.store.deleted_transcripts().await?;
        gone.reverse();
        let mut rows = cx.store.transcripts(Filter::default(), Sort::Updated, 0, 0).await?;
        rows.reverse();
        let sizes: Vec<storage::Size> = rows.iter().map(|row| storage::size(&sessions, &row.id)).collect();
        let mut left: u64 = sizes.iter().map(|size| size.bytes()).sum();
        left += gone.iter().map(|one| storage::size(&trash, &one.id).bytes()).sum::<u64>();
        let too_much = |left: u64| self.max_size.is_some_and(|Size(most)| left > most);
        let mut removed = Vec::new();
        for one in gone {
            if old(Some(one.at)) || too_much(left) {
                let bytes = storage::size(&trash, &one.id).bytes();
                left -= bytes;
                removed.push(Removed { id: one.id, what: What::Deleted, title: one.title, bytes });
            }
        }
        let raw_of_old = removed.len();
        for (row, size) in rows.iter().zip(&sizes) {
            if old(row.updated) {
                left -= size.bytes();
                let (id, title) = (row.id.clone(), row.title.clone());
                removed.push(Removed { id, what: What::Transcript, title, bytes: size.bytes() });
            }
        }
        let whole: Vec<TranscriptId> = removed[raw_of_old..].iter().map(|one| one.id.clone()).collect();
        let mut stay: Vec<_> = rows.iter().zip(&sizes).filter(|(row, _)| !whole.contains(&row.id)).collect();
        for (row, size) in stay.iter().filter(|(_, size)| size.raw > 0) {
            if too_much(left) {
                left -= size.raw;
                let (id, title) = (row.id.clone(), row.title.clone());
                removed.push(Removed { id, what: What::Raw, title, bytes: size.raw });
            }
        }
        for (row, size) in stay.drain(..) {
            if too_much(left) {
                // Its raw part went in the step before.
                left -= size.talk;
                let (id, title) = (row.id.clone(), row.title.clone());
                removed.push(Removed { id, what: What::Transcript, title, bytes: size.talk });
            }
        }
        Ok((removed, left))
    }
}

async fn remove(cx: &Ctx, one: &Removed) -> Result<()> {
    let folder = if one.what == What::Deleted { cx.paths.trash_dir() } else { cx.paths.sessions() };
    match one.what {
        What::Transcript => cx.store.delete_transcript(&one.id, cx.clock.now(), false).await?,
        What::Deleted => cx.store.forget_deleted(&one.id).await?,
        What::Raw => {}
    }
    let (id, what) = (one.id.clone(), one.what);
    let erase = move || match what {
        What::Raw => storage::erase_raw(&folder, &id),
        What::Deleted | What::Transcript => storage::erase(&folder, &id).map(|_| ()),
    };
    tokio::task::spawn_blocking(erase)
        .await
        .map_err(|e| Error::internal(format!("removing ended early: {e}")))?
}
