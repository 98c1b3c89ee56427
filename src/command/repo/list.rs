//! `repo list`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::workspace::Repo;

/// List the repositories.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct RepoList {}

impl Command for RepoList {
    const TOUCH: Touch = Touch::Reads;
    type Output = Vec<Repo>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Repo>>> {
        Ok(cx.store.repos().await?.into())
    }
}
