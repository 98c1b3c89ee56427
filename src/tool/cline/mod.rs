//! Cline: task folders (extension up to 3.x, CLI 1 and 2), and the sessions of the extension since
//! 4.0, the CLI since 3 and JetBrains: `~/.cline/data/sessions`.
//!
//! Both are read: an upgrade leaves the old folders where they are. Facts about the sessions:
//! measured with the CLI 3.0.65, and from the public source of 4.1.13.

mod sessions;

use std::path::{Path, PathBuf};

use super::format::task::{self, Family};
use super::{Progress, Session, Sink, Tool};
use crate::error::Result;
use crate::model::ToolId;
use crate::sys::Env;

/// Cline.
pub struct Cline;

const FAMILY: Family = Family {
    tool: ToolId::Cline,
    key: "cline",
    extension: "saoudrizwan.claude-dev",
    moved_by: None,
    disjoint: true,
};

impl Tool for Cline {
    fn id(&self) -> ToolId {
        FAMILY.tool
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        let mut roots = task::storages(&FAMILY, env);
        let data = env.path("CLINE_DATA_DIR");
        let data = data.or_else(|| env.path("CLINE_DIR").map(|dir| dir.join("data")));
        roots.push(data.unwrap_or_else(|| env.home().join(".cline/data")));
        roots.extend(env.path("CLINE_SESSION_DATA_DIR"));
        roots
    }

    fn places(&self) -> &'static [&'static str] {
        &["tasks", "sessions"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        let mut found = task::find(root);
        found.extend(sessions::find(root));
        Ok(found)
    }

    fn age(&self, session: &Session) -> i64 {
        task::age(session)
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        if task::is_task(session) {
            task::read(&FAMILY, session, progress, sink)
        } else {
            sessions::read(session, progress, sink)
        }
    }

    fn live(&self, root: &Path) -> Vec<String> {
        sessions::live(root)
    }
}

#[cfg(test)]
mod tests;
