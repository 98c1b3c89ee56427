//! Agent or client to holder, version 1: frozen from the first release, because holders outlive
//! upgrades. New kinds and new JSON fields may be added; both sides skip what they do not know.
//!
//! ```text
//! client                         holder
//! Hello      {version,…}  --->
//!                         <---   Hello    {version,…}
//! Attach     {cols,rows,…} -->
//!                         <---   Snapshot {seq,cols,rows,…} bytes
//! Input      bytes        --->
//! Resize     {cols,rows}  --->
//!                         <---   Output   seq bytes, as they come
//!                         <---   Size     {cols,rows} when another client changed it
//!                         <---   Ended    status
//! Screen | Status | Send | Stop | Wait | Event | Rules    ---> one answer each, in order: Text, State,
//!                                                         Done, Failed
//! Detach                  --->
//! ```

mod share;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::frame::Frame;
use crate::error::{Error, Result};
use crate::model::live::{Colors, LiveState, Rgb, Sizes};

pub use share::{People, Person, Share, Shared, Take};

/// The version that we speak.
pub const VERSION: u32 = 1;
/// The oldest that we still speak.
pub const MIN_VERSION: u32 = 1;
/// The longest frame that a holder takes: nobody types more at once.
pub const MAX_REQUEST: usize = 1024 * 1024;

/// The kinds of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Both ways, first: [`Hello`].
    Hello = 1,
    /// To the holder: [`Attach`].
    Attach = 2,
    /// To the holder: bytes as typed.
    Input = 3,
    /// To the holder: [`Size`].
    Resize = 4,
    /// To the holder: no more output, please. Empty.
    Detach = 5,
    /// To the holder: [`ScreenQuery`]; answered by `Text`.
    Screen = 6,
    /// To the holder, empty; answered by `State`.
    Status = 7,
    /// To the holder: [`Send`]; answered by `Done` or `Failed`.
    Send = 8,
    /// To the holder: [`Stop`]; answered by `State` once the program has ended.
    Stop = 9,
    /// To the holder: [`Wait`]; answered by `State` as soon as there is news.
    Wait = 10,
    /// To the holder: [`Event`], what a tool tells through its hook; answered by `Done`.
    Event = 11,
    /// To the holder: rules to judge by, as JSON; answered by `Done`.
    Rules = 12,
    /// To the holder: [`Share`], let others in; answered by `Done`.
    Share = 13,
    /// To the holder, empty: send all others out; answered by `Done`.
    Unshare = 14,
    /// To the holder's gate, first: [`Take`]; answered by `Done`, after which it is a client.
    Take = 15,
    /// To the holder: the number (u64, little endian) up to which a client has shown output; see
    /// [`Attach::credit`].
    Shown = 16,
    /// To the holder: [`OuterColors`], learnt after it was attached.
    Colors = 17,
    /// From the holder: [`Snapshot`] and bytes, see [`split_header`].
    Snapshot = 64,
    /// From the holder: number of the first byte (u64, little endian), then bytes of the program.
    Output = 65,
    /// From the holder: [`Size`].
    Size = 66,
    /// From the holder: [`Status`]; the last frame of an attachment.
    Ended = 67,
    /// From the holder: [`crate::model::live::ScreenText`].
    Text = 68,
    /// From the holder: [`Status`].
    State = 69,
    /// From the holder: empty.
    Done = 70,
    /// From the holder: [`Error`].
    Failed = 71,
    /// From the holder to all that are attached: [`People`], whenever somebody comes or goes.
    People = 72,
}

impl Kind {
    const ALL: [Self; 26] = [
        Self::Hello,
        Self::Attach,
        Self::Input,
        Self::Resize,
        Self::Detach,
        Self::Screen,
        Self::Status,
        Self::Send,
        Self::Stop,
        Self::Wait,
        Self::Event,
        Self::Rules,
        Self::Share,
        Self::Unshare,
        Self::Take,
        Self::Shown,
        Self::Colors,
        Self::Snapshot,
        Self::Output,
        Self::Size,
        Self::Ended,
        Self::Text,
        Self::State,
        Self::Done,
        Self::Failed,
        Self::People,
    ];

    /// The kind of that number; `None` for one of a newer version.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|k| *k as u8 == number)
    }

    /// A frame of this kind with bytes.
    pub fn bytes(self, payload: &[u8]) -> Vec<u8> {
        Frame::encode(self as u8, payload)
    }

    /// A frame of this kind with JSON.
    ///
    /// # Errors
    /// `internal` when the value cannot be written as JSON, which none of ours does.
    pub fn json(self, value: &impl Serialize) -> Result<Vec<u8>> {
        let payload = serde_json::to_vec(value).map_err(|e| Error::internal(e.to_string()))?;
        Ok(Frame::encode(self as u8, &payload))
    }
}

/// Reads the JSON of a frame; an empty payload counts as `{}`.
///
/// # Errors
/// `corrupt` when it is not what was expected.
pub fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T> {
    Ok(serde_json::from_slice(if payload.is_empty() { b"{}" } else { payload })?)
}

/// Who is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// The newest version that is spoken.
    pub version: u32,
    /// The oldest.
    pub min_version: u32,
    /// What is spoken beyond the version.
    pub features: Vec<String>,
}

impl Default for Hello {
    fn default() -> Self {
        Self { version: VERSION, min_version: MIN_VERSION, features: Vec::new() }
    }
}

impl Hello {
    /// Whether we can talk to somebody who said this.
    ///
    /// # Errors
    /// `unsupported` with both versions.
    pub fn check(&self) -> Result<()> {
        if self.min_version <= VERSION && MIN_VERSION <= self.version {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "the other side speaks version {} to {} of the holder's language, this one {MIN_VERSION} to {VERSION}",
            self.min_version, self.version
        ))
        .hint("upgrade sf on this side"))
    }
}

/// A size of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Size {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// Asks for the screen and what follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attach {
    /// Columns of the client; 0: it takes what there is.
    pub cols: u16,
    /// Rows of the client; 0: it takes what there is.
    pub rows: u16,
    /// It only looks: its input is dropped and its size does not count.
    pub read_only: bool,
    /// The number of the next byte that a client needs who was here before; if the holder still
    /// has it (and the size is the same), output goes on from there without a snapshot.
    pub after: Option<u64>,
    /// Lines of history that the snapshot brings along.
    pub history: u32,
    /// Which size the session has while this client is the one that was active last.
    pub sizes: Sizes,
    /// How many bytes of output may be on the way to it, beyond what it said to have shown; 0: as many
    /// as there is room for. What is more is dropped, and a fresh snapshot is sent once it has shown
    /// the rest: so what it shows is never older than this much takes on its link.
    pub credit: u32,
    /// It cannot give what it shows another size: it wants a snapshot after each change of it.
    pub pictures: bool,
    /// The colours of the person's terminal: what the program is told when it asks for them.
    pub colors: Option<Colors>,
}

/// The colours of the person's terminal, as in [`Attach::colors`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OuterColors {
    /// Of text.
    pub text: Rgb,
    /// Behind it.
    pub behind: Rgb,
}

/// Heads the bytes of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// The number of the first byte after it.
    pub seq: u64,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// The title.
    pub title: Option<String>,
}

/// A payload of JSON and bytes: length of the JSON (u32, little endian), JSON, bytes.
///
/// # Errors
/// Those of [`Kind::json`].
pub fn join_header(header: &impl Serialize, bytes: &[u8]) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(header).map_err(|e| Error::internal(e.to_string()))?;
    let mut out = Vec::with_capacity(4 + json.len() + bytes.len());
    out.extend_from_slice(&u32::try_from(json.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&json);
    out.extend_from_slice(bytes);
    Ok(out)
}

/// The two parts of [`join_header`].
///
/// # Errors
/// `corrupt` when the payload is too short or its JSON is not what was expected.
pub fn split_header<T: DeserializeOwned>(payload: &[u8]) -> Result<(T, &[u8])> {
    let short = || Error::corrupt("a frame ends in its header");
    let (length, rest) = payload.split_first_chunk::<4>().ok_or_else(short)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let (json, bytes) = rest.split_at_checked(length).ok_or_else(short)?;
    Ok((serde_json::from_slice(json)?, bytes))
}

/// The two parts of an output frame.
///
/// # Errors
/// `corrupt` when the payload is too short.
pub fn split_output(payload: &[u8]) -> Result<(u64, &[u8])> {
    let (seq, bytes) =
        payload.split_first_chunk::<8>().ok_or_else(|| Error::corrupt("an output frame is too short"))?;
    Ok((u64::from_le_bytes(*seq), bytes))
}

/// Asks for the screen as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreenQuery {
    /// With colours as sequences.
    pub ansi: bool,
    /// Earlier lines in front.
    pub scrollback: u32,
}

/// Types something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Send {
    /// Text; more than one line is pasted, if the program knows about pasting.
    pub text: String,
    /// Keys by name, after the text.
    pub keys: Vec<String>,
    /// Enter, after both.
    pub enter: bool,
    /// Also when the program asks something.
    pub force: bool,
}

/// Ends the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stop {
    /// At once, without asking it first.
    pub force: bool,
}

/// Waits for news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wait {
    /// The `seq` that the caller has seen: answered when there is more, or when the program ends.
    pub seq: u64,
    /// The state that the caller has seen: answered when it is another.
    pub state: Option<LiveState>,
}

/// How a session is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// What it is doing.
    pub state: LiveState,
    /// The rule that says so.
    pub rule: String,
    /// What the rule saw.
    pub evidence: String,
    /// Exit status of its program.
    pub exit_code: Option<i32>,
    /// Clients that are attached.
    pub clients: u32,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Process id of its program.
    pub pid: u32,
    /// The title that its program set.
    pub title: Option<String>,
    /// Bytes that its program has written.
    pub seq: u64,
    /// For how long it is in that state, in milliseconds.
    pub for_ms: u64,
    /// The last notification of its program that nobody has answered by typing.
    pub notice: Option<String>,
    /// Bells and notifications of its program so far.
    pub calls: u64,
    /// The tool's own id of the conversation, once it has told it.
    pub native_id: Option<String>,
    /// A short name of the rules that it judges by.
    pub rules: String,
    /// How it is shared, if it is.
    pub shared: Option<Shared>,
}

/// What an AI tool tells through its hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// Who says so: `hook`, or the file of the tool that was read.
    pub source: String,
    /// The tool's word for what happened.
    pub name: String,
    /// What it is doing now; `None` when the event does not say.
    pub state: Option<LiveState>,
    /// More about it, in short.
    pub detail: Option<String>,
    /// The tool's own id of the conversation.
    pub native_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_keep_their_numbers() {
        let numbers: Vec<u8> = Kind::ALL.iter().map(|k| *k as u8).collect();
        assert_eq!(
            numbers,
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 64, 65, 66, 67, 68, 69, 70, 71, 72]
        );
        for number in numbers {
            assert_eq!(Kind::of(number).map(|k| k as u8), Some(number));
        }
        assert_eq!(Kind::of(200), None);
    }

    #[test]
    fn fields_of_a_newer_version_are_ignored() {
        let attach: Attach = read(br#"{"cols":80,"rows":24,"mood":"good"}"#).expect("read");
        assert_eq!(attach, Attach { cols: 80, rows: 24, ..Attach::default() });
        assert_eq!(read::<Stop>(b"").expect("read"), Stop::default());
    }

    #[test]
    fn headers_and_bytes_come_apart_again() {
        let header = Snapshot { seq: 7, cols: 1, rows: 2, title: Some("t".into()) };
        let payload = join_header(&header, b"bytes").expect("joined");
        assert_eq!(split_header::<Snapshot>(&payload).expect("split"), (header, &b"bytes"[..]));
        for cut in 0..payload.len() - 5 {
            assert!(split_header::<Snapshot>(&payload[..cut]).is_err());
        }
        assert!(split_output(&[1, 2]).is_err());
    }

    #[test]
    fn a_newer_peer_that_still_speaks_ours_is_welcome() {
        let newer = |min_version| Hello { version: 9, min_version, features: vec![] };
        assert!(newer(1).check().is_ok());
        assert!(newer(2).check().is_err());
        assert!(Hello { version: 0, min_version: 0, features: vec![] }.check().is_err());
    }
}
