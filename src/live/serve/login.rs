//! What a login would have.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::fleet::sh::with_usual_folders;
use crate::sys::{Env, proc};

/// What a login's profiles may take; beyond it we do without them.
const LIMIT: Duration = Duration::from_secs(5);
/// What the shell says last; what a profile left running may hold its output open for ever.
const END: &str = "sf-login-end";

/// The `PATH` that the user's login shell has, of whatever kind it is. Profiles may print what they
/// like; one that hangs is given up.
pub(super) async fn path(env: &Env) -> Option<String> {
    let path = tokio::time::timeout(LIMIT, ask(env)).await.ok()??;
    Some(with_usual_folders(&path, &env.home().display().to_string()))
}

async fn ask(env: &Env) -> Option<String> {
    let mut command = proc::command(env.get("SHELL").unwrap_or("/bin/sh"));
    command.arg("-l").env_clear().envs(env.vars()).current_dir(env.home());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let mut lines = BufReader::new(child.stdout.take()?).split(b'\n');
    let mut stdin = child.stdin.take()?;
    stdin.write_all(format!("env\necho {END}\n").as_bytes()).await.ok()?;
    drop(stdin);
    let mut path = None;
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        if line == END {
            break;
        }
        path = line.strip_prefix("PATH=").map(str::to_owned).or(path);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_profile_may_be_noisy_and_leave_something_running() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let profile = "echo noise; echo PATH=wrong; PATH=/from/profile:$PATH; export PATH; sleep 30 & trap \"kill $!\" EXIT";
        std::fs::write(home.path().join(".profile"), profile).expect("written");
        let env = Env::of([
            ("HOME".into(), home.path().as_os_str().to_owned()),
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("SHELL".into(), "/bin/sh".into()),
        ] as [(std::ffi::OsString, std::ffi::OsString); 3]);
        let found = path(&env).await.expect("answered");
        assert!(found.starts_with("/from/profile:"), "{found}");
        let own = format!(":{}/.local/bin:", home.path().display());
        assert!(found.contains(&own), "what `host check` sees can be started: {found}");
        let broken = env.with("SHELL", "/no/such/shell");
        assert_eq!(path(&broken).await, None);
    }
}
