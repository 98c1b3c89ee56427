//! A lock per repository on a host, in shell: a folder that only one can make.

use super::departures::OVERTAKEN;
use crate::error::Error;
use crate::fleet::Output;

/// What a script that found the lock taken ends with (`EX_TEMPFAIL` of sysexits.h).
const TAKEN: i32 = 75;

/// What a script ends with when one of sf's folders is a symbolic link.
const LINKED: i32 = 76;

/// What a script ends with when the git of the host is too old.
pub(super) const OLD: i32 = 77;

/// Defines `lock`, which takes the lock of `$N` until the step ends, waiting half a minute. Whoever
/// takes it is about to write, so this is where sf's own folders are looked at: through a symbolic
/// link, what is written would lie outside of them.
///
/// The owner is written as process, boot and machine. It is gone when its process is (on this
/// machine and since this boot); on another machine that shares the folder, or before it wrote who
/// it is, only its age can tell. Taking over is itself locked, or two could take over at once and
/// the slower would remove the lock of the faster.
pub(super) const LOCK: &str = r#"lock() {
  for part in "$R/repo-cache" "${A:-$R/repo-cache}" "$R/features" "$R/features/${F:-}"; do
    [ ! -L "${part%/}" ] || { echo "$part" >&2; exit 76; }
  done
  mkdir -p "$R/repo-cache" || exit 1
  [ -w "$R/repo-cache" ] || { echo "cannot write to $R/repo-cache" >&2; exit 1; }
  L="$R/repo-cache/$N.lock" tries=0
  machine=$(uname -n)
  boot=$({ cat /proc/sys/kernel/random/boot_id || sysctl -n kern.boottime || echo none; } 2>/dev/null | tr -d ' \n')
  old() { [ -n "$(find "$1" -prune -mmin +"$2" 2>/dev/null)" ]; }
  stale() {
    { read -r p on at <"$L/owner"; } 2>/dev/null || { old "$L" 1; return; }
    [ "$at" = "$machine" ] || { old "$L" 120; return; }
    [ "$on" = "$boot" ] || return 0
    ! kill -0 "$p" 2>/dev/null
  }
  until mkdir "$L" 2>/dev/null; do
    if stale; then
      if mkdir "$L.over" 2>/dev/null; then
        stale && rm -rf "$L"
        rmdir "$L.over"
      elif old "$L.over" 1; then
        rmdir "$L.over" 2>/dev/null
      fi
    fi
    tries=$((tries + 1))
    [ "$tries" -lt 150 ] || { echo "$L" >&2; cat "$L/owner" >&2; exit 75; }
    sleep 0.2 2>/dev/null || sleep 1
  done
  trap 'rm -rf "$L"' EXIT
  trap 'exit 143' HUP INT TERM
  echo "$$ $boot $machine" >"$L/owner"
}
"#;

/// The error of a step that failed: the lock, or what git said.
pub(super) fn failure(output: &Output) -> Error {
    let lines: Vec<&str> = output.stderr.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    if output.status == TAKEN {
        let mut said = lines.iter().rev().take(2).rev();
        let place = said.next().unwrap_or(&"?");
        let owner = said.next().unwrap_or(&"?").split(' ').next().unwrap_or("?");
        return Error::conflict(format!("process {owner} of that host works on this repository"))
            .hint(format!("try again later; if nothing runs there, remove `{place}`"));
    }
    if output.status == LINKED {
        let place = lines.last().unwrap_or(&"one of sf's folders");
        return Error::refused(format!("`{place}` is a symbolic link, and would lead out of sf's folders"))
            .hint("nothing is written through it; `sf host add --root` names the place that it leads to");
    }
    if output.status == OVERTAKEN {
        return Error::conflict("it was removed meanwhile, by another run or from another machine")
            .hint("nothing was made; run it again if it is still wanted");
    }
    if output.status == OLD {
        let found = lines.last().unwrap_or(&"it");
        return Error::unsupported(format!("{found} on that host is too old: git 2.25 or newer is needed"))
            .hint("a newer git in front on the `PATH` of that login is enough");
    }
    let text = lines[lines.len().saturating_sub(4)..].join("; ");
    let text: String = text.chars().filter(|c| !c.is_control()).take(1000).collect();
    Error::tool(if text.is_empty() { format!("git ended with status {}", output.status) } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::proc::{self, blocking_command};
    use std::path::Path;
    use std::process::Stdio;

    fn run(root: &Path, script: &str) -> (i32, String) {
        let out = blocking_command("/bin/sh")
            .arg("-c")
            .arg(format!("R={} N=core\n{LOCK}\n{script}", root.display()))
            .stdout(Stdio::piped())
            .output()
            .expect("sh runs");
        (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&out.stdout).into_owned())
    }

    fn owned_by(root: &Path, owner: &str) {
        std::fs::create_dir_all(root.join("repo-cache/core.lock")).expect("made");
        std::fs::write(root.join("repo-cache/core.lock/owner"), format!("{owner}\n")).expect("written");
    }

    fn here() -> (String, String) {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux");
        (boot.trim().to_owned(), rustix::system::uname().nodename().to_string_lossy().into_owned())
    }

    #[test]
    fn a_lock_lasts_as_long_as_its_step() {
        let root = tempfile::tempdir().expect("a folder");
        let (status, said) = run(root.path(), "lock; cat \"$L/owner\"");
        let (boot, machine) = here();
        assert_eq!(status, 0);
        assert!(said.ends_with(&format!(" {boot} {machine}\n")), "{said}");
        assert!(!root.path().join("repo-cache/core.lock").exists());
    }

    #[test]
    fn the_lock_of_a_process_that_is_gone_is_taken_over() {
        let (boot, machine) = here();
        let mut child = blocking_command("true").spawn().expect("started");
        let dead = child.id();
        child.wait().expect("ended");
        for owner in [format!("{dead} {boot} {machine}"), format!("{} earlier {machine}", proc::pid())] {
            let root = tempfile::tempdir().expect("a folder");
            owned_by(root.path(), &owner);
            assert_eq!(run(root.path(), "lock; echo mine"), (0, "mine\n".into()), "{owner}");
        }
    }

    #[test]
    fn the_lock_of_a_process_that_lives_is_respected() {
        let (boot, machine) = here();
        for owner in [format!("{} {boot} {machine}", proc::pid()), format!("1 {boot} elsewhere")] {
            let root = tempfile::tempdir().expect("a folder");
            owned_by(root.path(), &owner);
            // The wait is cut short by a `sleep` of the test's own.
            let (status, _) = run(root.path(), "sleep() { tries=150; }; lock; echo mine");
            assert_eq!(status, TAKEN, "{owner}");
            assert!(root.path().join("repo-cache/core.lock/owner").exists());
        }
    }
}
