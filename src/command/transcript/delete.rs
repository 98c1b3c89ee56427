//! `delete`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::TranscriptId;
use crate::transcript::{lock, storage};

/// Delete a transcript. `undelete` brings it back; the tool's own session is not touched, and not
/// captured again.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Delete {
    /// Its id, a prefix of it, its alias, or `@last`.
    pub id: String,
}

/// What was deleted.
#[derive(Debug, Serialize)]
pub struct Gone {
    id: TranscriptId,
    title: Option<String>,
    bytes: u64,
    deleted: bool,
}

impl Command for Delete {
    const TOUCH: Touch = Touch::Destroys;
    type Output = Gone;

    fn asks(&self) -> Option<String> {
        Some(format!("Delete transcript `{}`? `sf undelete` brings it back.", self.id))
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Gone>> {
        let id = cx.store.find_transcript(&self.id).await?;
        let (row, _) = cx.store.transcript(&id).await?;
        let (sessions, trash) = (cx.paths.sessions(), cx.paths.trash_dir());
        let bytes = storage::size(&sessions, &id).bytes();
        if !cx.options.dry_run {
            let _lock = lock::take(&cx.paths, cx.options.timeout).await?;
            // The row first: a folder without a row is nobody's, a row without its folder is broken.
            cx.store.delete_transcript(&id, cx.clock.now(), true).await?;
            let moved = id.clone();
            tokio::task::spawn_blocking(move || storage::carry(&sessions, &trash, &moved))
                .await
                .map_err(|e| Error::internal(format!("moving `{id}` ended early: {e}")))??;
            cx.store.index_transcripts().await?;
        }
        Ok(Gone { id, title: row.title, bytes, deleted: !cx.options.dry_run }.into())
    }
}
