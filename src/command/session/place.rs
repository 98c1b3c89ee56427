//! Where a session is started, and as what.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::colors;
use crate::config::settings::Template;
use crate::engine::{Ctx, Level};
use crate::error::{Error, Result};
use crate::live::client::{self, Until};
use crate::live::status::tool_of;
use crate::model::live::{Live, LiveSpec, LiveState};
use crate::model::quantity::Grid;
use crate::model::{FeatureName, LiveId, Name, RepoName, ToolId, host};
use crate::sys::random;

/// Where, under which name, and with which tool.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// In the worktrees of a feature.
    #[arg(long, value_name = "NAME", conflicts_with = "workdir")]
    pub feature: Option<FeatureName>,
    /// In that repository's worktree.
    #[arg(long, value_name = "NAME", requires = "feature")]
    pub repo: Option<RepoName>,
    /// In a folder on the host [default: this folder, or the home folder of another host].
    #[arg(long, value_name = "DIR")]
    pub workdir: Option<String>,
    /// A name for it, unique among those that run on the host.
    #[arg(long, value_name = "NAME")]
    pub name: Option<Name>,
    /// The AI tool [default: the setting `session.tool`]; with a command, only noted.
    #[arg(long, value_name = "TOOL")]
    pub tool: Option<ToolId>,
    /// A template of the settings (`[template.NAME]`); what is given beside it counts more.
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// The first prompt, of one line or several: pasted and sent when the tool is ready for it.
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
}

impl Place {
    /// What a host is asked to start.
    ///
    /// # Errors
    /// `not_found` for an unknown feature or a repository that is not attached to it; `unsupported`
    /// for a tool that has no command.
    pub async fn spec(
        &self,
        cx: &Ctx,
        host: &host::Host,
        command: &[String],
        size: Grid,
    ) -> Result<LiveSpec> {
        let template = self.template(cx)?;
        let filled = self.filled(&template);
        // Its arguments are for its own program.
        let args = if command.is_empty() { template.args } else { Vec::new() };
        let command = if command.is_empty() { template.command.as_slice() } else { command };
        let spec = filled.plain(cx, host, command, size).await?;
        let command = spec.command.into_iter().chain(args).collect();
        Ok(LiveSpec { command, env: template.env.into_iter().collect(), ..spec })
    }

    /// The first prompt, if there is one.
    ///
    /// # Errors
    /// `not_found` for an unknown template.
    pub fn first_prompt(&self, cx: &Ctx) -> Result<Option<String>> {
        let template = self.template(cx)?;
        Ok(self.prompt.clone().or(template.prompt).filter(|prompt| !prompt.trim().is_empty()))
    }

    fn template(&self, cx: &Ctx) -> Result<Template> {
        let Some(name) = &self.template else { return Ok(Template::default()) };
        cx.settings.template.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = cx.settings.template.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Error::not_found(format!("there is no template `{name}`; there are: {known}"))
                .hint("templates stand in config.toml, as [template.NAME]")
        })
    }

    /// What is given, and for the rest what the template says.
    fn filled(&self, template: &Template) -> Self {
        let given = self.clone();
        // A place is taken whole: the repository of one feature is none of another.
        let placed = given.feature.is_some() || given.workdir.is_some();
        let from = |given: Option<RepoName>| if placed { given } else { given.or(template.repo.clone()) };
        Self {
            repo: from(given.repo),
            feature: if placed { given.feature } else { template.feature.clone() },
            workdir: if placed { given.workdir } else { template.workdir.clone() },
            name: given.name.or(template.name.clone()),
            tool: given.tool.or(template.tool),
            ..given
        }
    }

    async fn plain(&self, cx: &Ctx, host: &host::Host, command: &[String], size: Grid) -> Result<LiveSpec> {
        let id: LiveId = format!("live_{}", random::hex(6)?).parse()?;
        let (command, tool) = match command {
            [] => {
                let tool = self.tool.unwrap_or(cx.settings.session.tool);
                (vec![program(tool)?.to_owned()], Some(tool))
            }
            words => (words.to_vec(), self.tool.or_else(|| tool_of(words))),
        };
        Ok(LiveSpec {
            id,
            name: self.name.clone(),
            command,
            tool,
            workdir: self.folder(cx, host).await?,
            feature: self.feature.clone(),
            repo: self.repo.clone(),
            cols: size.cols,
            rows: size.rows,
            env: Vec::new(),
            colors: None,
        })
    }

    async fn folder(&self, cx: &Ctx, host: &host::Host) -> Result<Option<String>> {
        if let Some(name) = &self.feature {
            let feature = cx.store.feature(name).await?;
            let root = host.root.as_deref().unwrap_or("~").trim_end_matches('/');
            let Some(repo) = &self.repo else { return Ok(Some(format!("{root}/features/{name}"))) };
            if !feature.repos.iter().any(|r| r.repo == *repo) {
                return Err(Error::not_found(format!(
                    "repository `{repo}` is not attached to feature `{name}`"
                ))
                .hint(format!("sf attach {name} {repo} --hosts {}", host.name)));
            }
            return Ok(Some(format!("{root}/features/{name}/{repo}")));
        }
        match &self.workdir {
            Some(dir) if host.name.is_local() && !dir.starts_with('~') => here(dir).map(Some),
            Some(dir) => Ok(Some(dir.clone())),
            None if host.name.is_local() => here(".").map(Some),
            None => Ok(None),
        }
    }
}

/// A path of this machine, absolute.
fn here(dir: &str) -> Result<String> {
    let path = std::path::absolute(dir).map_err(|e| Error::usage(format!("--workdir `{dir}`: {e}")))?;
    // `absolute` keeps a final `.`; people do not want to read it.
    let path: std::path::PathBuf = path.components().collect();
    path.into_os_string().into_string().map_err(|_| Error::usage("the working folder's path is not UTF-8"))
}

/// The program of a tool on its host's `PATH`.
fn program(tool: ToolId) -> Result<&'static str> {
    crate::tool::program(tool)
        .ok_or_else(|| Error::unsupported(format!("{tool} lives in an editor and has no command to start")))
}

/// Asks a host to start a session, and remembers it.
///
/// # Errors
/// Those of the host call `live.start`.
pub async fn start(cx: &Ctx, host: &host::Host, spec: &LiveSpec) -> Result<Live> {
    let spec = &LiveSpec { colors: colors::known(&cx.paths), ..spec.clone() };
    let answer = cx.host(&host.name).await?.call("live.start", json!(spec)).await;
    let mut live: Live = serde_json::from_value(answer.map_err(|error| explain(error, spec, host))?)?;
    live.host = host.name.clone();
    cx.store.save_live(&host.name, vec![live.clone()], false).await?;
    Ok(live)
}

/// How long a tool may take to be ready for its first prompt.
const READY: Duration = Duration::from_secs(60);

/// Types the first prompt as soon as the tool is ready: pasted, and then Enter. A tool that asks
/// something first (whether its folder is trusted) is left to the person, with a notice.
///
/// # Errors
/// Those of the host calls.
pub async fn prompt(cx: &Ctx, live: &Live, text: &str) -> Result<()> {
    let host = cx.host(&live.host).await?;
    let io = host.open("live.open", json!({ "id": live.id })).await?;
    let state = tokio::time::timeout(READY, client::wait(io, &Until::Prompt)).await;
    let asks = match state {
        Ok(state) => state? == LiveState::Blocked,
        Err(_) => true,
    };
    if asks {
        let text = format!("`{}` is not ready for its first prompt; it was not typed", live.id);
        cx.emit.notice(Level::Warn, text).await;
        return Ok(());
    }
    let send = json!({ "id": live.id, "text": text, "enter": true });
    host.call("live.send", send).await.map(drop)
}

/// A missing worktree is best made by a sync.
fn explain(error: Error, spec: &LiveSpec, host: &host::Host) -> Error {
    match &spec.feature {
        Some(feature) if error.message.contains("folder") => {
            error.hint(format!("sf sync {feature} --hosts {}", host.name))
        }
        _ => error,
    }
}
