//! Standard input and output that the runtime itself waits for. tokio's own hand every read and write to
//! another thread, and each time a thread has to be woken a keystroke is later.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{FileType, Mode, OFlags};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::unix::pipe::{Receiver, Sender};

/// Bytes that come in.
pub type Input = Box<dyn AsyncRead + Send + Unpin>;
/// Bytes that go out.
pub type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Standard input. Needs a runtime.
pub fn stdin() -> Input {
    // They are for pipes, and serve for whatever can be polled and read.
    match own(io::stdin().as_fd(), OFlags::RDONLY).and_then(Receiver::from_file_unchecked) {
        Ok(polled) => Box::new(polled),
        Err(_) => Box::new(tokio::io::stdin()),
    }
}

/// Standard output. Needs a runtime.
pub fn stdout() -> Output {
    match own(io::stdout().as_fd(), OFlags::WRONLY).and_then(Sender::from_file_unchecked) {
        Ok(polled) => Box::new(polled),
        Err(_) => Box::new(tokio::io::stdout()),
    }
}

/// The same file, not blocking. That is a property of what was opened, and others have it too: of a
/// terminal, the shell that started us. So a terminal is opened once more; a pipe to us is nobody else's.
fn own(fd: BorrowedFd<'_>, access: OFlags) -> io::Result<File> {
    match FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode) {
        FileType::Fifo | FileType::Socket => {
            let fd = fd.try_clone_to_owned()?;
            rustix::fs::fcntl_setfl(&fd, rustix::fs::fcntl_getfl(&fd)? | OFlags::NONBLOCK)?;
            Ok(fd.into())
        }
        FileType::CharacterDevice => {
            let name = rustix::termios::ttyname(fd, Vec::new())?;
            let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            Ok(rustix::fs::open(name, flags, Mode::empty())?.into())
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_pipe_carries_more_than_it_holds() {
        let (from, to) = io::pipe().expect("a pipe");
        let mut from =
            own(from.as_fd(), OFlags::RDONLY).and_then(Receiver::from_file_unchecked).expect("polled");
        let mut to = own(to.as_fd(), OFlags::WRONLY).and_then(Sender::from_file_unchecked).expect("polled");
        let sent = vec![7; 1 << 20];
        let mut got = vec![0; sent.len()];
        let (written, read) = tokio::join!(to.write_all(&sent), from.read_exact(&mut got));
        written.expect("written");
        read.expect("read");
        assert!(got == sent);
    }

    #[tokio::test]
    async fn a_terminal_of_others_stays_as_it_is() {
        let pair = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY);
        let pair = pair.expect("a pseudo terminal");
        rustix::pty::grantpt(&pair).expect("granted");
        rustix::pty::unlockpt(&pair).expect("unlocked");
        let name = rustix::pty::ptsname(&pair, Vec::new()).expect("a name");
        let shell = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("opened");
        let mut ours =
            own(shell.as_fd(), OFlags::WRONLY).and_then(Sender::from_file_unchecked).expect("polled");
        ours.write_all(b"hello").await.expect("written");
        let mut got = [0; 5];
        rustix::io::read(&pair, &mut got).expect("read");
        assert_eq!(&got, b"hello");
        assert!(!rustix::fs::fcntl_getfl(&shell).expect("flags").contains(OFlags::NONBLOCK));
    }
}
