//! Whole folders, with everything below them, that may not exist yet.
//!
//! A root that is there is watched with all its folders. Of one that is not, the nearest folder
//! above is watched, so that it is noticed when it appears. A root that the system has no watches
//! left for is named as such: somebody has to look at it from time to time.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::{Config, ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::error::{Error, Result};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Something in the root of this number.
    Below(usize),
    /// A root may have appeared or gone: [`Trees::arm`] is due.
    Roots,
    /// Events were lost: anything may have changed.
    Lost,
}

/// How a root is covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cover {
    /// It is watched with all its folders.
    Whole,
    /// It is not there, and it will be noticed when it appears.
    Awaited,
    /// It cannot be watched, for this reason.
    Unwatched(String),
}

/// Watched roots; the watch ends when this is dropped.
pub struct Trees {
    watcher: RecommendedWatcher,
    roots: Vec<Root>,
}

struct Root {
    /// Where links have been followed as far as the path exists.
    path: PathBuf,
    cover: Cover,
    /// Device and inode of the folder that is watched.
    is: Option<(u64, u64)>,
}

impl Trees {
    /// Gets ready; nothing is watched before [`Trees::arm`]. `changed` is called on a thread of its
    /// own and must not wait.
    ///
    /// # Errors
    /// `unsupported` when the system cannot watch anything.
    pub fn new(roots: &[PathBuf], changed: impl Fn(Change) + Send + 'static) -> Result<Self> {
        let roots: Vec<Root> =
            roots.iter().map(|root| Root { path: real(root), cover: Cover::Awaited, is: None }).collect();
        let paths: Arc<[PathBuf]> = roots.iter().map(|root| root.path.clone()).collect();
        let tell = move |event: notify::Result<notify::Event>| match event {
            Ok(event) => told(&event, &paths).into_iter().for_each(&changed),
            Err(e) => {
                tracing::warn!("watching: {e}");
                changed(Change::Lost);
            }
        };
        // A link inside a store could lead anywhere, even in a circle.
        let watcher = RecommendedWatcher::new(tell, Config::default().with_follow_symlinks(false))
            .map_err(|e| Error::unsupported(format!("cannot watch files: {e}")))?;
        Ok(Self { watcher, roots })
    }

    /// Watches what has appeared since, and lets go of what has gone. Gives the numbers of the roots
    /// that are watched from now on and were not before: they may hold anything. Blocking.
    pub fn arm(&mut self) -> Vec<usize> {
        let mut new = Vec::new();
        for at in 0..self.roots.len() {
            let path = self.roots[at].path.clone();
            let is = std::fs::metadata(&path).ok().map(|meta| (meta.dev(), meta.ino()));
            let Some(is) = is else {
                self.roots[at].is = None;
                self.roots[at].cover = self.await_root(&path);
                continue;
            };
            if self.roots[at].is == Some(is) && self.roots[at].cover == Cover::Whole {
                continue;
            }
            self.roots[at].cover = match self.watcher.watch(&path, RecursiveMode::Recursive) {
                Ok(()) => Cover::Whole,
                Err(e) => Cover::Unwatched(reason(&e)),
            };
            if self.roots[at].is != Some(is) || self.roots[at].cover == Cover::Whole {
                new.push(at);
            }
            self.roots[at].is = Some(is);
        }
        new
    }

    /// How each root is covered, in the order in which they were given.
    pub fn cover(&self) -> impl Iterator<Item = &Cover> {
        self.roots.iter().map(|root| &root.cover)
    }

    fn await_root(&mut self, root: &Path) -> Cover {
        let Some(above) = root.ancestors().skip(1).find(|dir| dir.is_dir()) else { return Cover::Awaited };
        // A second watch of a folder that is watched as a whole would end that.
        let inside = |other: &Root| other.cover == Cover::Whole && above.starts_with(&other.path);
        if self.roots.iter().any(inside) {
            return Cover::Awaited;
        }
        match self.watcher.watch(above, RecursiveMode::NonRecursive) {
            Ok(()) => Cover::Awaited,
            Err(e) => Cover::Unwatched(reason(&e)),
        }
    }
}

/// What an event means for the roots.
fn told(event: &notify::Event, roots: &[PathBuf]) -> Vec<Change> {
    if event.need_rescan() {
        return vec![Change::Lost];
    }
    // Reads are reported as well (our own too); they change nothing.
    if matches!(event.kind, EventKind::Access(_)) {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for path in &event.paths {
        for (at, root) in roots.iter().enumerate() {
            if path.starts_with(root) && path != root {
                changes.push(Change::Below(at));
            } else if root.starts_with(path) {
                changes.push(Change::Roots);
            }
        }
    }
    changes.dedup();
    changes
}

fn reason(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            "the system has no watches left (fs.inotify.max_user_watches, fs.inotify.max_user_instances)"
                .into()
        }
        ErrorKind::Io(e) => e.to_string(),
        _ => error.to_string(),
    }
}

/// The path with all links on the way followed, as far as it exists: events name files so.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for above in absolute.ancestors() {
        if let (Ok(real), Ok(rest)) = (std::fs::canonicalize(above), absolute.strip_prefix(above)) {
            return real.join(rest);
        }
    }
    absolute
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::Duration;

    use super::*;

    fn watch(roots: &[PathBuf]) -> (Trees, Receiver<Change>) {
        let (sender, changes) = sync_channel(1000);
        let trees = Trees::new(roots, move |change| {
            let _ = sender.try_send(change);
        });
        (trees.expect("watched"), changes)
    }

    fn wait(changes: &Receiver<Change>, wanted: Change) {
        while changes.recv_timeout(Duration::from_secs(20)).expect("told in time") != wanted {}
    }

    #[test]
    fn files_deep_below_a_root_are_seen() {
        let dir = tempfile::tempdir().expect("a folder");
        let roots = [dir.path().join("a"), dir.path().join("b")];
        roots.iter().for_each(|root| std::fs::create_dir_all(root.join("x/y")).expect("made"));
        let (mut trees, changes) = watch(&roots);
        assert_eq!(trees.arm(), [0, 1]);
        assert_eq!(trees.arm(), Vec::<usize>::new());
        std::fs::write(roots[1].join("x/y/f"), "1").expect("written");
        wait(&changes, Change::Below(1));
    }

    #[test]
    fn a_root_that_appears_later_and_one_that_is_made_anew_are_watched() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("not/yet");
        let (mut trees, changes) = watch(std::slice::from_ref(&root));
        assert_eq!(trees.arm(), Vec::<usize>::new());
        assert!(trees.cover().eq([&Cover::Awaited]));
        for _ in 0..2 {
            std::fs::create_dir(dir.path().join("not")).expect("made");
            wait(&changes, Change::Roots);
            let _ = trees.arm();
            std::fs::create_dir_all(&root).expect("made");
            let _ = trees.arm();
            assert!(trees.cover().eq([&Cover::Whole]));
            std::fs::write(root.join("f"), "1").expect("written");
            wait(&changes, Change::Below(0));
            std::fs::remove_dir_all(dir.path().join("not")).expect("removed");
            wait(&changes, Change::Roots);
            let _ = trees.arm();
            assert!(trees.cover().eq([&Cover::Awaited]));
        }
    }

    #[test]
    fn a_link_to_a_store_is_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("real")).expect("made");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("real"), &link).expect("linked");
        let (mut trees, changes) = watch(&[link]);
        assert_eq!(trees.arm(), [0]);
        std::fs::write(dir.path().join("real/f"), "1").expect("written");
        wait(&changes, Change::Below(0));
    }
}
