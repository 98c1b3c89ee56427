//! `state export`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::state::{Bundle, Counts, KIND};
use crate::config::layers;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::sys::files;

/// Write hosts, repositories, features and settings into one file.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct StateExport {
    /// The file; one that is there is replaced.
    pub file: PathBuf,
}

impl Command for StateExport {
    const TOUCH: Touch = Touch::Writes;
    type Output = Counts;

    async fn run(self, cx: &Ctx) -> Result<Done<Counts>> {
        let hosts = cx.store.hosts().await?.into_iter().map(|(host, _)| host);
        let bundle = Bundle {
            kind: KIND.to_owned(),
            version: 1,
            exported: cx.clock.now(),
            hosts: hosts.filter(|host| !host.name.is_local()).collect(),
            repos: cx.store.repos().await?,
            features: cx.store.features().await?,
            settings: layers::read(&cx.paths.settings())?,
        };
        if !cx.options.dry_run {
            let mut text = serde_json::to_vec_pretty(&bundle)?;
            text.push(b'\n');
            let file = std::path::absolute(&self.file)?;
            tokio::task::spawn_blocking(move || files::write_atomic(&file, &text))
                .await
                .map_err(|e| crate::error::Error::internal(e.to_string()))??;
        }
        Ok(bundle.counts().into())
    }
}
