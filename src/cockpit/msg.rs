//! What reaches the cockpit.

use std::sync::Arc;

use super::job::JobId;
use super::shelf::Health;
use super::stage::talk::{Chunk, Want};
use super::syntax::Colours;
use crate::config::chord::{Chord, Mods};
use crate::engine::Event;
use crate::error::{Error, Result};
use crate::live::screen::{SharedScreen, mouse};
use crate::model::live::Colors;
use crate::model::snapshot::Snapshot;
use crate::model::transcript::{Hit, TranscriptRow};
use crate::model::{LiveId, Time, TranscriptId};

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// What time it is; comes in front of everything else.
    Now(Time),
    /// The terminal has this size.
    Size(u16, u16),
    /// A key.
    Key(Chord),
    /// Pasted text.
    Paste(String),
    /// The mouse.
    Mouse(Mouse),
    /// The terminal's own colours.
    Colors(Colors),
    /// The terminal got (or lost) the keyboard.
    Focus(bool),
    /// There is a new picture of the world.
    Data(Snapshot),
    /// A command says something.
    Job(JobId, Event),
    /// The selection has rested for a while; the number is the one that was asked with.
    Settled(u64),
    /// Messages of a transcript that were asked for.
    Read(TranscriptId, Want, Result<Chunk>),
    /// Colours of a piece of code of a transcript.
    Colored(TranscriptId, u64, Option<Colours>),
    /// Colours of what a command has found, by key.
    Painted(JobId, Vec<(u64, Colours)>),
    /// The places of the messages of a transcript that have a text.
    Found(TranscriptId, String, Result<Vec<u64>>),
    /// All transcripts.
    Listed(Result<Vec<TranscriptRow>>),
    /// How capturing the tools goes.
    Health(Result<Vec<Health>>),
    /// The answer to a search, with its number: how many hits there are, and the first ones.
    Hits(u64, Result<(u64, Vec<Hit>)>),
    /// News of a terminal.
    Terminal(LiveId, Link),
    /// Something to tell the person.
    Tell(Error),
}

/// How it stands with a terminal.
#[derive(Clone, Debug)]
pub enum Link {
    /// It is shown on this screen.
    On(Arc<SharedScreen>),
    /// There is a new picture.
    Picture,
    /// The link is gone, and is being made again.
    Cut(Error),
    /// The program has ended with this status.
    Ended(Option<i32>),
    /// It cannot be shown.
    Failed(Error),
}

/// The mouse at a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What it did.
    pub act: mouse::Act,
    /// What was held down.
    pub mods: Mods,
    /// Column, from 0.
    pub col: u16,
    /// Row, from 0.
    pub row: u16,
}
