//! Who the daemon of a home is: a lock that it holds, and a file that says what it does.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::{Time, ToolId};
use crate::sys::lock::{Lock, try_lock};
use crate::sys::{Paths, files, proc};

/// How a root is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Every change is noticed.
    Watched,
    /// It is not there; its appearance is noticed.
    Awaited,
    /// It is looked at now and then.
    Scanned,
}

/// A root and how it is looked after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Whose root it is.
    pub tool: ToolId,
    /// The folder.
    pub root: PathBuf,
    /// How it is looked after.
    pub mode: Mode,
    /// Why it is not watched.
    pub reason: Option<String>,
}

/// What a daemon tells of itself, in `lock/daemon.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its process id.
    pub pid: u32,
    /// When it was started, in ticks since boot: with the id it names the process for good.
    pub ticks: Option<u64>,
    /// When it was started.
    pub started: Time,
    /// The version of sf that it is.
    pub version: String,
    /// What it looks after; empty until it is ready.
    pub watching: Vec<Watched>,
    /// When it last looked, and captured what was new.
    pub last_capture: Option<Time>,
}

impl Record {
    /// The record of the daemon that runs, if one does.
    pub fn of_running(paths: &Paths) -> Option<Self> {
        let bytes = std::fs::read(file(paths)).ok()?;
        let record: Self = serde_json::from_slice(&bytes).ok()?;
        let same = record.ticks.is_none() || record.ticks == proc::start_ticks(record.pid);
        (proc::alive(record.pid) && same).then_some(record)
    }
}

/// The place of this home's daemon; whoever has it is the daemon. Given up on drop.
pub struct Desk {
    path: PathBuf,
    record: Record,
    _lock: Lock,
}

impl Desk {
    /// Takes it if nobody has it.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn take(paths: &Paths, now: Time) -> Result<Option<Self>> {
        let Some(lock) = try_lock(&paths.lock_dir().join("daemon.lock"))? else { return Ok(None) };
        let pid = proc::pid();
        let record = Record {
            pid,
            ticks: proc::start_ticks(pid),
            started: now,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            watching: Vec::new(),
            last_capture: None,
        };
        let mut desk = Self { path: file(paths), record, _lock: lock };
        desk.update(|_| {})?;
        Ok(Some(desk))
    }

    /// Whether nobody has it. A process whose first thread has ended may have it for a moment longer.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn is_free(paths: &Paths) -> Result<bool> {
        Ok(try_lock(&paths.lock_dir().join("daemon.lock"))?.is_some())
    }

    /// Changes what is told.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn update(&mut self, change: impl FnOnce(&mut Record)) -> Result<()> {
        change(&mut self.record);
        files::write_atomic(&self.path, &serde_json::to_vec(&self.record)?)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // A record without its process counts for nothing anyway.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn file(paths: &Paths) -> PathBuf {
    paths.lock_dir().join("daemon.json")
}

/// Numbers of file systems that other machines write to (`f_type` of statfs(2), linux/magic.h):
/// NFS, SMB, CIFS, SMB2, 9P, AFS, Ceph, Lustre, and FUSE (sshfs and its like).
const NETWORK: [u64; 9] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x0102_1997,
    0x5346_414f,
    0x00c3_6400,
    0x0bd0_0bd0,
    0x6573_5546,
];

/// Whether a path lies on a file system that other machines may write to.
pub(super) fn is_network(path: &Path) -> bool {
    let there = path.ancestors().find_map(|above| rustix::fs::statfs(above).ok());
    there.is_some_and(|fs| NETWORK.contains(&((fs.f_type as u64) & 0xffff_ffff)))
}
