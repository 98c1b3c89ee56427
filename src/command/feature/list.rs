//! `feature list`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::workspace::Feature;

/// List the features with what is attached to them.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct FeatureList {}

impl Command for FeatureList {
    const TOUCH: Touch = Touch::Reads;
    type Output = Vec<Feature>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Feature>>> {
        Ok(cx.store.features().await?.into())
    }
}
