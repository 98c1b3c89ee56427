//! Chooses the door and turns its result into an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    session_forge::door::enter(std::env::args_os().skip(1))
}
