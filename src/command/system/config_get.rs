//! `config get`

use serde::{Deserialize, Serialize};

use super::config_show::{Setting, settings};
use crate::config::layers;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};

/// Show one setting.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct ConfigGet {
    /// Its dotted key, as in `ssh.program`.
    pub key: String,
}

impl Command for ConfigGet {
    const TOUCH: Touch = Touch::Reads;
    type Output = Setting;

    async fn run(self, cx: &Ctx) -> Result<Done<Setting>> {
        let all = settings(cx)?;
        let keys: Vec<String> = all.value.iter().map(|s| s.key.clone()).collect();
        match all.value.into_iter().find(|s| s.key == self.key) {
            Some(setting) => Ok(Done::with(setting, all.error)),
            None => Err(no_setting(&self.key, &keys)),
        }
    }
}

/// Says which settings there are.
pub(super) fn no_setting(key: &str, known: &[String]) -> Error {
    let error = Error::not_found(format!("no setting is called `{key}`"));
    match layers::nearest(key, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`sf config show` lists them"),
    }
}
