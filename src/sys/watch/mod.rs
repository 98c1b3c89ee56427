//! Being told when files of a folder change; the only importer of notify.

mod trees;

pub use trees::{Change, Cover, Trees};

use std::path::Path;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::error::{Error, Result};

/// Ends the watch when dropped.
pub struct Watching(#[expect(dead_code, reason = "dropping it ends the watch")] RecommendedWatcher);

/// Calls `changed` on a thread of its own whenever a file of `dir` whose name `wanted` accepts is
/// made, written or removed.
///
/// # Errors
/// `unsupported` when the system gives no (more) watches.
pub fn files(
    dir: &Path,
    wanted: impl Fn(&str) -> bool + Send + 'static,
    changed: impl Fn() + Send + 'static,
) -> Result<Watching> {
    let failed = |e: notify::Error| Error::unsupported(format!("cannot watch `{}`: {e}", dir.display()));
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        // Reads are reported as well; they change nothing.
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        let named =
            |path: &std::path::PathBuf| path.file_name().and_then(|n| n.to_str()).is_some_and(&wanted);
        if event.paths.iter().any(named) {
            changed();
        }
    })
    .map_err(failed)?;
    watcher.watch(dir, RecursiveMode::NonRecursive).map_err(failed)?;
    Ok(Watching(watcher))
}
