//! Where a session is started, and as what.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::live::status::tool_of;
use crate::model::live::{Live, LiveSpec};
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
    let answer = cx.host(&host.name).await?.call("live.start", json!(spec)).await;
    let mut live: Live = serde_json::from_value(answer.map_err(|error| explain(error, spec, host))?)?;
    live.host = host.name.clone();
    cx.store.save_live(&host.name, vec![live.clone()], false).await?;
    Ok(live)
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
