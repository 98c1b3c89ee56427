//! Starting sessions: holders, and the world that their programs find.

use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Limits, Side, login, scope};
use crate::error::{At, Error, Result};
use crate::live::holder::{self, Reply, Request};
use crate::model::live::{Live, LiveSpec};
use crate::sys::proc;

impl Side {
    /// Starts a session. When this returns, its program has been executed; asking again with the same
    /// id starts nothing.
    ///
    /// # Errors
    /// `conflict` for a name that a running session has, `not_found` for a missing program or folder,
    /// `tool` when the system cannot run it.
    pub async fn start(&self, spec: LiveSpec) -> Result<Live> {
        let id = spec.id.clone();
        let Limits { ring, scrollback, .. } = self.limits;
        let request = Request {
            run: self.folder.path().to_owned(),
            kept: self.folder.kept().map(ToOwned::to_owned),
            spec,
            ring,
            scrollback,
            rules: self.rules.files().to_vec(),
            audit: Some(self.audit.clone()),
        };
        let program = match &self.program {
            Some(program) => program.clone(),
            None => proc::own_program()?,
        };
        let request = serde_json::to_vec(&request)?;
        let mut text = Vec::new();
        if scope::leaves_login(&self.env) {
            // The user's manager may be on its way out; then the login is what there is.
            text = self.hold(scope::outside(&program), &request).await.unwrap_or_default();
        }
        if text.is_empty() {
            text = self.hold(proc::command(&program), &request).await?;
        }
        match serde_json::from_slice(&text) {
            Ok(Reply::Ok(record)) => Ok(self.look(*record).await.live),
            Ok(Reply::Err(error)) => Err(error),
            Err(_) => Err(Error::internal(format!("the holder of `{id}` ended without an answer"))),
        }
    }

    /// Starts a holder and hears its answer.
    async fn hold(&self, mut command: tokio::process::Command, request: &[u8]) -> Result<Vec<u8>> {
        command.arg(holder::WORD).env_clear().envs(self.variables()).current_dir("/");
        if let Some(path) = self.login_path().await {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(false);
        let mut child = command.spawn().at("the holder")?;
        let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::internal("a holder without pipes"));
        };
        stdin.write_all(request).await.at("the holder")?;
        drop(stdin);
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).await.at("the holder")?;
        child.wait().await.at("the holder")?;
        Ok(text)
    }

    /// The environment that programs inherit: ours, without what only concerns this process or the
    /// terminal that it happens to run in (a program must not believe that it is inside of a tmux
    /// that it is not in).
    fn variables(&self) -> impl Iterator<Item = (&std::ffi::OsString, &std::ffi::OsString)> {
        const OUTER: [&str; 15] = [
            "TMUX",
            "TMUX_PANE",
            "STY",
            "WINDOW",
            "TERM_PROGRAM",
            "TERM_PROGRAM_VERSION",
            "TERM_SESSION_ID",
            "VTE_VERSION",
            "KITTY_WINDOW_ID",
            "KITTY_PID",
            "WEZTERM_PANE",
            "WT_SESSION",
            "COLUMNS",
            "LINES",
            "WINDOWID",
        ];
        self.env.vars().filter(|(name, _)| {
            let name = name.to_string_lossy();
            name == "SF_HOME" || !(name.starts_with("SF_") || OUTER.contains(&&*name))
        })
    }

    /// The `PATH` of a login here, if we are not in one: an agent behind ssh gets a poorer one, without
    /// the folders that profiles add, where the tools often are. Asked once, by the first session.
    async fn login_path(&self) -> Option<&str> {
        if self.env.get("SSH_CONNECTION").is_none() || self.env.get("SSH_TTY").is_some() {
            return None;
        }
        self.login_path.get_or_init(|| login::path(&self.env)).await.as_deref()
    }
}
