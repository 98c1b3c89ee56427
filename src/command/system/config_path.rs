//! `config path`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;

/// Show where settings, keys, colours and data lie.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct ConfigPath {}

/// The places of a home.
#[derive(Debug, Serialize)]
pub struct Places {
    /// `config.toml`.
    pub settings: PathBuf,
    /// `keymap.toml`.
    pub keymap: PathBuf,
    /// `theme.toml`.
    pub theme: PathBuf,
    /// Databases and transcripts.
    pub data: PathBuf,
    /// Sockets.
    pub run: PathBuf,
    /// Logs.
    pub log: PathBuf,
}

impl Command for ConfigPath {
    const TOUCH: Touch = Touch::Reads;
    type Output = Places;

    async fn run(self, cx: &Ctx) -> Result<Done<Places>> {
        let paths = &cx.paths;
        Ok(Places {
            settings: paths.settings(),
            keymap: paths.keymap(),
            theme: paths.theme(),
            data: paths.data_dir().into(),
            run: paths.run_dir().into(),
            log: paths.log_dir(),
        }
        .into())
    }
}
