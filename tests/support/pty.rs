//! The real program in a real pseudo terminal, seen through our own screen.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use session_forge::live::screen::Screen;

use super::{Sandbox, wait_for};

/// A terminal with `sf` in it.
pub struct Terminal {
    screen: Arc<Mutex<Screen>>,
    /// Everything that it wrote, for checks of modes.
    raw: Arc<Mutex<Vec<u8>>>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Starts `sf` with arguments, sealed as the sandbox is.
    pub fn start(place: &Sandbox, args: &[&str], cols: u16, rows: u16) -> Self {
        Self::run(&place.sf_command(args), cols, rows)
    }

    /// Starts a sealed program.
    pub fn run(sealed: &std::process::Command, cols: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(cols, rows)).expect("a pseudo terminal");
        let mut command = CommandBuilder::new(sealed.get_program());
        command.args(sealed.get_args());
        command.env_clear();
        for (name, value) in sealed.get_envs().filter_map(|(n, v)| Some((n, v?))) {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.cwd(sealed.get_current_dir().expect("a working folder"));
        let child = pair.slave.spawn_command(command).expect("started");
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(Screen::new(cols, rows)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let (seen, kept) = (screen.clone(), raw.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(n) = output.read(&mut bytes) {
                if n == 0 {
                    break;
                }
                kept.lock().expect("whole").extend_from_slice(&bytes[..n]);
                seen.lock().expect("whole").feed(&bytes[..n]);
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        Self { screen, raw, keys, master: pair.master, child }
    }

    /// Types.
    pub fn send(&mut self, bytes: &str) {
        self.keys.write_all(bytes.as_bytes()).and_then(|()| self.keys.flush()).expect("typed");
    }

    /// Another size.
    pub fn resize(&self, cols: u16, rows: u16) {
        // Nothing that is drawn for the new size may meet a screen of the old one.
        let mut screen = self.screen.lock().expect("whole");
        screen.resize(cols, rows);
        self.master.resize(size(cols, rows)).expect("resized");
    }

    /// The screen as lines.
    pub fn text(&self) -> String {
        self.with_screen(|screen| {
            let (_, rows) = screen.size();
            let line = |row| -> String {
                screen
                    .row(row)
                    .filter(|c| c.width > 0)
                    .map(|c| if c.text.is_empty() { " ".to_owned() } else { c.text.to_string() })
                    .collect()
            };
            (0..rows).map(|row| format!("{}\n", line(row).trim_end())).collect()
        })
    }

    /// Looks at the screen itself.
    pub fn with_screen<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(&self.screen.lock().expect("whole"))
    }

    /// Waits until the screen holds a text; gives the whole screen.
    pub fn wait_text(&self, wanted: &str) -> String {
        self.wait(wanted, |text| text.contains(wanted))
    }

    /// Waits until the screen is as wanted; gives the whole screen.
    pub fn wait(&self, what: &str, mut wanted: impl FnMut(&str) -> bool) -> String {
        let mut last = String::new();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(what, || {
                last = self.text();
                wanted(&last).then(|| last.clone())
            })
        }));
        seen.unwrap_or_else(|_| panic!("waited in vain for {what:?}; the screen:\n{last}"))
    }

    /// Everything that was written so far, lossily.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw.lock().expect("whole")).into_owned()
    }

    /// The process id of the program.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("started")
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("ours");
        let _ = self.child.wait();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("ours").is_some()
    }

    /// Waits for the end; gives the exit status.
    pub fn exit(&mut self) -> u32 {
        let child = &mut self.child;
        wait_for("the program to end", || child.try_wait().expect("ours")).exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
