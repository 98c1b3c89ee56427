//! Roo Code: task folders in the storage of `rooveterinaryinc.roo-cline`, in every editor, or where
//! the setting `roo-cline.customStoragePath` says. Tasks that a task delegated are tasks, and
//! transcripts, of their own.

use std::path::{Path, PathBuf};

use super::format::task::{self, Family};
use super::{Progress, Session, Sink, Tool};
use crate::error::Result;
use crate::model::ToolId;
use crate::sys::Env;

/// Roo Code.
pub struct RooCode;

const FAMILY: Family = Family {
    tool: ToolId::RooCode,
    key: "roo_code",
    extension: "rooveterinaryinc.roo-cline",
    moved_by: Some("roo-cline.customStoragePath"),
    disjoint: false,
};

impl Tool for RooCode {
    fn id(&self) -> ToolId {
        FAMILY.tool
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        task::storages(&FAMILY, env)
    }

    fn places(&self) -> &'static [&'static str] {
        &["tasks"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        Ok(task::find(root))
    }

    fn family(&self, session: &Session) -> Option<String> {
        task::family(session)
    }

    fn age(&self, session: &Session) -> i64 {
        task::age(session)
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        task::read(&FAMILY, session, progress, sink)
    }
}

#[cfg(test)]
mod tests;
