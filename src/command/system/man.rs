//! `man`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::command::line;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{At, Error, Result};
use crate::sys::files;

/// Write the manual pages into a folder.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Man {
    /// The folder; it is made when missing.
    pub dir: PathBuf,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct Pages {
    /// The folder.
    pub dir: PathBuf,
    /// The pages' names.
    pub pages: Vec<String>,
}

impl Command for Man {
    const TOUCH: Touch = Touch::Writes;
    type Output = Pages;

    async fn run(self, cx: &Ctx) -> Result<Done<Pages>> {
        let dry_run = cx.options.dry_run;
        tokio::task::spawn_blocking(move || self.write(dry_run))
            .await
            .map_err(|e| Error::internal(format!("writing the pages broke: {e}")))?
            .map(Done::from)
    }
}

impl Man {
    fn write(self, dry_run: bool) -> Result<Pages> {
        let mut root = line::grammar();
        root.build();
        let mut pages = Vec::new();
        let mut todo = vec![(String::from("sf"), root)];
        if !dry_run {
            std::fs::create_dir_all(&self.dir).at(self.dir.display())?;
        }
        while let Some((name, command)) = todo.pop() {
            for sub in command.get_subcommands().filter(|s| !s.is_hide_set() && s.get_name() != "help") {
                todo.push((format!("{name}-{}", sub.get_name()), sub.clone()));
            }
            let page = format!("{name}.1");
            let mut text = Vec::new();
            clap_mangen::Man::new(command.name(name)).render(&mut text)?;
            if !dry_run {
                // Pages are for everybody to read.
                files::write_atomic_mode(&self.dir.join(&page), &text, 0o644)?;
            }
            pages.push(page);
        }
        pages.sort();
        Ok(Pages { dir: self.dir, pages })
    }
}
