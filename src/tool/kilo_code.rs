//! Kilo Code up to 5.x: task folders in the storage of `kilocode.kilo-code`, in every editor, or where
//! the setting `kilo-code.customStoragePath` says. Later versions keep a database.

use std::path::{Path, PathBuf};

use super::format::task::{self, Family};
use super::{Progress, Session, Sink, Tool};
use crate::error::Result;
use crate::model::ToolId;
use crate::sys::Env;

/// Kilo Code.
pub struct KiloCode;

const FAMILY: Family = Family {
    tool: ToolId::KiloCode,
    key: "kilo_code",
    extension: "kilocode.kilo-code",
    moved_by: Some("kilo-code.customStoragePath"),
    disjoint: false,
};

impl Tool for KiloCode {
    fn id(&self) -> ToolId {
        FAMILY.tool
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        task::storages(&FAMILY, env)
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        Ok(task::find(root))
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
