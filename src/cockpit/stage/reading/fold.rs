//! Folding and unfolding.

use super::super::entry::{Entry, GROUP, Key, Kind};
use super::super::prose::Row;
use super::super::talk::Agent;
use super::{Place, Reading};
use crate::model::message::Block;

impl Reading {
    /// The block that is read, or the next one that can be folded on the screen.
    pub(super) fn item(&mut self) -> Option<(usize, u32)> {
        let mut at = self.at;
        for n in 0..self.size.1.max(1) {
            let item = self.rows(at.entry).get(at.row).and_then(|row| row.item);
            if let Some(item) = item.filter(|item| self.entries[at.entry].kind(*item).is_some()) {
                return Some((at.entry, item));
            }
            // In words there is nothing to fold; what stands below them is meant.
            if n > 0 && item.is_some() && self.rows(at.entry).get(at.row).is_some_and(|row| row.starts) {
                return None;
            }
            at = self.next(at)?;
        }
        None
    }

    /// Folds or unfolds what is read; whether there was something.
    pub fn toggle(&mut self) -> bool {
        let Some((entry, item)) = self.item() else { return false };
        let said = &self.entries[entry].said;
        let place = said.place;
        if item == GROUP {
            let Some(agent) = said.agent_id.clone() else { return false };
            let key = Key::Agent(agent.clone());
            let open = self.folds.is_open(Kind::Agent, &key);
            self.folds.set(Kind::Agent, key, !open);
            self.forget_agent(&agent);
        } else {
            let Some(kind) = self.entries[entry].kind(item) else { return false };
            let key = Key::Block(place, item);
            let open = self.folds.is_open(kind, &key);
            let call = match said.blocks.get(item as usize) {
                Some(Block::ToolUse { tool_use_id, .. }) => Some(tool_use_id.clone()),
                _ => None,
            };
            self.folds.set(kind, key, !open);
            self.entries[entry].forget();
            let of = |a: &Agent| a.tool_use_id.is_some() && a.tool_use_id == call;
            if let Some(agent) = self.agents.iter().find(|(_, a)| of(a)).map(|(name, _)| name.clone()) {
                self.folds.set(Kind::Agent, Key::Agent(agent.clone()), !open);
                self.forget_agent(&agent);
            }
        }
        // What was folded away cannot be read any more.
        let starts = |row: &Row| row.item == Some(item) && row.starts;
        if let Some(row) = self.rows(entry).iter().position(starts) {
            let at = self.at;
            let inside = self.rows(at.entry).get(at.row).is_some_and(|row| row.item == Some(item));
            if self.at.entry != entry || !inside || self.at.row < row {
                self.at = Place { entry, row };
            }
        }
        self.settle();
        true
    }

    /// Folds or unfolds everything of some kinds; gives which.
    pub fn toggle_all(&mut self, kinds: &[Kind]) -> bool {
        let (at, place) = (self.at, self.entries.get(self.at.entry).map(|e| e.said.place));
        let item = self.rows(at.entry).get(at.row).and_then(|row| row.item);
        let open = self.folds.turn(kinds);
        self.entries.iter_mut().for_each(Entry::forget);
        let entry = place.map_or(0, |place| self.entries.partition_point(|e| e.said.place < place));
        let row = self.rows(entry).iter().position(|row| row.item == item && row.starts).unwrap_or(0);
        self.at = self.clamp(Place { entry, row });
        self.top = self.moved(self.at, -isize::try_from(self.size.1 / 3).unwrap_or(0)).0;
        self.settle();
        open
    }

    /// Whether the row that is read is the head of something that can be folded.
    pub fn is_on_fold(&mut self) -> bool {
        let at = self.at;
        let row = self.rows(at.entry).get(at.row).map(|row| (row.starts, row.item));
        let Some((true, Some(item))) = row else { return false };
        self.entries[at.entry].kind(item).is_some()
    }
}
