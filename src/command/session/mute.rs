//! `session mute`

use serde::{Deserialize, Serialize};

use super::Session;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::LiveId;
use crate::sys::{Paths, files};

/// Let a session call nobody, however it needs you; --off lets it call again.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionMute {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
    /// Let it call again.
    #[arg(long)]
    #[serde(default)]
    pub off: bool,
}

/// Whether it calls.
#[derive(Clone, Debug, Serialize)]
pub struct Muted {
    /// The session.
    pub id: LiveId,
    /// It calls nobody.
    pub muted: bool,
}

impl Command for SessionMute {
    const TOUCH: Touch = Touch::Writes;
    type Output = Muted;

    async fn run(self, cx: &Ctx) -> Result<Done<Muted>> {
        let id = self.id.find(cx).await?.id;
        let mut all = muted(&cx.paths);
        all.retain(|other| *other != id);
        if !self.off {
            all.push(id.clone());
        }
        if !cx.options.dry_run {
            // Those of sessions that are long gone would stay for ever.
            let from = all.len().saturating_sub(1000);
            files::write_atomic(&file(&cx.paths), &serde_json::to_vec(&all[from..])?)?;
        }
        Ok(Muted { id, muted: !self.off }.into())
    }
}

/// The sessions that call nobody.
pub fn muted(paths: &Paths) -> Vec<LiveId> {
    let bytes = files::read_if_any(&file(paths)).ok().flatten().unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn file(paths: &Paths) -> std::path::PathBuf {
    paths.data_dir().join("muted.json")
}
