//! `journal export`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::sys::files;

/// Write what was run as a batch file.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct JournalExport {
    /// The file; it is replaced.
    pub file: PathBuf,
    /// Only the last N commands.
    #[arg(long, value_name = "N")]
    #[serde(default)]
    pub last: Option<u32>,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// The file.
    pub file: PathBuf,
    /// Commands in it.
    pub commands: usize,
}

impl Command for JournalExport {
    const TOUCH: Touch = Touch::Writes;
    type Output = Exported;

    async fn run(self, cx: &Ctx) -> Result<Done<Exported>> {
        let rows = cx.store.journal(self.last.unwrap_or(u32::MAX)).await?;
        // What failed would fail the batch; exports of exports help nobody.
        let lines = rows.iter().filter(|r| r.ok == Some(true) && !r.command.starts_with("journal "));
        let mut text = String::from("# Run with: sf --batch FILE\n");
        let mut commands = 0;
        for row in lines {
            text.push_str(&format!("{}\n", row.command));
            commands += 1;
        }
        if !cx.options.dry_run {
            files::write_atomic(&self.file, text.as_bytes())?;
        }
        Ok(Exported { file: self.file, commands }.into())
    }
}
