//! `feature new`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::FeatureName;
use crate::model::workspace::Feature;
use crate::workspace::names::check_branch;

/// Make a feature: a branch of the same name in every repository that is attached to it.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct FeatureNew {
    /// What to call it.
    pub name: FeatureName,
    /// The branch that it starts from [default: the base of each repository].
    #[arg(long, value_name = "BRANCH")]
    #[serde(default)]
    pub base: Option<String>,
    /// Its own branch [default: feat/NAME].
    #[arg(long, value_name = "BRANCH")]
    #[serde(default)]
    pub branch: Option<String>,
}

impl Command for FeatureNew {
    const TOUCH: Touch = Touch::Writes;
    type Output = Feature;

    async fn run(self, cx: &Ctx) -> Result<Done<Feature>> {
        let branch = self.branch.unwrap_or_else(|| format!("feat/{}", self.name));
        check_branch(&branch)?;
        self.base.as_deref().map_or(Ok(()), check_branch)?;
        let feature = Feature { name: self.name, branch, base: self.base, repos: Vec::new() };
        if cx.options.dry_run {
            return Ok(feature.into());
        }
        let name = feature.name.clone();
        cx.store.add_feature(feature).await?;
        Ok(cx.store.feature(&name).await?.into())
    }
}
