//! `demo`

mod repos;
mod talks;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::sys::{Env, Paths, files, proc};

/// Build a sandbox with everything in it, and open the cockpit there; nothing outside it is touched.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct Demo {
    /// The sandbox's folder [default: a folder of yours below the temporary folder].
    #[serde(default)]
    pub dir: Option<PathBuf>,
    /// Build it and open nothing.
    #[arg(long)]
    #[serde(default)]
    pub no_open: bool,
    /// End the sandbox's live sessions.
    #[arg(long, conflicts_with = "no_open")]
    #[serde(default)]
    pub stop: bool,
}

/// What `demo` built.
#[derive(Debug, Serialize)]
pub struct Sandbox {
    /// The sandbox's folder.
    pub dir: PathBuf,
    /// Its `$HOME`.
    pub home: PathBuf,
    /// Its `SF_HOME`.
    pub sf_home: PathBuf,
    /// The ids of its live sessions.
    pub sessions: Vec<String>,
    /// Transcripts in it.
    pub transcripts: u64,
    /// Sessions that `--stop` ended.
    pub stopped: usize,
    /// Whether the cockpit is to be opened in it.
    pub open: bool,
}

/// A file that says that a folder is ours to build in.
const MARK: &str = ".session-forge-demo";

impl Command for Demo {
    const TOUCH: Touch = Touch::Reads;
    type Output = Sandbox;

    async fn run(self, cx: &Ctx) -> Result<Done<Sandbox>> {
        let place = Place::new(self.dir.as_deref(), &cx.env)?;
        if self.stop {
            return place.stop(cx).await.map(Done::from);
        }
        place.claim()?;
        let inner = place.context(cx)?;
        let mut sandbox = place.build(&inner).await?;
        sandbox.open = !self.no_open;
        Ok(sandbox.into())
    }
}

/// The folders of a sandbox.
struct Place {
    dir: PathBuf,
    home: PathBuf,
    sf_home: PathBuf,
}

impl Place {
    fn new(dir: Option<&Path>, env: &Env) -> Result<Self> {
        let dir = match dir {
            Some(dir) => dir.to_path_buf(),
            None => {
                let temporary = env.path("TMPDIR").unwrap_or_else(|| "/tmp".into());
                temporary.join(format!("sf-demo-{}", proc::uid()))
            }
        };
        let dir = std::path::absolute(&dir)?;
        Ok(Self { home: dir.join("home"), sf_home: dir.join("sf"), dir })
    }

    /// Makes the folder ours; one that holds anything else is left alone.
    fn claim(&self) -> Result<()> {
        let mark = self.dir.join(MARK);
        if !mark.exists() {
            let holds_something = self.dir.is_dir() && std::fs::read_dir(&self.dir)?.next().is_some();
            if holds_something {
                return Err(Error::refused(format!("`{}` is not empty", self.dir.display()))
                    .hint("give the demo a folder of its own: `sf demo DIR`"));
            }
            files::private_dir(&self.dir)?;
            files::write_atomic(&mark, b"sf demo keeps everything of its own below this folder.\n")?;
        }
        for dir in [&self.home, &self.sf_home, &self.dir.join("repos")] {
            files::private_dir(dir)?;
        }
        Ok(())
    }

    /// A context in which this sandbox is the home.
    fn context(&self, cx: &Ctx) -> Result<Ctx> {
        let env = self.env(&cx.env);
        let paths = Paths::resolve(&env, None)?;
        Ok(cx.elsewhere(paths, env))
    }

    /// The user's environment without what would lead out of the sandbox.
    fn env(&self, outer: &Env) -> Env {
        let leading_out = [
            "CLAUDE_CONFIG_DIR",
            "CODEX_HOME",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_CONFIG_GLOBAL",
            "ENV",
            "BASH_ENV",
        ];
        let env = leading_out.into_iter().fold(outer.clone(), |env, name| env.without(name));
        env.with("HOME", &self.home).with("SF_HOME", &self.sf_home)
    }

    async fn build(&self, cx: &Ctx) -> Result<Sandbox> {
        const STEPS: u64 = 5;
        cx.emit.progress(0, STEPS, "repositories");
        let repos = repos::make(cx, &self.dir.join("repos"), &self.home).await?;
        cx.emit.progress(1, STEPS, "conversations");
        talks::write(&self.home, cx.clock.now())?;
        for (name, url) in &repos {
            cx.call("repo add", json!({ "name": name, "url": url, "base": "main" })).await?;
        }
        cx.call("feature new", json!({ "name": "payments" })).await?;
        for (name, _) in &repos {
            cx.call("attach", json!({ "feature": "payments", "repo": name })).await?;
        }
        cx.emit.progress(2, STEPS, "worktrees");
        // What is read and what is made do not touch each other.
        let (synced, captured) =
            tokio::join!(cx.call("sync", json!({ "feature": ["payments"] })), cx.call("capture", json!({})));
        if let Some(error) = synced?.error {
            return Err(error);
        }
        captured?;
        cx.emit.progress(3, STEPS, "a live shell");
        let session = self.shell(cx).await?;
        cx.emit.progress(4, STEPS, "hosts");
        let (checked, listed) =
            tokio::join!(cx.call("host check", json!({})), cx.call("list", json!({ "limit": 0 })));
        checked?;
        let transcripts = listed?.value.as_array().map_or(0, Vec::len) as u64;
        cx.emit.progress(STEPS, STEPS, "ready");
        Ok(Sandbox {
            dir: self.dir.clone(),
            home: self.home.clone(),
            sf_home: self.sf_home.clone(),
            sessions: vec![session],
            transcripts,
            stopped: 0,
            open: false,
        })
    }

    /// The sandbox's shell: the one that still runs, else a new one.
    async fn shell(&self, cx: &Ctx) -> Result<String> {
        let listed = cx.call("session list", json!({})).await?.value;
        let running = live(&listed).find(|row| row["name"] == "shell");
        let id = match running {
            Some(row) => row["id"].clone(),
            None => {
                let started = cx.call(
                    "session start",
                    json!({
                        "feature": "payments", "repo": "core", "name": "shell",
                        "command": ["/bin/sh", "-c", GREETING],
                    }),
                );
                started.await?.value["id"].clone()
            }
        };
        id.as_str().map(str::to_owned).ok_or_else(|| Error::internal("a session without an id"))
    }

    async fn stop(&self, cx: &Ctx) -> Result<Sandbox> {
        if !self.dir.join(MARK).exists() {
            return Err(Error::not_found(format!("there is no demo in `{}`", self.dir.display())));
        }
        let cx = self.context(cx)?;
        let listed = cx.call("session list", json!({})).await?.value;
        let mut stopped = 0;
        for row in live(&listed) {
            cx.call("session stop", json!({ "id": row["id"], "force": true })).await?;
            stopped += 1;
        }
        Ok(Sandbox {
            dir: self.dir.clone(),
            home: self.home.clone(),
            sf_home: self.sf_home.clone(),
            sessions: Vec::new(),
            transcripts: 0,
            stopped,
            open: false,
        })
    }
}

/// The rows of sessions that still run.
fn live(listed: &Value) -> impl Iterator<Item = &Value> {
    let rows = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter(|row| row["state"] != "exited" && row["state"] != "lost")
}

/// What the sandbox's shell shows before it is a shell.
const GREETING: &str = r#"printf '\033[1mA live shell in the worktree of core.\033[0m\n'
printf 'It goes on when the cockpit closes. Leave it with Ctrl-].\n\n'
git --no-pager log --oneline --decorate -4 2>/dev/null
printf '\n'
exec "${SHELL:-/bin/sh}""#;
