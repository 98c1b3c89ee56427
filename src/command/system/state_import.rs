//! `state import`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::state::{Bundle, Counts};
use crate::config::layers;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{At, Error, Result};
use crate::sys::files;

/// Take hosts, repositories, features and settings from a file: all of it, or nothing.
///
/// What is there stays; a name that has other values here is a conflict. With --replace the file
/// takes the place of everything that sf knows; nothing on a host is touched.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct StateImport {
    /// The file of `state export`.
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
        let bytes = tokio::task::spawn_blocking(move || std::fs::read(&file).at(file.display()))
            .await
            .map_err(|e| Error::internal(e.to_string()))??;
        let bundle = Bundle::read(&bytes).map_err(|e| e.at(self.file.display()))?;
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
