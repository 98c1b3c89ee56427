//! Chooses the door and turns its result into an exit status.

use std::process::ExitCode;

use session_forge::cockpit;
use session_forge::door;
use session_forge::live::{holder, hook};
use session_forge::sys::Env;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    // A holder lives as long as its program and must stay small: nothing else is set up for it.
    if arguments.next_if(|word| word == holder::WORD).is_some() {
        return holder::hold(arguments, &Env::current());
    }
    // A tool waits for its hook.
    if arguments.next_if(|word| word == hook::WORD).is_some() {
        return hook::hook(arguments, &Env::current());
    }
    // While there is one thread.
    session_forge::sys::clock::local_zone();
    door::enter(arguments, |engine, notices| Box::pin(cockpit::run(engine, notices)))
}
