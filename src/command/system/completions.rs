//! `completions`

use clap_complete::Shell;
use serde::{Deserialize, Serialize};

use crate::command::line;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};

/// Print the completion script of a shell.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Completions {
    /// bash, elvish, fish, powershell or zsh.
    #[arg(value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    pub shell: String,
}

/// A completion script.
#[derive(Debug, Serialize)]
pub struct Script {
    /// Its text.
    pub script: String,
}

impl Command for Completions {
    const TOUCH: Touch = Touch::Reads;
    type Output = Script;

    async fn run(self, _cx: &Ctx) -> Result<Done<Script>> {
        let shell: Shell = self.shell.parse().map_err(Error::usage)?;
        let mut bytes = Vec::new();
        clap_complete::generate(shell, &mut line::grammar(), "sf", &mut bytes);
        let script = String::from_utf8(bytes).map_err(|_| Error::internal("the script is not UTF-8"))?;
        Ok(Script { script }.into())
    }
}
