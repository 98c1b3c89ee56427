//! The audit log: who was let into what, and when. One line of JSON each, never contents.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{At, Result};
use crate::model::{LiveId, Time};
use crate::sys::files;

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Time,
    /// What happened: `shared`, `taken`, `refused`, `left`, `unshared`, `expired`.
    pub event: String,
    /// The session.
    pub session: LiveId,
    /// The user who did it.
    pub user: String,
    /// More about it, in short; never a secret.
    #[serde(default)]
    pub detail: String,
}

/// Adds a step.
///
/// # Errors
/// Whatever the file system says.
pub fn append(file: &Path, step: &Step) -> Result<()> {
    if let Some(folder) = file.parent() {
        files::private_dir(folder)?;
    }
    let mut line = serde_json::to_vec(step)?;
    line.push(b'\n');
    // One write, so that two holders do not mix their lines.
    files::append(file)?.write_all(&line).at(file.display())
}

/// The steps since a time, oldest first. Lines that cannot be read are left out.
///
/// # Errors
/// Whatever the file system says; a missing file holds none.
pub fn read(file: &Path, since: Option<Time>) -> Result<Vec<Step>> {
    let bytes = files::read_if_any(file)?.unwrap_or_default();
    let steps = bytes.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice::<Step>(line).ok());
    Ok(steps.filter(|step| since.is_none_or(|since| step.at >= since)).collect())
}
