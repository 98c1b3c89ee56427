//! `session explain`

use serde::{Deserialize, Serialize};

use super::Session;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::live::LiveState;

/// Say why a session's state is what it is: the rule, and what the rule saw.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionExplain {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
}

/// A state with its reason.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// The state.
    pub state: LiveState,
    /// The rule.
    pub rule: String,
    /// What it saw.
    pub evidence: String,
}

impl Command for SessionExplain {
    const TOUCH: Touch = Touch::Reads;
    type Output = Explained;

    async fn run(self, cx: &Ctx) -> Result<Done<Explained>> {
        let shown = self.id.find(cx).await?.show(cx).await?;
        Ok(Explained { state: shown.live.state, rule: shown.rule, evidence: shown.evidence }.into())
    }
}
