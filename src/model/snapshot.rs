//! The read model that the cockpit draws: whole values behind [`Arc`], replaced, never changed.

use std::sync::Arc;

use super::Time;
use super::health::Health;
use super::host::HostStatus;
use super::live::Live;
use super::transcript::TranscriptRow;
use super::workspace::{Feature, Repo, Worktree};

/// Everything that the panes show, as of one moment. Cloning is seven pointer copies.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Every host, `local` first.
    pub hosts: Arc<Vec<HostStatus>>,
    /// Every repository.
    pub repos: Arc<Vec<Repo>>,
    /// Every feature.
    pub features: Arc<Vec<Feature>>,
    /// Every worktree that was seen, with its last known state.
    pub worktrees: Arc<Vec<Worktree>>,
    /// Live sessions of all hosts, those that want attention first.
    pub live: Arc<Vec<Live>>,
    /// The newest transcripts.
    pub transcripts: Arc<Transcripts>,
    /// The tools of this machine and how capturing them goes; empty until somebody has looked.
    pub tools: Arc<Vec<Health>>,
}

/// The newest transcripts and how many there are.
#[derive(Clone, Debug, Default)]
pub struct Transcripts {
    /// At most 500, newest first.
    pub newest: Vec<TranscriptRow>,
    /// All of them.
    pub total: u64,
    /// When they were read.
    pub at: Time,
}
