//! What the cockpit wants done. `update` only says it; the loop does it.

use tokio::sync::oneshot;

use super::job::JobId;
use super::stage::talk::Want;
use crate::engine::Call;
use crate::model::{LiveId, TranscriptId};

/// Something to do.
#[derive(Debug)]
pub enum Effect {
    /// Run a command; what it says comes as [`super::msg::Msg::Job`].
    Submit(JobId, Call),
    /// Interrupt a command.
    Cancel(JobId),
    /// Answer a command's question.
    Answer(oneshot::Sender<bool>, bool),
    /// Say [`super::msg::Msg::Settled`] with this number in a moment.
    Settle(u64),
    /// Fetch messages of a transcript; comes as [`super::msg::Msg::Read`].
    Read(TranscriptId, Want),
    /// Find the colours of pieces of code (key, language, text) of a transcript.
    Color(TranscriptId, Vec<(u64, String, String)>),
    /// Find the colours of pieces of code (key, language, text) that a command has found.
    Paint(JobId, Vec<(u64, String, String)>),
    /// Find the messages of a transcript that have a text; a newer one takes its place.
    Find(TranscriptId, String),
    /// Fetch the list of all transcripts.
    List,
    /// Look how capturing the tools goes.
    Health,
    /// Run this line, a `search`; a newer one takes its place, an empty one only ends the last.
    Search(u64, Vec<String>),
    /// Show a live session in so many columns and rows; any other is let go.
    Attach(LiveId, u16, u16),
    /// Show somebody else's session, which a take-over link lets us into.
    Adopt(LiveId, String, u16, u16),
    /// Let the live session go.
    Detach,
    /// Type bytes into the live session.
    Input(Vec<u8>),
    /// A text was pasted into the live session on another host: the name of a file that was dropped on the
    /// terminal is uploaded, anything else is typed as these bytes.
    Paste(LiveId, String, Vec<u8>),
    /// The live session's screen has this size now.
    Resize(u16, u16),
    /// Put text into the terminal's clipboard.
    Copy(String),
    /// Listen to the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Hear of every motion of the mouse, or of drags alone.
    Motion(bool),
    /// Stop this process until the shell continues it.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Leave.
    Quit,
}
