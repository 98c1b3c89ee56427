//! Putting this very sf on a host: content-addressed, checked on the host, tried before it counts.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Host;
use super::sh::DATA_DIR;
use crate::error::{At, Error, Result};
use crate::sys::{hash, proc, random};

/// A program that can be put on hosts of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// Its length in bytes.
    pub length: u64,
    /// Its checksum, in hex: its name on the host.
    pub sha256: String,
}

/// Finds the program for a host of that platform (in the words of `uname`): a static build
/// `sf-<os>-<arch>` beside our own program or in the data folder, else our own program where the
/// platform is the same.
///
/// # Errors
/// `unsupported` when there is none.
pub fn find(os: &str, arch: &str, data_dir: &Path) -> Result<PathBuf> {
    let own = proc::own_program()?;
    choose(os, arch, &own, data_dir, proc::platform())
}

fn choose(os: &str, arch: &str, own: &Path, data_dir: &Path, here: (String, String)) -> Result<PathBuf> {
    let name = format!("sf-{}-{}", os.to_lowercase(), canonical(arch));
    let beside = own.parent().map(|dir| dir.join(&name));
    let built = beside.into_iter().chain([data_dir.join(&name)]).find(|path| path.is_file());
    if let Some(path) = built {
        return Ok(path);
    }
    if os == here.0 && canonical(arch) == canonical(&here.1) {
        return Ok(own.to_owned());
    }
    Err(Error::unsupported(format!("there is no sf for {os} on {arch} here")).hint(format!(
        "put a static build named `{name}` into `{}`; `tests/static` of sf's source makes it",
        data_dir.display()
    )))
}

/// One name for each architecture: `uname -m` has several.
fn canonical(arch: &str) -> &str {
    match arch {
        "arm64" => "aarch64",
        "amd64" => "x86_64",
        other => other,
    }
}

/// Measures a program file.
///
/// # Errors
/// When it cannot be read.
pub async fn measure(path: PathBuf) -> Result<Program> {
    let work = move || {
        let mut file = std::fs::File::open(&path).at(path.display())?;
        let (mut digest, mut length, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
        loop {
            let n = file.read(&mut piece).at(path.display())?;
            if n == 0 {
                break;
            }
            digest.update(&piece[..n]);
            length += n as u64;
        }
        Ok(Program { sha256: hash::hex(&digest.finalize()), length, path })
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::internal(format!("measuring a file: {e}")))?
}

/// Whether a version is a later one: numbers are compared as numbers.
pub fn is_newer(theirs: &str, ours: &str) -> bool {
    let parts = |v: &str| v.split(['.', '-', '+']).map(|p| p.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    parts(theirs) > parts(ours)
}

/// Takes what comes on standard input, and collects older versions that nobody runs. Nothing counts
/// before the length and the checksum fit and the program has answered; then it is renamed into place
/// and named in `current`. Where there is no program for checksums, the new one itself is asked.
const RECEIVE: &str = r#"fail() { echo "failed $*"; exit 0; }
umask 077
place="$b/$sum/sf"
program=$place
if [ "$length" -gt 0 ]; then
  mkdir -p "$b/$sum" 2>/dev/null || fail "cannot make $b/$sum"
  program="$place.new.$$"
  trap 'rm -f "$place.new.$$" "$b/current.$$"; rmdir "$b/$sum" 2>/dev/null' EXIT
  trap 'exit 1' HUP INT TERM
  echo "$ready"
  cat >"$program" || fail "cannot write $program"
  got=$(($(wc -c <"$program")))
  [ "$got" = "$length" ] || fail "$got of $length bytes arrived"
  chmod 700 "$program" || fail "cannot make $program a program"
  if command -v sha256sum >/dev/null 2>&1; then is=$(sha256sum <"$program")
  elif command -v shasum >/dev/null 2>&1; then is=$(shasum -a 256 <"$program")
  elif command -v openssl >/dev/null 2>&1; then is=$(openssl dgst -sha256 -r <"$program")
  else is=$("$program" agent --digest "$program" </dev/null); fi
  [ "${is%% *}" = "$sum" ] || fail "its checksum there is ${is%% *}"
else
  echo "$ready"
  [ -x "$program" ] || fail "it is not there"
fi
said=$("$program" version --json 2>&1 </dev/null) || fail "it does not run there: $said"
version=$(printf '%s\n' "$said" | sed -n 's/.*"version" *: *"\([^"]*\)".*/\1/p' | head -n 1)
[ -n "$version" ] || fail "it does not say its version: $said"
[ "$program" = "$place" ] || mv -f "$program" "$place" || fail "cannot rename $program"
{ read -r former rest <"$b/current"; } 2>/dev/null
echo "$sum $version" >"$b/current.$$" && mv -f "$b/current.$$" "$b/current" || fail "cannot write $b/current"
# What no process runs any more goes, but the one before: another client may still speak to it. Where
# processes cannot be asked, nothing goes.
runs() {
  for p in /proc/[0-9]*/exe; do
    [ "$p" -ef "$1" ] && return 0
  done
  return 1
}
if [ -e "/proc/$$/exe" ]; then
  for old in "$b"/*/sf; do
    d=${old%/sf}
    case ${d##*/} in "$sum" | "${former:-}" | *[!0-9a-f]*) continue ;; esac
    [ ! -f "$old" ] || runs "$old" || { rm -f "$old" && rmdir "$d"; } 2>/dev/null
  done
fi
echo "done $version"
exit 0
"#;

/// Puts a program on a host and makes it the one that answers there; says its version.
///
/// # Errors
/// `tool` with what failed there; what was there before still is.
pub async fn put(host: &dyn Host, program: &Program) -> Result<String> {
    receive(host, program, program.length).await
}

/// Makes a program that is on the host already the one that answers there, after a trial.
///
/// # Errors
/// `tool` when it is not there or does not run.
pub async fn choose_again(host: &dyn Host, program: &Program) -> Result<String> {
    receive(host, program, 0).await
}

async fn receive(host: &dyn Host, program: &Program, length: u64) -> Result<String> {
    let ready = format!("sf-ready-{}", random::hex(8)?);
    let sum = &program.sha256;
    let script = format!("b={DATA_DIR}/bin sum={sum} length={length} ready={ready}\n{RECEIVE}");
    let mut io = host.pipe(&script, &ready).await?;
    if length > 0 {
        let mut file = tokio::fs::File::open(&program.path).await.at(program.path.display())?;
        // A host that stops reading says why; that is the error to show.
        let _ = tokio::io::copy(&mut file, &mut io).await;
    }
    let _ = io.shutdown().await;
    let mut said = String::new();
    io.read_to_string(&mut said).await?;
    let name = host.name();
    match said.trim_end().split_once(' ') {
        Some(("done", version)) => Ok(version.to_owned()),
        Some(("failed", why)) => {
            let why: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(600).collect();
            let error = Error::tool(format!("sf could not be put on host `{name}`: {why}"));
            Err(if why.starts_with("it does not") {
                error.hint(format!(
                    "it wants a build that runs there: a static one, made by `tests/static` of sf's source, named \
                     as in `sf-linux-x86_64`, beside sf's own program or in its data folder (this was `{}`)",
                    program.path.display()
                ))
            } else {
                error
            })
        }
        _ => Err(Error::unreachable(format!("host `{name}` was lost while sf was put there"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_static_build_is_preferred_and_a_foreign_platform_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let (own, data) = (dir.path().join("bin/sf"), dir.path().join("data"));
        std::fs::create_dir_all(&data).expect("made");
        std::fs::create_dir_all(dir.path().join("bin")).expect("made");
        let here = || ("Linux".to_owned(), "x86_64".to_owned());
        let choose = |os: &str, arch: &str| choose(os, arch, &own, &data, here());
        assert_eq!(choose("Linux", "amd64").expect("ours"), own);
        assert!(choose("Linux", "arm64").expect_err("foreign").hints[0].contains("sf-linux-aarch64"));
        std::fs::write(data.join("sf-linux-aarch64"), "").expect("written");
        assert_eq!(choose("Linux", "arm64").expect("built"), data.join("sf-linux-aarch64"));
        std::fs::write(dir.path().join("bin/sf-linux-x86_64"), "").expect("written");
        assert_eq!(choose("Linux", "x86_64").expect("built"), dir.path().join("bin/sf-linux-x86_64"));
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_newer("0.10.0", "0.9.3") && !is_newer("0.1.0", "0.1.0") && !is_newer("0.1.0", "0.2"));
    }

    #[tokio::test]
    async fn a_program_is_measured_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("p");
        std::fs::write(&path, "abc").expect("written");
        let program = measure(path).await.expect("read");
        assert_eq!(program.length, 3);
        assert!(program.sha256.starts_with("ba7816bf8f01cfea"), "the known checksum of abc");
    }
}
