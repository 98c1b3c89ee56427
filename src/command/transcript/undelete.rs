//! `undelete`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::TranscriptId;
use crate::store::Deleted;
use crate::transcript::{lock, storage};

/// Bring a deleted transcript back; without an id, list those that can come back.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Undelete {
    /// Its id, a prefix of it, the alias it had, or `@last` for the last one deleted.
    #[serde(default)]
    pub id: Option<String>,
}

/// What came back, and what can.
#[derive(Debug, Serialize)]
pub struct Back {
    id: Option<TranscriptId>,
    restorable: Vec<Deleted>,
}

impl Command for Undelete {
    const TOUCH: Touch = Touch::Writes;
    type Output = Back;

    async fn run(self, cx: &Ctx) -> Result<Done<Back>> {
        let mut back = None;
        if let Some(text) = &self.id {
            let id = cx.store.find_deleted(text).await?;
            if !cx.options.dry_run {
                let _lock = lock::take(&cx.paths, cx.options.timeout).await?;
                let (sessions, trash, moved) = (cx.paths.sessions(), cx.paths.trash_dir(), id.clone());
                tokio::task::spawn_blocking(move || storage::carry(&trash, &sessions, &moved))
                    .await
                    .map_err(|e| Error::internal(format!("moving `{id}` ended early: {e}")))??;
                cx.store.restore_transcript(&id).await?;
                cx.store.index_transcripts().await?;
            }
            back = Some(id);
        }
        Ok(Back { id: back, restorable: cx.store.deleted_transcripts().await? }.into())
    }
}
