//! A TCP proxy on a loopback port that can delay what passes and cut it off, at once or after so many
//! bytes. (The kernel's own way, netem, is missing on many machines.)

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// The proxy; it ends with its value.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    ends: AtomicBool,
    /// Nothing passes, and nobody is told.
    stalled: AtomicBool,
    /// What each direction is late by.
    delay_ms: AtomicU64,
    /// Bytes that may still pass.
    left: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
    taken: AtomicU64,
}

impl Proxy {
    /// Listens for connections to a port of this machine.
    pub fn new(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("bound").port();
        let state = Arc::new(State {
            ends: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            delay_ms: AtomicU64::new(0),
            left: AtomicU64::new(u64::MAX),
            open: Mutex::default(),
            taken: AtomicU64::new(0),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.ends.load(Ordering::SeqCst) {
                    return;
                }
                shared.taken.fetch_add(1, Ordering::SeqCst);
                // Whoever is refused behind us is refused here.
                let Ok(far) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                if shared.left.load(Ordering::SeqCst) == 0 {
                    continue;
                }
                let both = [&near, &far].map(|end| end.try_clone().expect("a handle"));
                shared.open.lock().expect("whole").extend(both);
                for (from, to) in [(&near, &far), (&far, &near)] {
                    carry(from.try_clone().expect("a handle"), to.try_clone().expect("a handle"), &shared);
                }
            }
        });
        Self { port, state }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes each direction late by this.
    pub fn delay(&self, by: Duration) {
        self.state.delay_ms.store(u64::try_from(by.as_millis()).expect("short"), Ordering::SeqCst);
    }

    /// Cuts every connection, and each new one, until [`Self::mend`].
    pub fn cut(&self) {
        self.cut_after(0);
    }

    /// The same once so many bytes more have passed.
    pub fn cut_after(&self, bytes: u64) {
        self.state.left.store(bytes, Ordering::SeqCst);
        if bytes == 0 {
            self.state.close();
        }
    }

    /// Holds back all that comes, as behind a cable that was pulled, until [`Self::mend`].
    pub fn stall(&self) {
        self.state.stalled.store(true, Ordering::SeqCst);
    }

    /// Lets everything pass again, what was held back as well.
    pub fn mend(&self) {
        self.state.stalled.store(false, Ordering::SeqCst);
        self.state.left.store(u64::MAX, Ordering::SeqCst);
    }

    /// How many connections were begun.
    pub fn taken(&self) -> u64 {
        self.state.taken.load(Ordering::SeqCst)
    }
}

impl State {
    fn close(&self) {
        for end in self.open.lock().expect("whole").drain(..) {
            // It may have been closed by its own end.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Whether so many bytes may pass.
    fn lets(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let take = |left: u64| (left == u64::MAX).then_some(left).or_else(|| left.checked_sub(bytes));
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
    }
}

/// One direction: a reader that stamps what comes, and a writer that waits until it is due.
fn carry(mut from: TcpStream, mut to: TcpStream, state: &Arc<State>) {
    let (sender, pieces) = mpsc::sync_channel::<(Instant, Vec<u8>)>(1024);
    let (state, held) = (state.clone(), state.clone());
    std::thread::spawn(move || {
        let mut bytes = [0; 16 << 10];
        while let Ok(n) = from.read(&mut bytes) {
            if n == 0 || !state.lets(n) {
                if n > 0 {
                    state.left.store(0, Ordering::SeqCst);
                    state.close();
                }
                break;
            }
            let delay = Duration::from_millis(state.delay_ms.load(Ordering::SeqCst));
            #[expect(clippy::disallowed_methods, reason = "delaying is what this is for")]
            let due = Instant::now() + delay;
            if sender.send((due, bytes[..n].to_vec())).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        let (_quiet, pause) = mpsc::sync_channel::<()>(0);
        for (due, piece) in pieces {
            #[expect(clippy::disallowed_methods, reason = "delaying is what this is for")]
            let wait = due.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                let _ = pause.recv_timeout(wait);
            }
            while held.stalled.load(Ordering::SeqCst) && !held.ends.load(Ordering::SeqCst) {
                let _ = pause.recv_timeout(Duration::from_millis(10));
            }
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        // The other side may have closed it first.
        let _ = to.shutdown(Shutdown::Write);
    });
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ends.store(true, Ordering::SeqCst);
        self.state.close();
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}
