//! `search`

use serde::{Deserialize, Serialize};

use super::args::Which;
use crate::engine::{Command, Ctx, Done, Level, Touch};
use crate::error::{Code, Result};
use crate::model::message::Role;
use crate::model::transcript::Hit;
use crate::store::{self, Found};

/// Search all messages: text, reasoning, what tools were called with and what they answered.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Search {
    /// Words, "a phrase", prefix*, AND, OR, NOT, parentheses.
    #[arg(required = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// In which transcripts.
    #[command(flatten)]
    #[serde(flatten)]
    pub which: Which,
    /// Only messages of this role.
    #[arg(long, value_name = "ROLE")]
    #[serde(default)]
    pub role: Option<Role>,
    /// How many hits; 0 for all.
    #[arg(long, default_value_t = 20, value_name = "N")]
    #[serde(default = "twenty")]
    pub limit: u64,
    /// Characters to each side of a match.
    #[arg(long, default_value_t = 80, value_name = "N")]
    #[serde(default = "eighty")]
    pub context: usize,
    /// By what hits are sorted.
    #[arg(long, value_enum, default_value = "newest")]
    #[serde(default)]
    pub sort: By,
    /// The query is a regular expression; every message is looked at.
    #[arg(long)]
    #[serde(default)]
    pub regex: bool,
}

/// The order of hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The newest first.
    #[default]
    Newest,
    /// The best first.
    Rank,
}

const fn twenty() -> u64 {
    20
}

const fn eighty() -> usize {
    80
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct SearchReport {
    total: u64,
    hits: Vec<Hit>,
}

impl Command for Search {
    const TOUCH: Touch = Touch::Reads;
    type Output = SearchReport;

    async fn run(self, cx: &Ctx) -> Result<Done<SearchReport>> {
        let search = store::Search {
            query: self.query.join(" "),
            regex: self.regex,
            filter: self.which.filter(cx).await?,
            role: self.role,
            rank: self.sort == By::Rank,
            limit: self.limit,
            context: self.context,
        };
        let Found { total, hits } = match find(cx, search.clone()).await {
            Err(error) if error.code == Code::Corrupt => {
                cx.store.drop_index()?;
                find(cx, search).await?
            }
            other => other?,
        };
        Ok(SearchReport { total, hits }.into())
    }
}

/// Searches what was captured, all of it.
async fn find(cx: &Ctx, search: store::Search) -> Result<Found> {
    if let Some(why) = cx.store.index_unless_busy().await?.rebuilt {
        cx.emit.notice(Level::Warn, format!("the search index was built again: {why}")).await;
    }
    cx.store.search(search).await
}
