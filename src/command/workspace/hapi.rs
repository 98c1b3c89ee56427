//! `hapi start`

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{Command, Ctx, Done, Level, Origin, Touch};
use crate::error::{Error, Result};
use crate::fleet::Step;
use crate::fleet::sh::{LOGIN_PATH, folder, quote};
use crate::model::{FeatureName, HostName, Name, RepoName, host};

/// Print the command that starts HAPI in a worktree, or in the folder of a feature; --execute runs it.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct HapiStart {
    /// The feature.
    pub feature: FeatureName,
    /// The repository; without it, the folder that all worktrees of the feature share.
    #[serde(default)]
    pub repo: Option<RepoName>,
    /// The host [default: this machine, else the only one that has it].
    #[arg(long, value_name = "NAME")]
    #[serde(default)]
    pub host: Option<HostName>,
    /// The agent that HAPI drives.
    #[arg(long, value_name = "NAME", default_value = "claude")]
    #[serde(default = "claude")]
    pub agent: Name,
    /// A folder below the worktree.
    #[arg(long, value_name = "DIR")]
    #[serde(default)]
    pub subdir: Option<String>,
    /// Run it as a live session instead. Never in a batch: HAPI needs a terminal.
    #[arg(long)]
    #[serde(default)]
    pub execute: bool,
    /// Arguments for the agent, after `--`.
    #[arg(last = true, value_name = "ARG")]
    #[serde(default)]
    pub args: Vec<String>,
}

/// The command's own default, as a value.
fn claude() -> Name {
    #[expect(clippy::expect_used, reason = "a name")]
    "claude".parse().expect("a name")
}

/// How HAPI is started.
#[derive(Debug, Serialize)]
pub struct Start {
    /// Program and arguments; to be run in `workdir` when the host is this machine.
    pub argv: Vec<String>,
    /// The same as a line for a shell.
    pub shell: String,
    /// The host.
    pub host: HostName,
    /// The folder on the host.
    pub workdir: String,
    /// The live session, with --execute.
    pub session: Option<Value>,
}

impl Command for HapiStart {
    const TOUCH: Touch = Touch::Writes;
    type Output = Start;

    async fn run(self, cx: &Ctx) -> Result<Done<Start>> {
        let feature = cx.store.feature(&self.feature).await?;
        let attached = feature.repos.iter().filter(|a| self.repo.as_ref().is_none_or(|repo| *repo == a.repo));
        let hosts: std::collections::BTreeSet<HostName> = attached.flat_map(|a| a.hosts.clone()).collect();
        let local = HostName::local();
        let name = match &self.host {
            Some(name) => name,
            None if hosts.len() == 1 => hosts.first().unwrap_or(&local),
            None => &local,
        };
        if !hosts.contains(name) {
            let what =
                self.repo.as_ref().map_or_else(|| "nothing".to_owned(), |repo| format!("`{repo}` not"));
            return Err(Error::not_found(format!(
                "{what} attached to feature `{}` on `{name}`",
                self.feature
            ))
            .hint(format!("sf attach {} REPO --hosts {name}", self.feature)));
        }
        let host = cx.store.host(name).await?;
        let mut start = self.start(cx, &host)?;
        if self.execute && cx.origin == Origin::Batch {
            cx.emit.notice(Level::Warn, "HAPI needs a terminal: a batch only prints its command").await;
        } else if self.execute && !cx.options.dry_run {
            self.check(cx, &host).await?;
            let args = json!({ "hosts": [host.name], "workdir": start.workdir, "command": self.words() });
            start.session = Some(cx.call("session start", args).await?.value);
        }
        Ok(start.into())
    }
}

impl HapiStart {
    /// HAPI asks which agent is meant unless it is told, so it always is.
    fn words(&self) -> Vec<String> {
        let mut words = vec!["hapi".to_owned(), self.agent.to_string()];
        words.extend(self.args.iter().cloned());
        words
    }

    /// The folder, below the root.
    fn below(&self) -> String {
        let mut below = format!("features/{}", self.feature);
        for part in [self.repo.as_ref().map(RepoName::as_str), self.subdir.as_deref()].into_iter().flatten() {
            below.push('/');
            below.push_str(part.trim_matches('/'));
        }
        below
    }

    fn start(&self, cx: &Ctx, host: &host::Host) -> Result<Start> {
        if let Some(dir) = self.subdir.as_deref()
            && (dir.split('/').any(|part| part == "..") || dir.chars().any(char::is_control))
        {
            return Err(Error::usage(format!("--subdir {dir:?} leads out of the worktree")));
        }
        let below = self.below();
        let line: Vec<String> = self.words().iter().map(|word| quote(word)).collect();
        let root = host.root.as_deref().unwrap_or("~").trim_end_matches('/');
        if host.name.is_local() {
            let home = cx.env.home();
            let workdir = match root.strip_prefix('~') {
                Some(rest) => home.join(rest.trim_start_matches('/')),
                None => home.join(root),
            };
            let workdir = workdir.join(below).display().to_string();
            let shell = format!("cd {} && exec {}", quote(&workdir), line.join(" "));
            return Ok(Start { argv: self.words(), shell, host: host.name.clone(), workdir, session: None });
        }
        // One word for ssh, which joins words with blanks; the login shell only has to know `exec`.
        let inner =
            format!("cd {}/{} && exec {}", folder(host.root.as_deref()), quote(&below), line.join(" "));
        let mut argv = cx.fleet.terminal(host)?;
        argv.push(format!("exec sh -lc {}", quote(&inner)));
        let plain = |word: &String| word.len() == 2 && word.starts_with('-');
        let word = |word: &String| if plain(word) { word.clone() } else { quote(word) };
        let shell: Vec<String> = argv.iter().map(word).collect();
        let home = if root.starts_with(['/', '~']) { "" } else { "~/" };
        let workdir = format!("{home}{root}/{below}");
        Ok(Start { argv, shell: shell.join(" "), host: host.name.clone(), workdir, session: None })
    }

    /// Says what is missing, before a person is dropped into a question that HAPI asks.
    async fn check(&self, cx: &Ctx, host: &host::Host) -> Result<()> {
        let script = format!(
            "{LOGIN_PATH}cd {}/{} 2>/dev/null || {{ echo folder; exit 0; }}\n\
             command -v hapi >/dev/null || echo hapi\n\
             [ \"${{CLI_API_TOKEN:-}}\" ] || [ -s \"${{HAPI_HOME:-$HOME/.hapi}}/settings.json\" ] || echo token\nexit 0",
            folder(host.root.as_deref()),
            quote(&self.below())
        );
        let machine = cx.host(&host.name).await?;
        let outputs = machine.steps(vec![Step { script, lane: 0 }], 1).await?;
        let missing =
            outputs.first().map(|output| output.stdout.lines().next().unwrap_or_default().to_owned());
        let name = &host.name;
        match missing.as_deref() {
            Some("folder") => Err(Error::not_found(format!("`{}` is not there on `{name}`", self.below()))
                .hint(format!("sf sync {} --hosts {name}", self.feature))),
            Some("hapi") => Err(Error::tool(format!("HAPI is not installed on `{name}`"))
                .hint("there: `npm install -g @twsxtd/hapi`")),
            Some("token") => Err(Error::tool(format!("HAPI has no token on `{name}`"))
                .hint("there: `hapi auth login`, or set CLI_API_TOKEN; `hapi auth status` says what it has")),
            _ => Ok(()),
        }
    }
}
