//! Live sessions: processes in a PTY that a holder keeps.

use serde::{Deserialize, Serialize};

use super::{FeatureName, HostName, LiveId, Name, RepoName, Time, ToolId, TranscriptId};

/// Which size a session has when several clients look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizes {
    /// That of the client in which somebody did something last.
    #[default]
    Active,
    /// The smallest of all, so that everybody sees all of it.
    Smallest,
}

/// What a session is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveState {
    /// Its program is busy.
    Working,
    /// Its turn is over; it waits for a prompt.
    Waiting,
    /// It asks something: an approval, a choice.
    Blocked,
    /// Nothing happens.
    Idle,
    /// It lives, and we cannot tell.
    #[default]
    Unknown,
    /// Its program ended.
    Exited,
    /// Its holder is gone.
    Lost,
}

impl LiveState {
    /// Whether its program still runs.
    pub const fn lives(self) -> bool {
        !matches!(self, Self::Exited | Self::Lost)
    }

    /// Whether a person is needed.
    pub const fn wants_attention(self) -> bool {
        matches!(self, Self::Waiting | Self::Blocked)
    }

    /// The word in `state`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Idle => "idle",
            Self::Unknown => "unknown",
            Self::Exited => "exited",
            Self::Lost => "lost",
        }
    }
}

/// A row of `session list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Its id.
    pub id: LiveId,
    /// The host that it runs on.
    pub host: HostName,
    /// What a person called it.
    pub name: Option<Name>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// The AI tool that the program is, if it is one.
    pub tool: Option<ToolId>,
    /// Its working folder on the host.
    pub workdir: String,
    /// The feature that it belongs to.
    pub feature: Option<FeatureName>,
    /// The repository that it belongs to.
    pub repo: Option<RepoName>,
    /// What it is doing.
    pub state: LiveState,
    /// Exit status of its program; 128 + signal when a signal ended it.
    pub exit_code: Option<i32>,
    /// Whether somebody else has been let in.
    pub shared: bool,
    /// Clients that are attached.
    pub clients: u32,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// When it was started.
    pub started: Time,
    /// Its conversation, once captured.
    pub transcript: Option<TranscriptId>,
    /// The title that its program set, cleaned of control characters.
    pub title: Option<String>,
    /// Process id of its program.
    pub pid: Option<u32>,
    /// The tool's own id of the conversation.
    #[serde(default)]
    pub native_id: Option<String>,
    /// Since when it is in this state.
    #[serde(default)]
    pub since: Option<Time>,
    /// The last notification of its program that nobody has answered.
    #[serde(default)]
    pub notice: Option<String>,
    /// Bells and notifications of its program so far.
    #[serde(default)]
    pub calls: u64,
    /// Who came in by a link.
    #[serde(default)]
    pub people: Vec<String>,
}

/// What a holder needs to know to start a session: the argument of the host call `live.start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSpec {
    /// Its id, chosen by the caller, so that asking twice starts once.
    pub id: LiveId,
    /// What a person called it.
    #[serde(default)]
    pub name: Option<Name>,
    /// Program and arguments; empty is the login shell.
    #[serde(default)]
    pub command: Vec<String>,
    /// The AI tool that the program is.
    #[serde(default)]
    pub tool: Option<ToolId>,
    /// The working folder; `None` is the home folder. `~/` at the start means the home folder.
    #[serde(default)]
    pub workdir: Option<String>,
    /// The feature that it belongs to.
    #[serde(default)]
    pub feature: Option<FeatureName>,
    /// The repository that it belongs to.
    #[serde(default)]
    pub repo: Option<RepoName>,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Variables on top of the login's environment.
    #[serde(default)]
    pub env: Vec<(String, String)>,
    /// The colours of the person's terminal. Programs ask for them as soon as they start, before anybody is
    /// attached.
    #[serde(default)]
    pub colors: Option<Colors>,
}

/// Red, green, blue.
pub type Rgb = [u8; 3];
/// The colours of a person's terminal: of text, and behind it.
pub type Colors = (Rgb, Rgb);

/// The screen as text: the result of `session screen`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenText {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Column and row of the cursor, from 0.
    pub cursor: (u16, u16),
    /// The lines from top to bottom, scrollback first when it was asked for; trailing blanks cut
    /// (with `--ansi` they carry colours as escape sequences).
    pub lines: Vec<String>,
    /// The title that the program set.
    pub title: Option<String>,
}
