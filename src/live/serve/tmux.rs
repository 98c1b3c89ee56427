//! Sessions of tmux that run on this machine: `live.tmux` lists them, so that they can be opened in a
//! pane. They stay tmux's; leaving the pane detaches from them.

use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sys::{Env, proc};

/// How long tmux may take.
const PATIENCE: Duration = Duration::from_secs(5);
const FORM: &str =
    "#{session_name}\t#{session_windows}\t#{session_attached}\t#{session_path}\t#{pane_current_command}";

/// A session of tmux.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tmux {
    /// Its name.
    pub name: String,
    /// How many windows it has.
    pub windows: u32,
    /// How many clients look at it.
    pub clients: u32,
    /// Its folder.
    pub workdir: String,
    /// What runs in its pane.
    pub command: String,
}

/// Those of the user's own server; none when there is no tmux, or no server.
pub(super) async fn list(env: &Env) -> Vec<Tmux> {
    let mut command = proc::command("tmux");
    command.args(["list-sessions", "-F", FORM]).env_clear().envs(env.vars()).env_remove("TMUX");
    command.stdout(Stdio::piped());
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let Ok(Ok(output)) = output else { return Vec::new() };
    read(&String::from_utf8_lossy(&output.stdout))
}

fn read(text: &str) -> Vec<Tmux> {
    let one = |line: &str| -> Option<Tmux> {
        let mut fields = line.split('\t');
        Some(Tmux {
            name: fields.next()?.to_owned(),
            windows: fields.next()?.parse().ok()?,
            clients: fields.next()?.parse().ok()?,
            workdir: fields.next()?.to_owned(),
            command: fields.next()?.to_owned(),
        })
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_none_are_left_out() {
        let rows = read("work\t2\t0\t/home/dev\tvim\nnonsense\n");
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].name.as_str(), rows[0].windows), ("work", 2));
    }
}
