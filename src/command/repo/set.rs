//! `repo set`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::RepoName;
use crate::model::workspace::{Repo, RepoOptions};
use crate::workspace::setup;

/// Say how a repository is cloned, and what its new worktrees need: submodules, files, a command.
///
/// What is given replaces what was said before; the rest stays. Clones and worktrees that are there
/// already are left as they are.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct RepoSet {
    /// The repository.
    pub name: RepoName,
    /// Leave objects at the remote until they are needed: `blob:none`, `tree:0`, `blob:limit=1m`.
    #[arg(long, value_name = "SPEC")]
    #[serde(default)]
    pub filter: Option<String>,
    /// A clone on the host to copy objects from instead of fetching them, where it is there.
    #[arg(long, value_name = "DIR")]
    #[serde(default)]
    pub reference: Option<String>,
    /// Check out submodules in new worktrees.
    #[arg(long)]
    #[serde(default)]
    pub submodules: bool,
    /// A command that is run once in a new worktree, by `/bin/sh` with the login's PATH.
    #[arg(long, value_name = "CMD")]
    #[serde(default)]
    pub setup: Option<String>,
    /// A file of the host that is copied into new worktrees: `FROM[:TO]`.
    #[arg(long, value_name = "FILE")]
    #[serde(default)]
    pub copy: Vec<String>,
    /// The same as a symbolic link.
    #[arg(long, value_name = "FILE")]
    #[serde(default)]
    pub link: Vec<String>,
    /// Forget all that was said before.
    #[arg(long)]
    #[serde(default)]
    pub clear: bool,
}

impl Command for RepoSet {
    const TOUCH: Touch = Touch::Writes;
    type Output = Repo;

    fn asks(&self) -> Option<String> {
        let command = self.setup.as_ref()?;
        Some(format!("Run `{command}` in every new worktree of `{}`, on every host?", self.name))
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Repo>> {
        let mut repo = cx.store.repo(&self.name).await?;
        let mut options = if self.clear { RepoOptions::default() } else { repo.options.clone() };
        let before = options.clone();
        options.filter = self.filter.or(options.filter.take());
        options.reference = self.reference.or(options.reference.take());
        options.submodules |= self.submodules;
        options.setup = self.setup.or(options.setup.take());
        for (given, kept) in [(self.copy, &mut options.copy), (self.link, &mut options.link)] {
            if !given.is_empty() {
                *kept = given;
            }
        }
        if options == before && !self.clear {
            return Err(Error::usage("nothing is said").hint("`sf repo set --help` tells what can be"));
        }
        setup::check(&options)?;
        if !cx.options.dry_run {
            cx.store.set_repo_options(&self.name, options.clone()).await?;
        }
        repo.options = options;
        Ok(repo.into())
    }
}
