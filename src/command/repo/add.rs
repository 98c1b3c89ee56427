//! `repo add`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Level, Touch};
use crate::error::{Error, Result};
use crate::model::RepoName;
use crate::model::workspace::{Repo, RepoOptions};
use crate::workspace::names::{check_branch, check_url, has_password};

/// Add a repository: anything that `git clone` takes.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct RepoAdd {
    /// What to call it.
    pub name: RepoName,
    /// Where it is cloned from; a path is a path on each host.
    pub url: String,
    /// The branch that features start from [default: the remote's default branch].
    #[arg(long, value_name = "BRANCH")]
    #[serde(default)]
    pub base: Option<String>,
}

impl Command for RepoAdd {
    const TOUCH: Touch = Touch::Writes;
    type Output = Repo;

    async fn run(self, cx: &Ctx) -> Result<Done<Repo>> {
        check_url(&self.url)?;
        self.base.as_deref().map_or(Ok(()), check_branch)?;
        let repo = Repo {
            name: self.name,
            url: absolute(self.url)?,
            base: self.base,
            options: RepoOptions::default(),
        };
        if has_password(&repo.url) {
            let text = format!("the URL of `{}` holds a password, which git stores on every host", repo.name);
            cx.emit.notice(Level::Warn, text).await;
        }
        if !cx.options.dry_run {
            cx.store.add_repo(repo.clone()).await?;
        }
        Ok(repo.into())
    }
}

/// A path that is relative to where the user stands means nothing on a host.
fn absolute(url: String) -> Result<String> {
    if url != "." && !url.starts_with("./") && !url.starts_with("../") {
        return Ok(url);
    }
    let path = std::path::absolute(&url)?;
    // Without its detours where it is there.
    let path = path.canonicalize().unwrap_or(path);
    path.into_os_string().into_string().map_err(|_| Error::usage(format!("the path of {url:?} is not UTF-8")))
}
