//! `doctor`

mod home;
mod hosts;
mod machine;
mod stores;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Code, Error, Result};

/// Check that everything sf stands on is well, and say what to do where it is not.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Doctor {
    /// Mend what can be mended without a loss.
    #[arg(long)]
    pub fix: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Findings {
    checks: Vec<Check>,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warn,
    Fail,
}

/// A part that was looked at.
#[derive(Clone, Debug, Serialize)]
struct Check {
    name: Cow<'static, str>,
    status: Status,
    /// What was found, and what to do about it.
    detail: String,
    /// Whether something was wrong and has been mended.
    fixed: bool,
}

impl Check {
    fn ok(name: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), status: Status::Ok, detail: detail.into(), fixed: false }
    }

    fn warn(name: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { status: Status::Warn, ..Self::ok(name, detail) }
    }

    fn fail(name: &'static str, detail: impl Into<String>) -> Self {
        Self { status: Status::Fail, ..Self::ok(name, detail) }
    }

    fn mended(name: &'static str, detail: impl Into<String>) -> Self {
        Self { fixed: true, ..Self::ok(name, detail) }
    }

    /// A part that could not be looked at.
    fn of(name: &'static str, looked: Result<Self>) -> Self {
        looked.unwrap_or_else(|error| {
            let hint = error.hints.first().map_or(String::new(), |hint| format!(" ({hint})"));
            Self::fail(name, format!("{error}{hint}"))
        })
    }
}

impl Command for Doctor {
    // What it mends is no work of anybody's; and the journal would open what is to be looked at.
    const TOUCH: Touch = Touch::Reads;
    type Output = Findings;

    async fn run(self, cx: &Ctx) -> Result<Done<Findings>> {
        let fix = self.fix && !cx.options.dry_run;
        let mut checks = vec![
            Check::of("home", home::folders(cx, fix)),
            Check::of("database", stores::database(cx).await),
            Check::of("index", stores::index(cx, fix).await),
            Check::of("transcripts", stores::transcripts(cx).await),
            Check::of("holders", home::holders(cx, fix)),
            home::daemon(cx, fix),
            home::files(cx),
            machine::tools(cx).await,
            machine::git().await,
            machine::ssh(cx).await,
            machine::disk(cx),
            machine::clock(cx).await,
            machine::linger().await,
        ];
        checks.extend(hosts::hosts(cx).await);
        let failed: Vec<&Check> = checks.iter().filter(|check| check.status == Status::Fail).collect();
        let error = (!failed.is_empty()).then(|| {
            let error =
                Error::new(Code::Partial, format!("{} of {} checks failed", failed.len(), checks.len()));
            failed.iter().fold(error, |error, check| error.hint(format!("{}: {}", check.name, check.detail)))
        });
        Ok(Done::with(Findings { checks }, error))
    }
}
