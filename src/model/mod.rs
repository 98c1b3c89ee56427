//! The nouns as plain data: no I/O, no async, nothing that can fail except reading a name.

pub mod clock;
pub mod health;
pub mod host;
pub mod ids;
pub mod live;
pub mod message;
pub mod quantity;
pub mod removal;
pub mod snapshot;
pub mod transcript;
pub mod workspace;

pub use clock::Time;
pub use ids::{FeatureName, HostName, LiveId, Name, RepoName, ToolId, TranscriptId};
