//! All transcripts, not only the newest that every picture of the world has; and how capturing the
//! tools goes.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::command::screen::args::By;
use crate::model::snapshot::{Snapshot, Transcripts};
use crate::model::transcript::TranscriptRow;
use crate::model::{Time, ToolId, TranscriptId};

/// Milliseconds between two looks at the whole list while transcripts change.
const LIST: i64 = 5_000;
/// Milliseconds between two looks at the tools.
const TOOLS: i64 = 600_000;

/// How capturing a tool goes, as `watcher list` says it.
#[derive(Clone, Debug, Deserialize)]
pub struct Health {
    /// The tool.
    pub tool: ToolId,
    /// Whether it is captured.
    pub enabled: bool,
    /// Whether it keeps anything here.
    pub found: bool,
    /// Sessions that it has.
    pub sessions: u64,
    /// Transcripts that were captured.
    pub captured: u64,
    /// How that goes, in a word.
    pub health: String,
    /// Why it is not well.
    pub detail: Option<String>,
}

impl Health {
    /// Whether somebody should look.
    pub fn is_unwell(&self) -> bool {
        self.enabled && !matches!(self.health.as_str(), "ok" | "not found")
    }

    /// What is wrong, as people say it.
    pub fn word(&self) -> &str {
        match self.health.as_str() {
            "unknown generation" => "store of an unknown generation",
            other => other,
        }
    }
}

/// What is known of all transcripts.
#[derive(Debug, Default)]
pub struct Shelf {
    /// By what the list is sorted.
    pub sort: By,
    /// How capturing the tools goes.
    pub tools: Vec<Health>,
    /// What the last picture said.
    seen: Arc<Transcripts>,
    /// Whether the whole list is known, as of some moment.
    whole: bool,
    listed: Option<Time>,
    stale: bool,
    looked: Option<Time>,
}

impl Shelf {
    /// Tools at which somebody should look.
    pub fn unwell(&self) -> impl Iterator<Item = &Health> {
        self.tools.iter().filter(|tool| tool.is_unwell())
    }

    /// Lays the newest of a picture over all that is known.
    pub fn lay(&mut self, old: &mut Snapshot, new: &mut Snapshot) {
        let known = std::mem::take(&mut old.transcripts);
        if Arc::ptr_eq(&self.seen, &new.transcripts) {
            new.transcripts = known;
            return;
        }
        self.seen = new.transcripts.clone();
        self.stale = true;
        // What was sorted away is known well enough until it is listed again. Nobody else holds the
        // list as a rule, so that thousands of rows are moved and not copied.
        let known = Arc::try_unwrap(known).map_or_else(|shared| shared.newest.clone(), |own| own.newest);
        let mut rest: HashMap<TranscriptId, TranscriptRow> = HashMap::new();
        let mut order = Vec::new();
        for row in known {
            order.push(row.id.clone());
            rest.insert(row.id.clone(), row);
        }
        let mut rows = Vec::with_capacity(order.len() + 1);
        for row in &new.transcripts.newest {
            let live = rest.remove(&row.id).is_some_and(|old| old.live);
            rows.push(TranscriptRow { live, ..row.clone() });
        }
        let more = new.transcripts.total > rows.len() as u64;
        if self.whole && more {
            rows.extend(order.iter().filter_map(|id| rest.remove(id)));
        }
        let (total, at) = (new.transcripts.total, new.transcripts.at);
        new.transcripts = Arc::new(Transcripts { newest: rows, total, at });
    }

    /// Takes the whole list in.
    pub fn take(&mut self, data: &mut Snapshot, rows: Vec<TranscriptRow>) {
        self.whole = true;
        let total = rows.len() as u64;
        data.transcripts = Arc::new(Transcripts { newest: rows, total, at: data.transcripts.at });
    }

    /// Whether the whole list is to be read now. It is read once at the beginning, and again when
    /// something has changed.
    pub fn wants_list(&mut self, data: &Snapshot, now: Time) -> bool {
        let due = self.listed.is_none_or(|at| at.until(now) >= LIST);
        let wants = data.transcripts.total > 0 && self.stale && due;
        if wants {
            (self.listed, self.stale) = (Some(now), false);
        }
        wants
    }

    /// Whether the tools are to be looked at now.
    pub fn wants_look(&mut self, data: &Snapshot, now: Time) -> bool {
        let due = self.looked.is_none_or(|at| at.until(now) >= TOOLS);
        let wants = !data.hosts.is_empty() && due;
        if wants {
            self.looked = Some(now);
        }
        wants
    }

    /// A command has run that may have changed how capturing goes.
    pub fn look_again(&mut self) {
        self.looked = None;
    }
}
