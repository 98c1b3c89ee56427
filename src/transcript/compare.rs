//! What two transcripts have in common.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::page;
use crate::error::Result;
use crate::model::TranscriptId;
use crate::model::message::Message;

/// What is in a message, whoever wrote it down: its role and everything that can be searched in it.
pub type Print = [u8; 16];

/// The print of a message.
pub fn print(message: &Message) -> Print {
    let mut hash = Sha256::new();
    hash.update(message.role.as_str());
    hash.update([0]);
    hash.update(message.searchable());
    let mut print = Print::default();
    print.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    print
}

/// The prints of all messages of a transcript, with their numbers. Blocking.
///
/// # Errors
/// `not_found` when the messages are gone.
pub fn prints(sessions: &Path, id: &TranscriptId, length: u64) -> Result<Vec<(u64, Print)>> {
    let mut all = Vec::new();
    page::each(sessions, id, length, 1..=u64::MAX, |seq, message| {
        all.push((seq, print(&message)));
        Ok(())
    })?;
    Ok(all)
}

/// What the messages of two transcripts have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Messages {
    /// Messages that are in both.
    pub same: u64,
    /// How many of them both begin with.
    pub begin_same: u64,
    /// Messages that only the first one has.
    pub only_a: u64,
    /// Messages that only the second one has.
    pub only_b: u64,
    /// Number of the first message of the first one that differs.
    pub differs_at_a: Option<u64>,
    /// The same of the second one.
    pub differs_at_b: Option<u64>,
}

/// Compares messages by their prints.
pub fn messages(a: &[(u64, Print)], b: &[(u64, Print)]) -> Messages {
    let begin = a.iter().zip(b).take_while(|((_, a), (_, b))| a == b).count();
    let set = |list: &[(u64, Print)]| list.iter().map(|(_, print)| *print).collect::<HashSet<_>>();
    let (in_a, in_b) = (set(a), set(b));
    let count = |list: &[(u64, Print)], other: &HashSet<Print>| {
        list.iter().filter(|(_, print)| !other.contains(print)).count() as u64
    };
    let (only_a, only_b) = (count(a, &in_b), count(b, &in_a));
    Messages {
        same: a.len() as u64 - only_a,
        begin_same: begin as u64,
        only_a,
        only_b,
        differs_at_a: a.get(begin).map(|(seq, _)| *seq),
        differs_at_b: b.get(begin).map(|(seq, _)| *seq),
    }
}

/// Which things are in both lists, and which in one alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// In both.
    pub both: Vec<String>,
    /// Only in the first.
    pub only_a: Vec<String>,
    /// Only in the second.
    pub only_b: Vec<String>,
}

/// Compares two lists of names.
pub fn names(a: &BTreeSet<String>, b: &BTreeSet<String>) -> Shared {
    Shared {
        both: a.intersection(b).cloned().collect(),
        only_a: a.difference(b).cloned().collect(),
        only_b: b.difference(a).cloned().collect(),
    }
}
