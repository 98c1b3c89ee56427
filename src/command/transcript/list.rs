//! `list`

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::args::Which;
use crate::config::Prices;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::ToolId;
use crate::model::transcript::{Sort, TranscriptRow};
use crate::tool;

/// List captured transcripts, newest first.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct List {
    /// Which transcripts.
    #[command(flatten)]
    #[serde(flatten)]
    pub which: Which,
    /// How many; 0 for all.
    #[arg(long, default_value_t = 50, value_name = "N")]
    #[serde(default = "fifty")]
    pub limit: u64,
    /// By what, the largest first.
    #[arg(long, value_enum, default_value = "updated")]
    #[serde(default)]
    pub sort: Order,
}

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The last message.
    #[default]
    Updated,
    /// The first message.
    Created,
    /// The number of messages.
    Messages,
    /// What it cost.
    Cost,
}

const fn fifty() -> u64 {
    50
}

impl From<Order> for Sort {
    fn from(order: Order) -> Self {
        match order {
            Order::Updated => Self::Updated,
            Order::Created => Self::Created,
            Order::Messages => Self::Messages,
            Order::Cost => Self::Cost,
        }
    }
}

impl Command for List {
    const TOUCH: Touch = Touch::Reads;
    type Output = Vec<TranscriptRow>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<TranscriptRow>>> {
        let filter = self.which.filter(cx).await?;
        // What the price table adds is not in the database.
        let by_cost = matches!(self.sort, Order::Cost);
        let limit = if by_cost { 0 } else { self.limit };
        let mut rows = cx.store.transcripts(filter, self.sort.into(), limit, 0).await?;
        Prices::load(&cx.paths.prices()).fill(&mut rows);
        if by_cost {
            rows.sort_by(|a, b| b.cost_usd.unwrap_or(-1.0).total_cmp(&a.cost_usd.unwrap_or(-1.0)));
            if self.limit > 0 {
                rows.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
            }
        }
        mark_live(cx, &mut rows).await;
        Ok(rows.into())
    }
}

/// Marks the rows of this machine whose tool still runs.
pub(super) async fn mark_live(cx: &Ctx, rows: &mut [TranscriptRow]) {
    let env = cx.env.clone();
    let look = move || {
        let tools = tool::all().iter().flat_map(|tool| {
            let roots = tool.roots(&env).into_iter();
            roots.flat_map(|root| tool.live(&root)).map(|native| (tool.id(), native))
        });
        tools.collect::<HashSet<(ToolId, String)>>()
    };
    let live = tokio::task::spawn_blocking(look).await.unwrap_or_default();
    for row in rows.iter_mut().filter(|row| row.host.is_local()) {
        row.live = live.contains(&(row.tool, row.native_id.clone()));
    }
}
