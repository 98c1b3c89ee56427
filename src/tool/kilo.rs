//! Kilo Code 7 (CLI and extension): `$XDG_DATA_HOME/kilo` or `~/.local/share/kilo`, a store of
//! OpenCode's form.

use super::format::opencode::Family;
use crate::model::ToolId;

/// Kilo Code from version 7 on.
pub static KILO: Family = Family::new(ToolId::KiloCode, "kilo", "kilo_code");
