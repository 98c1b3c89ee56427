//! The gate of a shared session: a second socket, for other users, behind a token.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{At, Error, Result};
use crate::live::share;
use crate::sys::clock::Watch;
use crate::sys::proc;
use crate::wire::holder::{Share, Shared};

/// Who connects has to show the token within this.
pub(super) const KNOCK: Duration = Duration::from_secs(5);

/// An open gate. Dropping it closes it and removes the socket; who is in stays until told otherwise.
pub(super) struct Gate {
    listener: UnixListener,
    folder: PathBuf,
    terms: Share,
    used: u32,
    since: Watch,
    /// A link that may be used several times belongs to the first who used it.
    owner: Option<u32>,
}

impl Gate {
    /// Opens it.
    ///
    /// # Errors
    /// `usage` for a name that is none, `conflict` when it is taken, those of the file system.
    pub fn open(terms: Share) -> Result<Self> {
        let gate = share::Gate::try_from(terms.gate.clone())?;
        let folder = gate.folder();
        // Fails if anything is there, also a link: nobody can have it made for us.
        std::fs::DirBuilder::new().mode(0o700).create(&folder).at(folder.display())?;
        let opened = (|| {
            let listener = UnixListener::bind(gate.socket()).at(folder.display())?;
            listener.set_nonblocking(true).at(folder.display())?;
            let all = std::fs::Permissions::from_mode(0o666);
            std::fs::set_permissions(gate.socket(), all).at(folder.display())?;
            // Others may pass, not look around.
            let pass = std::fs::Permissions::from_mode(0o711);
            std::fs::set_permissions(&folder, pass).at(folder.display())?;
            Ok(listener)
        })();
        match opened {
            Ok(listener) => Ok(Self { listener, folder, terms, used: 0, since: Watch::start(), owner: None }),
            Err(error) => {
                let _ = std::fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// To be polled.
    pub fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Somebody knocks.
    pub fn accept(&self) -> Option<UnixStream> {
        self.listener.accept().ok().map(|(stream, _)| stream)
    }

    /// How long it stays open.
    pub fn left(&self) -> Duration {
        Duration::from_millis(self.terms.for_ms).saturating_sub(self.since.elapsed())
    }

    /// Whether those who come in may only look.
    pub fn read_only(&self) -> bool {
        self.terms.read_only
    }

    /// Lets a user in who shows this token.
    ///
    /// # Errors
    /// `refused`, in the same words whatever is wrong.
    pub fn admit(&mut self, token: &str, uid: u32) -> Result<()> {
        let right = share::same(&share::digest(token), &self.terms.digest);
        let unused = self.used < self.terms.uses.max(1) && self.owner.is_none_or(|owner| owner == uid);
        if !right || !unused || self.left().is_zero() {
            return Err(refused());
        }
        self.used += 1;
        self.owner = Some(uid);
        Ok(())
    }

    /// How it is.
    pub fn state(&self, people: Vec<crate::wire::holder::Person>) -> Shared {
        Shared {
            left_ms: u64::try_from(self.left().as_millis()).unwrap_or(u64::MAX),
            read_only: self.terms.read_only,
            uses_left: self.terms.uses.max(1).saturating_sub(self.used),
            people,
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // What is gone already need not be removed.
        let _ = std::fs::remove_file(self.folder.join("s"));
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// The answer to whoever must not come in.
pub(super) fn refused() -> Error {
    Error::refused("this link does not let you in (used, expired, taken back, or wrong)")
        .hint("ask for a new one: sf session share, or /sf-pause in the tool")
}

/// The user at the other end of a socket: id and name.
pub(super) fn user(stream: &UnixStream) -> Option<(u32, String)> {
    #[cfg(target_os = "linux")]
    let uid = rustix::net::sockopt::socket_peercred(stream).ok()?.uid.as_raw();
    #[cfg(not(target_os = "linux"))]
    let uid = {
        let _ = stream;
        proc::uid()
    };
    Some((uid, proc::user_name(uid)))
}
