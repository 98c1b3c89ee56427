//! What is known of a tool's sessions while they are captured.

use std::collections::HashMap;

use crate::model::transcript::Captured;

/// All sessions of a tool that were captured before or in this run, by the tool's id of them. How far
/// each was read is kept only of those that are to be read: there may be very many.
#[derive(Default)]
pub struct Known {
    sessions: HashMap<String, Captured>,
    roots: HashMap<String, Vec<String>>,
}

impl Known {
    /// What is known of a session.
    pub fn get(&self, native_id: &str) -> Option<&Captured> {
        self.sessions.get(native_id)
    }

    /// Puts a session in, or in place of what was known of it.
    pub fn put(&mut self, captured: Captured) {
        if let Some(root) = &captured.root {
            let family = self.roots.entry(root.clone()).or_default();
            if !family.contains(&captured.native_id) {
                family.push(captured.native_id.clone());
            }
        }
        self.sessions.insert(captured.native_id.clone(), captured);
    }

    /// The sessions that have this root, in no order.
    pub fn family<'a>(&'a self, root: &'a str) -> impl Iterator<Item = &'a Captured> {
        let ids = self.roots.get(root).into_iter().flatten();
        ids.filter_map(|id| self.sessions.get(id)).filter(move |c| c.root.as_deref() == Some(root))
    }
}
