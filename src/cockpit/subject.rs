//! What can be selected, and what a selection says to a command line.

use crate::model::live::Live;
use crate::model::snapshot::Snapshot;
use crate::model::transcript::TranscriptRow;
use crate::model::workspace::Worktree;
use crate::model::{FeatureName, HostName, LiveId, RepoName, TranscriptId};

/// Something that a row of a pane stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A host.
    Host(HostName),
    /// A feature.
    Feature(FeatureName),
    /// A repository of a feature on a host.
    Worktree(FeatureName, RepoName, HostName),
    /// A live session.
    Live(LiveId),
    /// A transcript.
    Transcript(TranscriptId),
}

impl Subject {
    /// What it gives for `{slot}`.
    pub fn slot(&self, slot: &str, data: &Snapshot) -> Option<String> {
        let text = |text: &str| Some(text.to_owned());
        match (self, slot) {
            (Self::Host(host) | Self::Worktree(_, _, host), "host") => text(host.as_str()),
            (Self::Feature(feature) | Self::Worktree(feature, _, _), "feature") => text(feature.as_str()),
            (Self::Worktree(_, repo, _), "repo") => text(repo.as_str()),
            (Self::Live(id), "session") => text(id.as_str()),
            (Self::Transcript(id), "transcript") => text(id.as_str()),
            (Self::Worktree(feature, repo, host), "workdir") => {
                worktree(data, feature, repo, host)?.path.clone()
            }
            (Self::Live(id), slot) => {
                let live = live(data, id)?;
                match slot {
                    "host" => text(live.host.as_str()),
                    "feature" => text(live.feature.as_ref()?.as_str()),
                    "repo" => text(live.repo.as_ref()?.as_str()),
                    "workdir" => text(&live.workdir),
                    "transcript" => text(live.transcript.as_ref()?.as_str()),
                    _ => None,
                }
            }
            (Self::Transcript(id), slot) => {
                let row = transcript(data, id)?;
                match slot {
                    "host" => text(row.host.as_str()),
                    "feature" => text(row.feature.as_ref()?.as_str()),
                    "workdir" => row.workdir.clone(),
                    _ => None,
                }
            }
            // A feature with one repository on one host leaves no doubt.
            (Self::Feature(name), "repo" | "host") => {
                let feature = data.features.iter().find(|f| f.name == *name)?;
                let [only] = feature.repos.as_slice() else { return None };
                match (slot, only.hosts.as_slice()) {
                    ("repo", _) => text(only.repo.as_str()),
                    (_, [host]) => text(host.as_str()),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The live session of an id.
pub fn live<'a>(data: &'a Snapshot, id: &LiveId) -> Option<&'a Live> {
    data.live.iter().find(|live| live.id == *id)
}

/// The transcript of an id, if it is among the newest.
pub fn transcript<'a>(data: &'a Snapshot, id: &TranscriptId) -> Option<&'a TranscriptRow> {
    data.transcripts.newest.iter().find(|row| row.id == *id)
}

/// The last known state of a worktree.
pub fn worktree<'a>(
    data: &'a Snapshot,
    feature: &FeatureName,
    repo: &RepoName,
    host: &HostName,
) -> Option<&'a Worktree> {
    data.worktrees.iter().find(|w| w.feature == *feature && w.repo == *repo && w.host == *host)
}
