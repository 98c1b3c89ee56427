//! `state import`

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::state::{Bundle, Counts};
use super::state_forge as forge;
use crate::config::layers;
use crate::engine::{Command, Ctx, Done, Level, Touch};
use crate::error::{At, Error, Result};
use crate::sys::files;

/// Take hosts, repositories, features and settings from a file: all of it, or nothing.
///
/// What is there stays; a name that has other values here is a conflict. With --replace the file
/// takes the place of everything that sf knows; nothing on a host is touched. The bundle of
/// session-forge 0.1.x and its folder `~/.sf` are taken, too; the next sync moves its worktrees from
/// below the anchor to their place.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct StateImport {
    /// The file of `state export`, or what session-forge 0.1.x left: its bundle, or its folder `~/.sf`.
    pub file: PathBuf,
    /// Forget what is not in the file.
    #[arg(long)]
    #[serde(default)]
    pub replace: bool,
}

impl Command for StateImport {
    const TOUCH: Touch = Touch::Writes;
    type Output = Counts;

    fn asks(&self) -> Option<String> {
        self.replace
            .then(|| "Forget all hosts, repositories and features that are not in the file?".to_owned())
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Counts>> {
        let file = self.file.clone();
        let value = tokio::task::spawn_blocking(move || document(&file))
            .await
            .map_err(|e| Error::internal(e.to_string()))??;
        let mut bundle = if forge::is_bundle(&value) {
            let (bundle, left) =
                forge::convert(value, cx.clock.now()).map_err(|e| e.at(self.file.display()))?;
            for what in left {
                cx.emit.notice(Level::Warn, format!("not taken: {what}")).await;
            }
            bundle
        } else {
            Bundle::of(value).map_err(|e| e.at(self.file.display()))?
        };
        // A command of somebody else's runs only once it was agreed to here.
        for repo in &mut bundle.repos {
            if let Some(command) = repo.options.setup.take() {
                let text = format!(
                    "not taken: the set-up command of `{0}`; if you want it: sf repo set {0} --setup '{command}'",
                    repo.name
                );
                cx.emit.notice(Level::Warn, text).await;
            }
        }
        let settings = match &bundle.settings {
            None => None,
            Some(new) => {
                let mut user = if self.replace {
                    toml::Table::new()
                } else {
                    layers::read(&cx.paths.settings())?.unwrap_or_default()
                };
                let before = user.clone();
                for (key, value) in layers::leaves(new) {
                    layers::put(&mut user, &key, value);
                }
                let text = toml::to_string(&user).map_err(|e| Error::internal(e.to_string()))?;
                (self.replace || user != before).then_some(text)
            }
        };
        if !cx.options.dry_run {
            let paths = cx.paths.clone();
            // Last, inside the transaction: when it fails, nothing has changed.
            let finish = move || match settings {
                Some(text) => {
                    files::private_dir(paths.config_dir())?;
                    files::write_atomic(&paths.settings(), text.as_bytes())
                }
                None => Ok(()),
            };
            cx.store.import_state(bundle.state(), self.replace, finish).await?;
        }
        Ok(bundle.counts().into())
    }
}

/// The file as one document. Blocking.
fn document(file: &Path) -> Result<Value> {
    if file.is_dir() || file.extension().is_some_and(|end| end == "yml" || end == "yaml") {
        return forge::read_folder(file);
    }
    let bytes = std::fs::read(file).at(file.display())?;
    serde_json::from_slice(&bytes).map_err(|e| Error::usage(format!("no JSON: {e}")).at(file.display()))
}
