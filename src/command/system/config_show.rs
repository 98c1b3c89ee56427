//! `config show`

use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};

/// Show every setting and where its value comes from.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct ConfigShow {}

/// A setting.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// Its dotted key.
    pub key: String,
    /// The value in force.
    pub value: serde_json::Value,
    /// `default`, or the file that set it.
    pub origin: String,
}

impl Command for ConfigShow {
    const TOUCH: Touch = Touch::Reads;
    type Output = Vec<Setting>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Setting>>> {
        settings(cx)
    }
}

/// Every setting as it is on disk now. Here, and only here, a bad value is a failure.
pub(super) fn settings(cx: &Ctx) -> Result<Done<Vec<Setting>>> {
    let loaded = Settings::load(&cx.paths.settings());
    let rows = loaded.settings.values().into_iter().map(|(key, value)| {
        let origin = loaded.origins.get(&key).cloned().unwrap_or_else(|| "default".into());
        Ok(Setting { value: serde_json::to_value(value)?, key, origin })
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let error = loaded.notices.first().map(|first| {
        let rest = loaded.notices.iter().skip(1).map(ToString::to_string);
        rest.fold(Error::config(first.to_string()), Error::hint)
    });
    Ok(Done::with(rows, error))
}
