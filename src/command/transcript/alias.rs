//! `alias`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::{Name, TranscriptId};

/// Call a transcript by a name, which every command takes for its id.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Alias {
    /// Its id, a prefix of it, its alias, or `@last`.
    pub id: String,
    /// The name.
    #[arg(required_unless_present = "clear", conflicts_with = "clear")]
    #[serde(default)]
    pub name: Option<Name>,
    /// Take its name away.
    #[arg(long)]
    #[serde(default)]
    pub clear: bool,
}

/// A transcript and its name.
#[derive(Debug, Serialize)]
pub struct Named {
    id: TranscriptId,
    alias: Option<Name>,
}

impl Command for Alias {
    const TOUCH: Touch = Touch::Writes;
    type Output = Named;

    async fn run(self, cx: &Ctx) -> Result<Done<Named>> {
        let id = cx.store.find_transcript(&self.id).await?;
        if self.name.is_none() && !self.clear {
            return Err(crate::error::Error::usage("a name is missing").hint("or --clear takes it away"));
        }
        if !cx.options.dry_run {
            cx.store.alias_transcript(&id, self.name.clone()).await?;
        }
        Ok(Named { id, alias: self.name }.into())
    }
}
