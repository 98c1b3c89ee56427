//! `sf hook TOOL [EVENT]`: a tool tells what it does. Entered before anything else of sf is set up,
//! since a tool waits for its hooks: says it to the session's holder, prints nothing, always succeeds.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

use crate::error::{At, Error, Result};
use crate::model::ToolId;
use crate::sys::Env;
use crate::tool::hooks;
use crate::wire::frame::Decoder;
use crate::wire::holder::{Event, Kind, MAX_REQUEST};

/// The hidden word of the command line.
pub const WORD: &str = "hook";
/// The tool waits for us: neither it nor the holder gets longer than this.
const LIMIT: Duration = Duration::from_millis(500);
/// The prompt of a turn or the answer of a tool may be in there; we need only a few words.
const MOST: usize = 4 * 1024 * 1024;

/// The process; `arguments` are the words after `hook`.
pub fn hook(arguments: impl Iterator<Item = OsString>, env: &Env) -> ExitCode {
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    // A hook that fails, or says something, would change what the tool does. The diary of a session
    // is not worth that.
    let _ = tell(&words, env);
    ExitCode::SUCCESS
}

fn tell(words: &[String], env: &Env) -> Result<()> {
    let Some(socket) = env.path("SF_SOCKET") else { return Ok(()) };
    let [tool, rest @ ..] = words else { return Err(Error::usage("`hook` is for the AI tools")) };
    let tool: ToolId = tool.parse()?;
    let input = input();
    let event = rest.first().map_or("", String::as_str);
    let Some(heard) = hooks::heard(tool, event, &input) else { return Ok(()) };
    let event = Event {
        source: "hook".into(),
        name: heard.name,
        state: heard.state,
        detail: heard.detail,
        native_id: heard.native_id,
    };
    let mut stream = UnixStream::connect(&socket).at(socket.display())?;
    stream.set_read_timeout(Some(LIMIT)).at("the holder")?;
    stream.set_write_timeout(Some(LIMIT)).at("the holder")?;
    stream.write_all(&Kind::Event.json(&event)?).at("the holder")?;
    // It has heard it once it has answered; until then the connection must stay.
    let (mut decoder, mut buffer) = (Decoder::new(MAX_REQUEST), [0; 512]);
    while decoder.next_frame()?.is_none() {
        match stream.read(&mut buffer).at("the holder")? {
            0 => break,
            n => decoder.push(&buffer[..n]),
        }
    }
    Ok(())
}

/// The JSON on standard input, as far as it comes soon. Some tools do not close it.
fn input() -> Value {
    let (mut text, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    let stdin = std::io::stdin();
    let limit = Timespec::try_from(LIMIT).ok();
    loop {
        let mut fds = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
        if !matches!(poll(&mut fds, limit.as_ref()), Ok(1)) {
            break;
        }
        match rustix::io::read(&stdin, &mut buffer) {
            Ok(n) if n > 0 && text.len() < MOST => text.extend_from_slice(&buffer[..n]),
            _ => break,
        }
        let whole = text.ends_with(b"}") || text.ends_with(b"}\n");
        if let Some(value) = whole.then(|| serde_json::from_slice(&text).ok()).flatten() {
            return value;
        }
    }
    serde_json::from_slice(&text).unwrap_or(Value::Null)
}
