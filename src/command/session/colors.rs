//! The colours of the person's terminal, for programs that ask for them before anybody is attached.

use std::path::PathBuf;

use crate::error::Result;
use crate::model::live::Colors;
use crate::sys::{Paths, files};

/// What the terminal said when it was last asked.
pub fn known(paths: &Paths) -> Option<Colors> {
    let bytes = files::read_if_any(&file(paths)).ok().flatten()?;
    serde_json::from_slice(&bytes).ok()
}

/// Remembers what it says now.
///
/// # Errors
/// Whatever the file system says.
pub fn remember(paths: &Paths, colors: Colors) -> Result<()> {
    if known(paths) == Some(colors) {
        return Ok(());
    }
    files::write_atomic(&file(paths), &serde_json::to_vec(&colors)?)
}

fn file(paths: &Paths) -> PathBuf {
    paths.data_dir().join("colors.json")
}
