//! The log: a file, never the screen. `SF_LOG` (or `-v`) says how much of it.

use tracing_subscriber::EnvFilter;

use crate::sys::{Env, Paths, files};

/// Starts logging into `log/sf.log` if that folder is there. A log that cannot be written is no
/// reason not to work.
pub(super) fn start(paths: &Paths, verbose: u8, env: &Env) {
    let level = env.get("SF_LOG").unwrap_or(match verbose {
        0 => "warn",
        1 => "session_forge=info,warn",
        _ => "session_forge=debug,info",
    });
    let dir = paths.log_dir();
    if !dir.is_dir() {
        return;
    }
    let Ok(file) = files::append(&dir.join("sf.log")) else { return };
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("warn"));
    // A second start in one process (tests do that) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::sync::Arc::new(file))
        .try_init();
}
