//! `config set`

use serde::{Deserialize, Serialize};

use super::config_get::no_setting;
use super::config_show::{Setting, settings};
use crate::config::{Settings, edit, layers};
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::sys::files;

/// Change one setting.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct ConfigSet {
    /// Its dotted key, as in `ssh.program`.
    pub key: String,
    /// Its new value.
    pub value: String,
}

impl Command for ConfigSet {
    const TOUCH: Touch = Touch::Writes;
    type Output = Setting;

    async fn run(self, cx: &Ctx) -> Result<Done<Setting>> {
        let known: Vec<String> = Settings::built_in().values().into_keys().collect();
        if !known.contains(&self.key) {
            return Err(no_setting(&self.key, &known));
        }
        let path = cx.paths.settings();
        let text = match files::read_if_any(&path)? {
            Some(bytes) => String::from_utf8(bytes)
                .map_err(|_| Error::config(format!("{}: not UTF-8", path.display())))?,
            None => String::new(),
        };
        let new =
            edit::put(&text, &self.key, edit::literal(&self.value)).map_err(|e| e.at(path.display()))?;
        check(&self.key, &new)?;
        if !cx.options.dry_run {
            files::private_dir(cx.paths.config_dir())?;
            files::write_atomic(&path, new.as_bytes())?;
        }
        let all = settings(cx)?;
        let set = all.value.into_iter().find(|s| s.key == self.key);
        set.map(|s| Done::with(s, None)).ok_or_else(|| Error::internal("the setting vanished"))
    }
}

/// Refuses a value that loading would pass over.
fn check(key: &str, text: &str) -> Result<()> {
    let user: toml::Table =
        text.parse().map_err(|e: toml::de::Error| Error::config(e.message().to_owned()))?;
    let Some(value) = layers::leaves(&user).remove(key) else {
        return Err(Error::internal("the new value cannot be read back"));
    };
    let mut all = toml::Table::try_from(Settings::built_in())
        .map_err(|e| Error::internal(format!("the settings cannot be written: {e}")))?;
    layers::put(&mut all, key, value);
    match toml::Value::Table(all).try_into::<Settings>() {
        Ok(_) => Ok(()),
        Err(e) => Err(Error::usage(format!("`{key}`: {}", e.message()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_is_refused() {
        assert!(check("jobs", "jobs = \"many\"").is_err());
        assert!(check("jobs", "jobs = 4").is_ok());
    }
}
