//! `summary`

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::Prices;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::Time;
use crate::model::transcript::{Filter, Sort, TranscriptRow};
use crate::sys::clock;
use crate::transcript::page;
use crate::transcript::summary::{Summarizer, Summary as Told};

/// Tell what a session did: files, commands, tests, packages, outcome. No model is asked.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Summary {
    /// Its id, a prefix of it, its alias, or `@last`.
    #[arg(required_unless_present = "today", conflicts_with = "today")]
    #[serde(default)]
    pub id: Option<String>,
    /// Everything that was done today (in the local zone), by session.
    #[arg(long)]
    #[serde(default)]
    pub today: bool,
}

impl Command for Summary {
    const TOUCH: Touch = Touch::Reads;
    type Output = Value;

    async fn run(self, cx: &Ctx) -> Result<Done<Value>> {
        if let Some(text) = &self.id {
            let id = cx.store.find_transcript(text).await?;
            let (row, length) = cx.store.transcript(&id).await?;
            return Ok(serde_json::to_value(tell(cx, row, length, None).await?)?.into());
        }
        if !self.today {
            return Err(Error::usage("say of which session").hint("or --today"));
        }
        let (day, midnight) = clock::local_day(cx.clock.now());
        let filter = Filter { since: Some(midnight), ..Filter::default() };
        let mut sessions = Vec::new();
        for row in cx.store.transcripts(filter, Sort::Updated, 0, 0).await? {
            let (_, length) = cx.store.transcript(&row.id).await?;
            sessions.push(tell(cx, row, length, Some(midnight)).await?);
        }
        let sum = |of: fn(&Told) -> u64| sessions.iter().map(of).sum::<u64>();
        let value = json!({
            "day": day,
            "since": midnight,
            "messages": sum(|s| s.messages),
            "prompts": sum(|s| s.prompts.len() as u64),
            "files_written": sum(|s| s.files.iter().filter(|f| f.written > 0).count() as u64),
            "commands": sum(|s| s.commands.iter().map(|c| c.times).sum()),
            "failures": sum(|s| s.failures),
            "sessions": sessions,
        });
        Ok(value.into())
    }
}

/// The summary of a session, of its messages since a moment.
async fn tell(cx: &Ctx, mut row: TranscriptRow, length: u64, since: Option<Time>) -> Result<Told> {
    Prices::load(&cx.paths.prices()).fill(std::slice::from_mut(&mut row));
    let sessions = cx.paths.sessions();
    let read = move || {
        let mut summarizer = Summarizer::new(&row);
        page::each(&sessions, &row.id, length, 1..=u64::MAX, |_, message| {
            if since.is_none_or(|since| message.timestamp >= since) {
                summarizer.message(&message);
            }
            Ok(())
        })?;
        Ok(summarizer.end())
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|e| Error::internal(format!("reading messages ended early: {e}")))?
}
