//! `daemon rebuild-index`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::sys::clock::Watch;

/// Make the search index anew from the captured transcripts.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct DaemonRebuildIndex {}

/// What was made.
#[derive(Debug, Serialize)]
pub struct Rebuilt {
    messages: u64,
    ms: u64,
}

impl Command for DaemonRebuildIndex {
    const TOUCH: Touch = Touch::Writes;
    type Output = Rebuilt;

    async fn run(self, cx: &Ctx) -> Result<Done<Rebuilt>> {
        let watch = Watch::start();
        if cx.options.dry_run {
            return Ok(Rebuilt { messages: 0, ms: 0 }.into());
        }
        let messages = cx.store.rebuild_index().await?;
        Ok(Rebuilt { messages, ms: watch.ms() }.into())
    }
}
