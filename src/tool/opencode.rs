//! OpenCode: `$XDG_DATA_HOME/opencode` or `~/.local/share/opencode`.

use super::format::opencode::Family;
use crate::model::ToolId;

/// OpenCode.
pub static OPENCODE: Family = Family::new(ToolId::Opencode, "opencode", "opencode");
