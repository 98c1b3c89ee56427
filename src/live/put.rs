//! Files that are brought to the host of a session, so that its program can be told their paths.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::{At, Error, Result};
use crate::sys::{Env, files, proc, random};

/// The largest file, in bytes.
pub const MOST: u64 = 64 * 1024 * 1024;
/// How long a file is kept.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);
/// A program that gives the clipboard away answers within this.
const PATIENCE: Duration = Duration::from_secs(5);

/// The parameters of `live.put`; `size` bytes follow, and then the answer comes as a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Put {
    /// What the file is called.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
}

/// What comes of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The path of the file.
    Ok(String),
    /// Nothing is left of it.
    Err(Error),
}

/// Takes a file in: `folder/RANDOM-NAME`, private to us. Those of before are removed after seven days.
///
/// # Errors
/// `usage` for one that is too large, `unreachable` when it breaks off, those of the file system.
pub async fn take(folder: PathBuf, put: Put, from: &mut (impl AsyncRead + Unpin)) -> Result<String> {
    if put.size > MOST {
        return Err(Error::usage(format!("`{}` is too large", put.name)));
    }
    let mut bytes = Vec::new();
    from.take(put.size).read_to_end(&mut bytes).await.at("what is pasted")?;
    if (bytes.len() as u64) < put.size {
        return Err(Error::unreachable("what is pasted has broken off"));
    }
    let path = folder.join(format!("{}-{}", random::hex(4)?, plain(&put.name)));
    let text = path.to_string_lossy().into_owned();
    let written = tokio::task::spawn_blocking(move || {
        files::private_dir(&folder)?;
        forget_old(&folder);
        files::write_atomic(&path, &bytes)
    });
    written.await.map_err(|e| Error::internal(format!("writing what is pasted: {e}")))??;
    Ok(text)
}

/// A name without anything that shells and tools take for more than a letter.
fn plain(name: &str) -> String {
    let letters =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' });
    let name: String = letters.collect();
    // The end tells what kind of file it is.
    name[name.len().saturating_sub(60)..].to_owned()
}

fn forget_old(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(std::result::Result::ok) {
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > KEEP) {
            // Somebody else may have removed it.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The picture in the clipboard of this machine, as PNG.
///
/// # Errors
/// `not_found` when there is none, or no program that could give it.
pub async fn clipboard_image(env: &Env) -> Result<Vec<u8>> {
    let choices: [(bool, &str, &[&str]); 3] = [
        (cfg!(target_os = "macos"), "pngpaste", &["-"]),
        (env.get("WAYLAND_DISPLAY").is_some(), "wl-paste", &["--type", "image/png"]),
        (env.get("DISPLAY").is_some(), "xclip", &["-selection", "clipboard", "-t", "image/png", "-o"]),
    ];
    let mut asked = Vec::new();
    for (_, program, words) in choices.into_iter().filter(|(fits, ..)| *fits) {
        asked.push(program);
        let mut command = proc::command(program);
        command.args(words).env_clear().envs(env.vars()).stdout(Stdio::piped());
        let Ok(child) = command.spawn() else { continue };
        if let Ok(Ok(output)) = tokio::time::timeout(PATIENCE, child.wait_with_output()).await
            && output.stdout.starts_with(b"\x89PNG")
        {
            return Ok(output.stdout);
        }
    }
    let text = "the clipboard of this machine has no picture that can be read";
    Err(Error::not_found(text).hint(match asked.as_slice() {
        [] => "there is no desktop here; name a file: sf session paste ID FILE".to_owned(),
        asked => format!("asked: {}; or name a file: sf session paste ID FILE", asked.join(", ")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless_and_keep_their_end() {
        assert_eq!(plain("my picture (1).png"), "my_picture__1_.png");
        assert_eq!(plain("../../etc/$(x)"), ".._.._etc___x_");
        assert!(plain(&format!("{}.jpeg", "ü".repeat(100))).ends_with(".jpeg"));
    }

    #[tokio::test]
    async fn what_breaks_off_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("paste");
        let put = |size| Put { name: "a.png".into(), size };
        let whole = take(folder.clone(), put(3), &mut &b"abcdef"[..]).await.expect("taken");
        assert_eq!(std::fs::read(&whole).expect("there"), b"abc");
        assert!(take(folder.clone(), put(9), &mut &b"abc"[..]).await.is_err());
        assert!(take(folder.clone(), put(MOST + 1), &mut &b""[..]).await.is_err());
        assert_eq!(std::fs::read_dir(&folder).expect("there").count(), 1);
    }
}
