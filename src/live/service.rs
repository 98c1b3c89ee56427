//! The background capture as a service of the system: a systemd user unit, or a launchd agent.
//!
//! | call | answer |
//! | --- | --- |
//! | `service.status` | [`Service`] |
//! | `service.install`, `.uninstall`, `.start`, `.stop`, `.restart` | the same, afterwards |

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{At, Error, Result};
use crate::sys::{Env, Paths, files, proc};

/// The unit.
pub const UNIT: &str = "sf.service";
/// The launchd label.
pub const LABEL: &str = "dev.session-forge.sf";
/// How long the service manager may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the service is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Its file is there.
    pub installed: bool,
    /// It runs, as the service manager says.
    pub running: bool,
    /// Its process.
    pub pid: Option<u32>,
    /// `systemd` or `launchd`.
    pub manager: String,
    /// The file.
    pub file: PathBuf,
    /// What is in the way, if something is.
    pub detail: Option<String>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Install,
    Uninstall,
    Start,
    Stop,
    Restart,
    Status,
}

/// Answers a host call; `verb` is the word after `service.`.
///
/// # Errors
/// `unsupported` for an unknown word; `tool` when the service manager refuses.
pub async fn answer(verb: &str, paths: &Paths, env: &Env) -> Result<Service> {
    let verb = match verb {
        "install" => Verb::Install,
        "uninstall" => Verb::Uninstall,
        "start" => Verb::Start,
        "stop" => Verb::Stop,
        "restart" => Verb::Restart,
        "status" => Verb::Status,
        _ => return Err(Error::unsupported(format!("this sf knows no host call `service.{verb}`"))),
    };
    let manager = Manager::of(env);
    let file = manager.file(env);
    match verb {
        Verb::Status => {}
        Verb::Install => {
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder).at(folder.display())?;
            }
            let text = manager.text(&proc::own_program()?, paths, env);
            files::write_atomic_mode(&file, text.as_bytes(), 0o644)?;
            manager.run(&manager.after_install(&file), env).await?;
        }
        _ if !file.exists() && verb != Verb::Uninstall => {
            return Err(Error::not_found("the service is not installed").hint("sf service install"));
        }
        Verb::Uninstall => {
            // Stopping what does not run is no failure.
            let _ = manager.run(&manager.before_uninstall(&file), env).await;
            if file.exists() {
                std::fs::remove_file(&file).at(file.display())?;
            }
        }
        Verb::Start | Verb::Stop | Verb::Restart => manager.run(&manager.verb(verb, &file), env).await?,
    }
    Ok(manager.status(file, env).await)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Systemd,
    Launchd,
}

impl Manager {
    fn of(env: &Env) -> Self {
        // A test may look at the other one's file.
        match env.get("SF_TEST_SERVICE") {
            Some("launchd") => Self::Launchd,
            _ if cfg!(target_os = "macos") => Self::Launchd,
            _ => Self::Systemd,
        }
    }

    fn file(self, env: &Env) -> PathBuf {
        match self {
            Self::Systemd => {
                let config = env.path("XDG_CONFIG_HOME").unwrap_or_else(|| env.home().join(".config"));
                config.join("systemd/user").join(UNIT)
            }
            Self::Launchd => env.home().join("Library/LaunchAgents").join(format!("{LABEL}.plist")),
        }
    }

    fn text(self, program: &Path, paths: &Paths, env: &Env) -> String {
        let home = paths.home().map(|home| home.display().to_string());
        let mut words = vec![program.display().to_string()];
        words.extend(home.map(|home| ["--home".to_owned(), home]).into_iter().flatten());
        words.extend(["daemon", "run"].map(str::to_owned));
        match self {
            Self::Systemd => unit(&words, env.get("PATH")),
            Self::Launchd => plist(&words),
        }
    }

    fn after_install(self, file: &Path) -> Vec<Vec<String>> {
        match self {
            Self::Systemd => vec![
                systemctl(&["daemon-reload"]),
                systemctl(&["enable", UNIT]),
                systemctl(&["restart", UNIT]),
            ],
            Self::Launchd => vec![launchctl(&["bootstrap", &domain(), &file.display().to_string()])],
        }
    }

    fn before_uninstall(self, file: &Path) -> Vec<Vec<String>> {
        match self {
            Self::Systemd => vec![systemctl(&["disable", "--now", UNIT])],
            Self::Launchd => vec![launchctl(&["bootout", &domain(), &file.display().to_string()])],
        }
    }

    fn verb(self, verb: Verb, file: &Path) -> Vec<Vec<String>> {
        let word = match verb {
            Verb::Stop => "stop",
            Verb::Restart => "restart",
            _ => "start",
        };
        match self {
            Self::Systemd => vec![systemctl(&[word, UNIT])],
            Self::Launchd if verb == Verb::Stop => self.before_uninstall(file),
            Self::Launchd => vec![launchctl(&["kickstart", "-k", &format!("{}/{LABEL}", domain())])],
        }
    }

    async fn run(self, lines: &[Vec<String>], env: &Env) -> Result<()> {
        for line in lines {
            let (worked, text) = said(line, env).await?;
            if !worked {
                return Err(Error::tool(format!("`{}` says: {}", line.join(" "), text.trim())).hint(
                    "without a service manager of the user, `sf daemon start` captures until the machine stops",
                ));
            }
        }
        Ok(())
    }

    async fn status(self, file: PathBuf, env: &Env) -> Service {
        let manager = if self == Self::Systemd { "systemd" } else { "launchd" };
        let installed = file.exists();
        let mut service = Service { installed, manager: manager.to_owned(), file, ..Service::default() };
        let line = match self {
            Self::Systemd => systemctl(&["show", UNIT, "-p", "ActiveState", "-p", "MainPID"]),
            Self::Launchd => launchctl(&["print", &format!("{}/{LABEL}", domain())]),
        };
        match said(&line, env).await {
            Ok((true, text)) => {
                let value = |key: &str| {
                    let lines = text.lines().filter_map(|line| line.trim().strip_prefix(key));
                    lines.map(|rest| rest.trim_start_matches([' ', '=']).to_owned()).next()
                };
                let pid = value("MainPID").or_else(|| value("pid"));
                service.pid = pid.and_then(|pid| pid.parse().ok()).filter(|pid| *pid != 0);
                service.running = service.pid.is_some();
            }
            Ok((false, text)) => service.detail = Some(text.trim().to_owned()),
            Err(error) => service.detail = Some(error.to_string()),
        }
        service
    }
}

fn systemctl(words: &[&str]) -> Vec<String> {
    [&["systemctl", "--user"], words].concat().into_iter().map(str::to_owned).collect()
}

fn launchctl(words: &[&str]) -> Vec<String> {
    [&["launchctl"], words].concat().into_iter().map(str::to_owned).collect()
}

fn domain() -> String {
    format!("gui/{}", proc::uid())
}

async fn said(line: &[String], env: &Env) -> Result<(bool, String)> {
    let Some((program, arguments)) = line.split_first() else { return Err(Error::internal("no program")) };
    let mut command = proc::command(program);
    command.args(arguments).env_clear().envs(env.vars()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.map_err(|_| Error::tool(format!("`{program}` does not answer")))?;
    let output = output.map_err(|e| Error::tool(format!("`{program}` cannot be run: {e}")))?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// The systemd user unit. Sessions are no children of it, so stopping it ends none.
fn unit(words: &[String], path: Option<&str>) -> String {
    let line: Vec<String> = words.iter().map(|word| systemd_word(word)).collect();
    let path = path.map(|path| format!("Environment={}\n", systemd_word(&format!("PATH={path}"))));
    format!(
        "# Written by `sf service install`; `sf service uninstall` removes it.\n\
         [Unit]\n\
         Description=Session Forge: captures what AI tools record\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart={}\n\
         {}UMask=0077\n\
         Nice=10\n\
         Restart=on-failure\n\
         RestartSec=5\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        line.join(" "),
        path.unwrap_or_default()
    )
}

/// A word for a unit file: `%` and `$` mean something there.
fn systemd_word(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{escaped}\"")
}

fn plist(words: &[String]) -> String {
    let escape = |word: &str| word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let words: Vec<String> =
        words.iter().map(|word| format!("    <string>{}</string>\n", escape(word))).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- Written by `sf service install`; `sf service uninstall` removes it. -->\n\
         <plist version=\"1.0\">\n<dict>\n  <key>Label</key>\n  <string>{LABEL}</string>\n  \
         <key>ProgramArguments</key>\n  <array>\n{}  </array>\n  <key>RunAtLoad</key>\n  <true/>\n  \
         <key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n  \
         <key>ProcessType</key>\n  <string>Background</string>\n  <key>Umask</key>\n  <integer>63</integer>\n\
         </dict>\n</plist>\n",
        words.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_themselves() {
        let text = unit(&["/opt/a b/sf".into(), "100%".into(), "$HOME".into()], Some("/bin"));
        assert!(text.contains("ExecStart=\"/opt/a b/sf\" \"100%%\" \"$$HOME\"\n"), "{text}");
        assert!(plist(&["a<b&c".into()]).contains("<string>a&lt;b&amp;c</string>"));
    }
}
