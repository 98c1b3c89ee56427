//! Where everything that sf owns lies.
//!
//! With a home (`--home`, else `SF_HOME`) all of it lies below that folder; without one the XDG
//! folders are used, under the name `sf`.

use std::path::{Path, PathBuf};

use super::{Env, files, proc};
use crate::error::{Error, Result};

/// The longest path that a socket may have; the kernel's limit is 108 bytes with the final zero.
pub const SOCKET_PATH_MAX: usize = 100;

/// The folders of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    config: PathBuf,
    data: PathBuf,
    run: PathBuf,
}

impl Paths {
    /// Finds the folders; makes nothing.
    ///
    /// # Errors
    /// `usage` when the chosen home is not absolute and cannot be made so.
    pub fn resolve(env: &Env, home: Option<&Path>) -> Result<Self> {
        let home = home.map(Path::to_path_buf).or_else(|| env.path("SF_HOME"));
        if let Some(home) = home {
            let home = std::path::absolute(&home)
                .map_err(|e| Error::usage(format!("--home `{}`: {e}", home.display())))?;
            let run = home.join("run");
            // The name of the longest socket is added later; leave room for it.
            let run = if run.as_os_str().len() + 32 > SOCKET_PATH_MAX { short_run(&home) } else { run };
            return Ok(Self { config: home.clone(), data: home, run });
        }
        // The specification says to ignore relative values. (The libraries for this read the
        // process's environment, which a test or a sandbox cannot seal.)
        let xdg = |name: &str, fallback: &str| {
            env.path(name).filter(|p| p.is_absolute()).unwrap_or_else(|| env.home().join(fallback)).join("sf")
        };
        let (config, data) = (xdg("XDG_CONFIG_HOME", ".config"), xdg("XDG_DATA_HOME", ".local/share"));
        let run = match env.path("XDG_RUNTIME_DIR") {
            Some(dir) if dir.as_os_str().len() + 36 <= SOCKET_PATH_MAX => dir.join("sf"),
            _ => PathBuf::from(format!("/tmp/sf-{}", proc::uid())),
        };
        Ok(Self { config, data, run })
    }

    /// Makes the folders, private to us.
    ///
    /// # Errors
    /// `refused` when one of them belongs to somebody else.
    pub fn create(&self) -> Result<()> {
        for dir in [&self.config, &self.data, &self.run] {
            files::private_dir(dir)?;
        }
        for name in ["sessions", "ssh", "bin", "trash", "log", "lock"] {
            files::private_dir(&self.data.join(name))?;
        }
        Ok(())
    }

    /// The home that was chosen, if one was: another process gets the same folders by `--home`.
    pub fn home(&self) -> Option<&Path> {
        (self.config == self.data).then_some(self.data.as_path())
    }

    /// The folder of `config.toml`, `keymap.toml` and `theme.toml`.
    pub fn config_dir(&self) -> &Path {
        &self.config
    }

    /// The audit log.
    pub fn audit_log(&self) -> PathBuf {
        self.log_dir().join("audit.jsonl")
    }

    /// The folder of the user's own status rules, one file for each tool.
    pub fn status_rules(&self) -> PathBuf {
        self.config.join("status")
    }

    /// The folder of databases and transcripts.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The folder of sockets.
    pub fn run_dir(&self) -> &Path {
        &self.run
    }

    /// The user's settings.
    pub fn settings(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The user's keys.
    pub fn keymap(&self) -> PathBuf {
        self.config.join("keymap.toml")
    }

    /// The user's colours.
    pub fn theme(&self) -> PathBuf {
        self.config.join("theme.toml")
    }

    /// Hosts, repositories, features, journal, known sessions, transcripts' rows.
    pub fn state_db(&self) -> PathBuf {
        self.data.join("state.db")
    }

    /// The full-text index: a cache that can be rebuilt.
    pub fn index_db(&self) -> PathBuf {
        self.data.join("index.db")
    }

    /// Captured transcripts, a `.sfs` folder each.
    pub fn sessions(&self) -> PathBuf {
        self.data.join("sessions")
    }

    /// Generated ssh configurations.
    pub fn ssh_dir(&self) -> PathBuf {
        self.data.join("ssh")
    }

    /// Content-addressed programs: `bin/<sha256>/sf`.
    pub fn bin_dir(&self) -> PathBuf {
        self.data.join("bin")
    }

    /// Transcripts that were deleted and can be brought back.
    pub fn trash_dir(&self) -> PathBuf {
        self.data.join("trash")
    }

    /// The user's price list.
    pub fn prices(&self) -> PathBuf {
        self.config.join("prices.toml")
    }

    /// Logs.
    pub fn log_dir(&self) -> PathBuf {
        self.data.join("log")
    }

    /// Lock files.
    pub fn lock_dir(&self) -> PathBuf {
        self.data.join("lock")
    }
}

/// A short folder for sockets of a home whose own path is too long for them. The home's path is
/// part of the name, so that two homes never share sockets.
fn short_run(home: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    let tag = super::hash::short(home.as_os_str().as_bytes(), 6);
    PathBuf::from(format!("/tmp/sf-{}", proc::uid())).join(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_moves_everything() {
        let env = Env::of([("HOME", "/home/dev"), ("SF_HOME", "/x"), ("XDG_RUNTIME_DIR", "/run/user/1")]);
        let paths = Paths::resolve(&env, None).expect("resolved");
        for path in [paths.settings(), paths.state_db(), paths.run_dir().into(), paths.ssh_dir()] {
            assert!(path.starts_with("/x"), "{}", path.display());
        }
        let other = Paths::resolve(&env, Some(Path::new("/y"))).expect("resolved");
        assert!(other.state_db().starts_with("/y"), "--home wins over SF_HOME");
    }

    #[test]
    fn without_a_home_the_xdg_folders_are_used() {
        let env = Env::of([("HOME", "/home/dev"), ("XDG_RUNTIME_DIR", "/run/user/1")]);
        let paths = Paths::resolve(&env, None).expect("resolved");
        assert_eq!(paths.settings(), Path::new("/home/dev/.config/sf/config.toml"));
        assert_eq!(paths.state_db(), Path::new("/home/dev/.local/share/sf/state.db"));
        assert_eq!(paths.run_dir(), Path::new("/run/user/1/sf"));
    }

    #[test]
    fn sockets_never_get_a_path_that_is_too_long() {
        let deep = format!("/{}", "d".repeat(120));
        let env = Env::of([("HOME", "/home/dev"), ("SF_HOME", deep.as_str())]);
        let paths = Paths::resolve(&env, None).expect("resolved");
        assert!(paths.run_dir().as_os_str().len() + 32 <= SOCKET_PATH_MAX);
    }
}
