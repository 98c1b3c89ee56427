//! A connection to a socket of this machine that wakes nobody without need: tokio's own is woken as well whenever
//! the other side has read, which is right between a key and its echo.

use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::pipe::{Receiver, Sender};

/// A connected stream. What waits for it is the runtime that it was made on.
#[derive(Debug)]
pub struct Socket {
    /// It is for pipes, and serves for whatever can be polled and read.
    from: Receiver,
    to: UnixStream,
    /// Tells when there is room again, while there is none.
    room: Option<Sender>,
}

impl Socket {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::new(tokio::net::UnixStream::connect(path).await?.into_std()?)
    }

    /// The same connection, waited for by the runtime that this is called on.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn moved(self) -> io::Result<Self> {
        Self::new(self.to)
    }

    fn new(to: UnixStream) -> io::Result<Self> {
        to.set_nonblocking(true)?;
        Ok(Self { from: Receiver::from_owned_fd_unchecked(again(&to)?)?, to, room: None })
    }
}

fn again(stream: &UnixStream) -> io::Result<OwnedFd> {
    stream.as_fd().try_clone_to_owned()
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.from).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.to.write(data) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    if self.room.is_none() {
                        self.room = Some(Sender::from_owned_fd_unchecked(again(&self.to)?)?);
                    }
                    let Some(room) = &self.room else { continue };
                    ready!(room.poll_write_ready(cx))?;
                    // Whether there really is some shows by writing; if not, this waits for the next word of it.
                    match room.try_write(data) {
                        Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                        done => return Poll::Ready(done),
                    }
                }
                done => {
                    self.room = None;
                    return Poll::Ready(done);
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.to.shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn it_carries_more_than_it_holds_both_ways() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let (ours, theirs) = (Socket::new(ours).expect("ours"), Socket::new(theirs).expect("theirs"));
        let sent: Vec<u8> = (0..1 << 22).map(|n: u32| n.to_le_bytes()[0]).collect();
        let ((mut a, mut b), (mut c, mut d)) = (tokio::io::split(ours), tokio::io::split(theirs));
        let (mut there, mut back) = (vec![0; sent.len()], Vec::new());
        let (one, two, three, four) = tokio::join!(
            b.write_all(&sent),
            c.read_exact(&mut there),
            async { d.write_all(&sent).await.and(d.shutdown().await) },
            a.read_to_end(&mut back),
        );
        one.and(two.map(drop)).and(three).and(four.map(drop)).expect("carried");
        assert!(there == sent && back == sent);
    }

    #[test]
    fn another_runtime_can_take_it_over() {
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let socket = runtime().block_on(async { Socket::new(ours) }).expect("ours");
        theirs.write_all(b"hello").expect("written");
        let mut got = [0; 5];
        let read = async { socket.moved()?.read_exact(&mut got).await };
        runtime().block_on(read).expect("read");
        assert_eq!(&got, b"hello");
    }
}
