//! `session paste`

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::Session;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{At, Error, Result};
use crate::fleet::Host;
use crate::live::put::{self, MOST, Put};
use crate::model::{HostName, LiveId};

/// Put files on a session's host and type their paths; without one, the image of the clipboard.
///
/// For tools that look at a picture when they are given its path. What was put there is removed after
/// seven days.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionPaste {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
    /// Files of this machine.
    #[arg(value_name = "FILE")]
    #[serde(default)]
    pub files: Vec<PathBuf>,
    /// Also when the program asks something.
    #[arg(long)]
    #[serde(default)]
    pub force: bool,
}

/// What was put where.
#[derive(Clone, Debug, Serialize)]
pub struct Pasted {
    /// The session.
    pub id: LiveId,
    /// Its host.
    pub host: HostName,
    /// The paths that were typed.
    pub paths: Vec<String>,
}

/// A file, or the clipboard's picture.
enum What {
    File(PathBuf),
    Image(Vec<u8>),
}

impl Command for SessionPaste {
    const TOUCH: Touch = Touch::Writes;
    type Output = Pasted;

    async fn run(self, cx: &Ctx) -> Result<Done<Pasted>> {
        let found = self.id.find(cx).await?;
        let (id, host) = (found.id, found.host.name().clone());
        let what = match self.files.as_slice() {
            [] => vec![What::Image(put::clipboard_image(&cx.env).await?)],
            files => files.iter().cloned().map(What::File).collect(),
        };
        let mut paths = Vec::new();
        for what in what {
            paths.push(match what {
                // The session can read it where it is.
                What::File(path) if host.is_local() => absolute(&path)?,
                What::File(_) | What::Image(_) if cx.options.dry_run => continue,
                What::File(path) => {
                    let mut file = tokio::fs::File::open(&path).await.at(path.display())?;
                    let size = file.metadata().await.at(path.display())?.len();
                    upload(found.host.as_ref(), name(&path), size, &mut file).await?
                }
                What::Image(bytes) => {
                    let size = bytes.len() as u64;
                    upload(found.host.as_ref(), "clipboard.png".into(), size, &mut bytes.as_slice()).await?
                }
            });
        }
        if !cx.options.dry_run {
            // A blank after each: what is typed next is no part of it.
            let text: String = paths.iter().map(|path| format!("{path} ")).collect();
            found.host.call("live.send", json!({ "id": id, "text": text, "force": self.force })).await?;
        }
        Ok(Pasted { id, host, paths }.into())
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn absolute(path: &Path) -> Result<String> {
    std::fs::File::open(path).at(path.display())?;
    let path = std::path::absolute(path).at(path.display())?;
    path.into_os_string().into_string().map_err(|_| Error::usage("the file's path is not UTF-8"))
}

/// Sends so many bytes to a host; gives the path there.
async fn upload(
    host: &dyn Host,
    name: String,
    size: u64,
    from: &mut (impl tokio::io::AsyncRead + Unpin),
) -> Result<String> {
    if size > MOST {
        let text =
            format!("`{name}` has {} MB; no more than {} MB are pasted", size / 1_000_000, MOST / 1_000_000);
        return Err(Error::usage(text));
    }
    let io = host.open("live.put", json!(Put { name, size })).await?;
    let (reader, mut writer) = tokio::io::split(io);
    let mut from = from.take(size);
    let sent = tokio::io::copy(&mut from, &mut writer).await.at("the link to the host")?;
    if sent < size {
        return Err(Error::conflict("the file became shorter while it was read"));
    }
    writer.flush().await.at("the link to the host")?;
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).await.at("the link to the host")?;
    match serde_json::from_str(&line) {
        Ok(put::Answer::Ok(path)) => Ok(path),
        Ok(put::Answer::Err(error)) => Err(error),
        Err(_) => Err(Error::unreachable("the connection to the host is gone")),
    }
}
