//! `session resume`

use serde::{Deserialize, Serialize};

use super::Session;
use super::place;
use super::start::Started;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::LiveId;
use crate::model::live::LiveSpec;
use crate::sys::random;
use crate::tool::launch;

/// Start a session that was lost or has ended anew, in its tool, where it left off.
///
/// The tool goes on with the same conversation, in the same folder on the same host. A session without
/// an AI tool, or whose conversation is not known, starts its command again.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionResume {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
}

impl Command for SessionResume {
    const TOUCH: Touch = Touch::Writes;
    type Output = Started;

    async fn run(self, cx: &Ctx) -> Result<Done<Started>> {
        let found = self.id.find(cx).await?;
        let before = found.show(cx).await?.live;
        if before.state.lives() {
            return Err(Error::conflict(format!("session `{}` still runs", before.id))
                .hint(format!("sf session attach {}", before.id)));
        }
        let again = before.tool.zip(before.native_id.as_deref()).and_then(|(t, id)| launch::resume(t, id));
        let id: LiveId = format!("live_{}", random::hex(6)?).parse()?;
        let spec = LiveSpec {
            id,
            name: before.name,
            command: again.unwrap_or(before.command),
            tool: before.tool,
            workdir: Some(before.workdir),
            feature: before.feature,
            repo: before.repo,
            cols: before.cols,
            rows: before.rows,
            env: Vec::new(),
            colors: None,
        };
        if cx.options.dry_run {
            let host = found.host.name().clone();
            let LiveSpec { name, command, workdir, .. } = spec;
            return Ok(Started { id: None, host, name, pid: None, command, workdir }.into());
        }
        let host = cx.store.host(found.host.name()).await?;
        Ok(Started::from(place::start(cx, &host, &spec).await?).into())
    }
}
