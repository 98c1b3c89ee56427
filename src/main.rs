//! Chooses the door and turns its result into an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
