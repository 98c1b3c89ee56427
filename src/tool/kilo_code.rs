//! Kilo Code: up to 5.x task folders in the storage of `kilocode.kilo-code`, in every editor, or where
//! the setting `kilo-code.customStoragePath` says; from 7 on (CLI and extension) a store of OpenCode's
//! form in `$XDG_DATA_HOME/kilo` or `~/.local/share/kilo`.

use std::path::{Path, PathBuf};

use super::format::opencode;
use super::format::task::{self, Family};
use super::{Progress, Session, Sink, Tool};
use crate::error::{Error, Result};
use crate::model::ToolId;
use crate::sys::Env;

/// Kilo Code.
pub struct KiloCode;

/// Up to 5.x.
const TASKS: Family = Family {
    tool: ToolId::KiloCode,
    key: "kilo_code",
    extension: "kilocode.kilo-code",
    moved_by: Some("kilo-code.customStoragePath"),
    disjoint: false,
};

/// From 7 on.
static STORE: opencode::Family = opencode::Family::new(ToolId::KiloCode, "kilo", "kilo_code");

impl Tool for KiloCode {
    fn id(&self) -> ToolId {
        TASKS.tool
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        [task::storages(&TASKS, env), STORE.roots(env)].concat()
    }

    fn places(&self) -> &'static [&'static str] {
        &["tasks", "storage/session", "storage/message"]
    }

    /// A root of one generation holds nothing of the other.
    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        Ok([task::find(root), STORE.find(root)?].concat())
    }

    fn family(&self, session: &Session) -> Option<String> {
        if task::is_task(session) { task::family(session) } else { STORE.family(session) }
    }

    fn age(&self, session: &Session) -> i64 {
        if task::is_task(session) { task::age(session) } else { STORE.age(session) }
    }

    fn unchanged(&self, session: &Session, progress: &Progress) -> bool {
        STORE.unchanged(session, progress)
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        if task::is_task(session) {
            return task::read(&TASKS, session, progress, sink);
        }
        STORE.read(session, progress, sink)
    }

    fn finish(&self, root: &Path) -> Vec<Error> {
        STORE.finish(root)
    }

    fn live(&self, root: &Path) -> Vec<String> {
        STORE.live(root)
    }
}

#[cfg(test)]
mod tests;
