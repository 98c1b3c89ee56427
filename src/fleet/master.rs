//! The ssh process that holds a host's connection: started by us, detached, kept warm between our
//! processes. Knows the program, its options and its last words; nothing of the protocol.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::backoff;
use super::steps::last_words;
use crate::config::settings::Ssh;
use crate::error::{At, Error, Result};
use crate::model::HostName;
use crate::sys::{Clock, Env, Paths, files, hash, proc};

/// How ssh is to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshSettings {
    /// The program: a name on `PATH` or a path.
    pub program: String,
    /// A configuration that is read before the user's own.
    pub config_file: Option<PathBuf>,
    /// How long a host may take to answer, unless the user's configuration says otherwise.
    pub connect_timeout: Duration,
    /// How long a connection stays open when nobody uses it.
    pub persist: Duration,
}

impl SshSettings {
    /// What the user's settings say. A name with a slash is a path, below home when it begins with `~/`.
    pub fn new(ssh: &Ssh, env: &Env) -> Self {
        let file = match ssh.config_file.strip_prefix("~/") {
            Some(below) => env.home().join(below),
            None => PathBuf::from(&ssh.config_file),
        };
        Self {
            program: ssh.program.clone(),
            config_file: Some(file).filter(|f| !f.as_os_str().is_empty()),
            connect_timeout: ssh.connect_timeout.0,
            persist: ssh.persist.0,
        }
    }
}

/// What comes after the connection itself: keys, agents, a proxy's own connection.
const AUTHENTICATION: Duration = Duration::from_secs(30);

/// How long a connection that a person typed a password for is kept warm when nobody uses it: they
/// should not have to type it twice a day.
const AFTER_LOGIN: Duration = Duration::from_secs(8 * 3600);

/// Everything that is needed to start a host's master.
#[derive(Clone, Debug)]
pub(super) struct Master {
    host: HostName,
    target: String,
    settings: SshSettings,
    env: Env,
    /// The socket that it listens on.
    pub(super) control: PathBuf,
    /// Only one process at a time starts it.
    pub(super) lock: PathBuf,
    /// When it was last tried.
    tries: PathBuf,
    config: PathBuf,
}

impl Master {
    pub(super) fn new(host: HostName, target: &str, settings: SshSettings, env: Env, paths: &Paths) -> Self {
        // What is connected to what, in which way: other settings are another connection.
        let key = format!("{target}\0{}\0{:?}", settings.program, settings.config_file);
        let tag = hash::short(key.as_bytes(), 6);
        Self {
            host,
            target: target.to_owned(),
            // ssh first binds this name with 17 more characters; `Paths` leaves room for 32.
            control: paths.run_dir().join(format!("m-{tag}")),
            lock: paths.lock_dir().join(format!("m-{tag}")),
            tries: paths.lock_dir().join(format!("m-{tag}.tries")),
            config: paths.ssh_dir().join(format!("config-{tag}")),
            settings,
            env,
        }
    }

    /// The words that open a terminal on the host, for a person to run: the target is the last.
    ///
    /// # Errors
    /// When the configuration cannot be written.
    pub(super) fn terminal(&self) -> Result<Vec<String>> {
        let mut words = vec![self.settings.program.clone()];
        if self.settings.config_file.is_some() {
            self.make_folders()?;
            files::write_atomic(&self.config, self.configuration()?.as_bytes())?;
            words.extend(["-F".to_owned(), self.config.display().to_string()]);
        }
        words.push("-t".to_owned());
        words.extend(destination(&self.target));
        Ok(words)
    }

    /// Makes the folders of socket, lock and configuration.
    ///
    /// # Errors
    /// `refused` when one of them belongs to somebody else.
    pub(super) fn make_folders(&self) -> Result<()> {
        let places = [&self.control, &self.lock, &self.config];
        places.into_iter().filter_map(|file| file.parent()).try_for_each(files::private_dir)
    }

    /// Makes sure that what the master needs is there, and that the socket of an earlier one is not.
    ///
    /// # Errors
    /// `config` when the extra configuration is not there.
    pub(super) fn prepare(&self) -> Result<()> {
        if let Some(file) = self.settings.config_file.as_deref().filter(|f| !f.is_file()) {
            return Err(Error::config(format!("`ssh.config_file`: there is no file `{}`", file.display())));
        }
        files::write_atomic(&self.config, self.configuration()?.as_bytes())?;
        remove_stale(&self.control)
    }

    /// Starts the master and returns once it is connected. Whoever calls holds the lock and knows
    /// that no live master listens on the socket.
    ///
    /// # Errors
    /// `unreachable` with what ssh said; `config` when the extra configuration is not there;
    /// `tool` when there is no ssh.
    pub(super) async fn start(&self) -> Result<()> {
        self.prepare()?;
        backoff::attempt(&self.tries, Clock::from_env(&self.env))
            .map_err(|e| e.at(format!("host `{}`", self.host)))?;
        // A file, not a pipe: a helper of the connection may hold it open for ever.
        let said = self.control.with_extension("log");
        let stderr = File::create(&said).at(said.display())?;
        let limit = self.settings.connect_timeout + AUTHENTICATION;
        let ended = tokio::time::timeout(limit, self.run(stderr.into(), Stdio::null(), false)).await;
        let words = last_words(&std::fs::read(&said).unwrap_or_default());
        // Only a diary of this start.
        let _ = std::fs::remove_file(&said);
        match ended {
            Ok(Ok(true)) => {
                backoff::answered(&self.tries);
                Ok(())
            }
            Ok(Ok(false)) => Err(self.unreachable(&words)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.unreachable(&format!("no connection within {} s", limit.as_secs()))),
        }
    }

    /// Starts the master with a person who answers, for as long as they need. ssh asks on the terminal
    /// itself, so only its messages need a way there. [`Self::prepare`] comes first.
    ///
    /// # Errors
    /// `unreachable` when they were not let in.
    pub(super) async fn ask(&self) -> Result<()> {
        if self.run(Stdio::inherit(), Stdio::inherit(), true).await? {
            backoff::answered(&self.tries);
            return Ok(());
        }
        Err(Error::unreachable(format!("host `{}` did not let you in", self.host))
            .hint("what ssh said stands above")
            .hint(format!("`ssh -v {}` shows how far it comes", self.target)))
    }

    /// With `ControlPersist`, ssh goes into the background once it is connected: success is the
    /// exit of the process that we started.
    async fn run(&self, stderr: Stdio, stdin: Stdio, person: bool) -> Result<bool> {
        let mut ssh = proc::command(&self.settings.program);
        ssh.env_clear().envs(self.env.vars()).stderr(stderr).stdin(stdin);
        ssh.arg("-F").arg(&self.config).arg("-S").arg(&self.control);
        ssh.args(["-M", "-N", "-T", "-x"]);
        for option in self.options(person) {
            ssh.arg("-o").arg(option);
        }
        let mut destination = destination(&self.target);
        let host = destination.pop().unwrap_or_default();
        let status = ssh.args(destination).arg("--").arg(host).status().await.map_err(|e| {
            Error::tool(format!("cannot start `{}`: {e}", self.settings.program))
                .hint("install the OpenSSH client, or set `ssh.program`")
        })?;
        Ok(status.success())
    }

    /// What must hold whatever the user's configuration says: unless there is a `person`, nobody can
    /// answer, and what the user wants of a shell of their own (forwarded ports, a command) is not
    /// wanted here.
    fn options(&self, person: bool) -> [String; 8] {
        let persist = if person { self.settings.persist.max(AFTER_LOGIN) } else { self.settings.persist };
        [
            format!("BatchMode={}", if person { "no" } else { "yes" }),
            "ControlMaster=yes".into(),
            format!("ControlPersist={}", persist.as_secs().max(1)),
            "ClearAllForwardings=yes".into(),
            "PermitLocalCommand=no".into(),
            "RemoteCommand=none".into(),
            "RequestTTY=no".into(),
            "LogLevel=INFO".into(),
        ]
    }

    /// The configuration that ssh is given. The first value that it finds counts, so ours at the
    /// end are only defaults. `~` is the home of the password database, as it always is for ssh.
    fn configuration(&self) -> Result<String> {
        let mut text = String::from("# Written by sf for every connection; changes are lost.\n");
        if let Some(file) = &self.settings.config_file {
            let path = file.to_str().filter(|p| !p.contains(['"', '\n'])).ok_or_else(|| {
                Error::config(format!("`ssh.config_file`: ssh cannot take the name `{}`", file.display()))
            })?;
            text.push_str(&format!("Include \"{path}\"\n"));
        }
        let seconds = self.settings.connect_timeout.as_secs().max(1);
        text.push_str("Include ~/.ssh/config\nInclude /etc/ssh/ssh_config\nHost *\n");
        text.push_str(&format!(
            "  ConnectTimeout {seconds}\n  ServerAliveInterval 10\n  ServerAliveCountMax 3\n"
        ));
        Ok(text)
    }

    /// The error of a host that does not answer, with what to do about it.
    pub(super) fn unreachable(&self, words: &str) -> Error {
        let words = if words.is_empty() { "the connection was lost" } else { words };
        let error = Error::unreachable(format!("cannot reach host `{}`: {words}", self.host));
        let target = &self.target;
        let login = format!("`sf host login {}` lets you answer ssh's questions once", self.host);
        if words.contains("has changed") {
            error.hint("its key is not the one that it had: somebody may have come in between").hint(
                "if the machine was set up anew, remove the old key with `ssh-keygen -R`, then log in again",
            )
        } else if words.contains("Host key verification failed") {
            error.hint(login)
        } else if words.contains("Permission denied") {
            error.hint(login).hint(format!(
                "or let `ssh {target} true` work without a question: load your key with `ssh-add`"
            ))
        } else if words.contains("Could not resolve") {
            error
                .hint("a port is written as `ssh://user@host:port`")
                .hint("check the name in `~/.ssh/config`")
        } else {
            error.hint(format!("`ssh -v {target}` shows how far it comes"))
        }
    }
}

/// What ssh is given for a target: itself, but that of `ssh://user@[address]:port` ssh (9.2) takes the
/// parts only one by one.
fn destination(target: &str) -> Vec<String> {
    let whole = || vec![target.to_owned()];
    let Some(rest) = target.strip_prefix("ssh://") else { return whole() };
    let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
    let Some((address, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return whole();
    };
    let port = after.trim_end_matches('/').strip_prefix(':').filter(|port| !port.is_empty());
    let options = [("-l", user), ("-p", port)];
    let options = options.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?.to_owned()]));
    options.flatten().chain([address.to_owned()]).collect()
}

/// Removes the socket of a master that is gone.
fn remove_stale(control: &Path) -> Result<()> {
    match std::fs::remove_file(control) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e).at(control.display()),
        _ => Ok(()),
    }
}

/// Checks what the user gives as a target: anything that ssh takes, and nothing that it would
/// take for an option.
///
/// # Errors
/// `usage`.
pub fn check_target(target: &str) -> Result<()> {
    let bad = |why: &str| {
        Err(Error::usage(format!("target {target:?} {why}"))
            .hint("a target is an alias of your ssh configuration, `user@host`, or `ssh://user@host:port`"))
    };
    if target.is_empty() {
        return bad("is empty");
    }
    if target.starts_with('-') {
        return bad("begins with `-`");
    }
    if target.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return bad("holds a blank or a control character");
    }
    if target.split(['@', '/']).any(|part| part.starts_with('-')) {
        return bad("has a part that begins with `-`");
    }
    if target.len() > 512 {
        return bad("is longer than 512 characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn settings() -> SshSettings {
        SshSettings::new(&Settings::built_in().ssh, &Env::of([("HOME", "/h")]))
    }

    #[test]
    fn targets_that_ssh_would_take_for_options_are_refused() {
        for bad in ["", "-oProxyCommand=x", "a b", "a\nb", "a\0", "ssh://-oX=y/", "ssh://a@-oX=y", "a@-oX=y"]
        {
            assert_eq!(check_target(bad).expect_err(bad).code.exit(), 2);
        }
        for good in ["gpu-01", "dev@10.0.0.1", "ssh://dev@host:2222", "::1"] {
            check_target(good).expect(good);
        }
    }

    #[test]
    fn an_address_in_brackets_is_taken_apart() {
        assert_eq!(destination("ssh://dev@[::1]:2222"), ["-l", "dev", "-p", "2222", "::1"]);
        assert_eq!(destination("ssh://[fe80::1%eth0]"), ["fe80::1%eth0"]);
        for plain in ["gpu-01", "dev@::1", "ssh://dev@host:22", "ssh://[broken"] {
            assert_eq!(destination(plain), [plain]);
        }
    }

    #[test]
    fn other_settings_are_another_connection() {
        let env = Env::of([("HOME", "/h"), ("SF_HOME", "/x")]);
        let paths = Paths::resolve(&env, None).expect("resolved");
        let name: HostName = "a".parse().expect("a name");
        let plain = Master::new(name.clone(), "a", settings(), env.clone(), &paths);
        let settings = SshSettings { config_file: Some("/c".into()), ..settings() };
        let other = Master::new(name, "a", settings, env, &paths);
        assert_ne!(plain.control, other.control);
        let text = other.configuration().expect("a plain name");
        let place = |what: &str| text.find(what).expect(what);
        assert!(place("Include \"/c\"") < place("~/.ssh/config"));
        assert!(place("/etc/ssh/ssh_config") < place("ConnectTimeout"), "ours are only defaults");
    }
}
