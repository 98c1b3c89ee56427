//! What a host is and how it fares, in one round trip.

use crate::error::Result;
use crate::fleet::sh::{DATA_DIR, LOGIN_PATH, folder};
use crate::fleet::{Host, Step};
use crate::model::host::{self, HostState, HostStatus};
use crate::model::live::Live;
use crate::model::{Time, ToolId};
use crate::sys::clock::Watch;

/// What a probe found.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The row of `host check`.
    pub status: HostStatus,
    /// Which program its agent is: the sha256 of `bin/<sha256>/sf`.
    pub program: Option<String>,
    /// Whether HAPI is on the login's `PATH`.
    pub hapi: bool,
    /// Whether HAPI has the token that it asks for otherwise.
    pub hapi_token: bool,
    /// What time it is there.
    pub clock: Option<Time>,
    /// Whether the root, or what is there of it, can be written.
    pub writable: bool,
}

impl Probe {
    /// What is known of a host that has said nothing.
    pub fn unknown(host: &host::Host) -> Self {
        Self {
            status: HostStatus::unknown(host),
            program: None,
            hapi: false,
            hapi_token: false,
            clock: None,
            writable: true,
        }
    }
}

/// The programs that tell that a tool is there.
const PROGRAMS: [(&str, ToolId); 7] = [
    ("claude", ToolId::ClaudeCode),
    ("codex", ToolId::Codex),
    ("gemini", ToolId::Gemini),
    ("copilot", ToolId::Copilot),
    ("cursor-agent", ToolId::Cursor),
    ("amp", ToolId::Amp),
    ("opencode", ToolId::Opencode),
];

/// Reads Linux' `/proc` where there is one, else asks `sysctl` (macOS, BSD).
const FACTS: &str = r#"echo "os $(uname -s)"
echo "arch $(uname -m)"
echo "cpus $(getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null)"
if [ -r /proc/loadavg ]; then
  read -r load rest </proc/loadavg
else
  load=$(sysctl -n vm.loadavg 2>/dev/null | awk '{print $2}')
fi
echo "load $load"
if [ -r /proc/meminfo ]; then
  total= free=
  while read -r key value rest; do
    case $key in MemTotal:) total=$value ;; MemAvailable:) free=$value ;; esac
  done </proc/meminfo
  echo "memory $total $free"
fi
there=$R
while [ -n "$there" ] && [ ! -e "$there" ]; do there=${there%/*}; done
echo "disk $(df -Pk "${there:-/}" 2>/dev/null | awk 'END{print $(NF-2)}')"
[ -w "${there:-/}" ] || echo read-only
echo "clock $(date +%s)"
echo "git $(git --version 2>/dev/null)"
{ read -r sum version <"$b/current"; } 2>/dev/null && [ -x "$b/$sum/sf" ] && echo "agent $sum $version"
exit 0
"#;

const TOOLS: &str = r#"for t in $programs; do
  command -v "$t" >/dev/null 2>&1 && echo "program $t"
done
[ -z "${CLI_API_TOKEN:-}" ] && [ ! -s "${HAPI_HOME:-$HOME/.hapi}/settings.json" ] || echo hapi-token
"#;

/// Asks all programs at once for their versions, in a home folder of their own: some make files there
/// whatever they are asked. One that hangs is given up where there is a `timeout`.
const VERSIONS: &str = r#"if home=$(mktemp -d "${TMPDIR:-/tmp}/sf.XXXXXXXXXX"); then
  limit=
  command -v timeout >/dev/null 2>&1 && limit='timeout 5'
  unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME
  for t in $programs; do
    command -v "$t" >/dev/null 2>&1 || continue
    (
      said=$(HOME=$home DISABLE_AUTOUPDATER=1 $limit "$t" --version 2>/dev/null </dev/null | head -n 1)
      echo "version $t $said"
    ) &
  done
  wait
  rm -rf "$home"
fi
"#;

/// Whether tools are asked for their versions: it takes as long as the slowest of them takes to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// They are.
    Asked,
    /// They are not.
    Left,
}

/// Measures a host: one round trip for what it is, one for the time that takes on a warm link,
/// and, where there is a sf, a question for its sessions.
///
/// # Errors
/// When the host cannot be asked.
pub async fn probe(host: &dyn Host, definition: &host::Host, versions: Versions) -> Result<Probe> {
    let programs: Vec<&str> = PROGRAMS.iter().map(|(program, _)| *program).chain(["hapi"]).collect();
    let root = folder(definition.root.as_deref());
    let asked = if versions == Versions::Asked { VERSIONS } else { "" };
    let steps = vec![
        Step { script: format!("R={root} b={DATA_DIR}/bin\n{FACTS}"), lane: 0 },
        Step {
            script: format!("{LOGIN_PATH}programs='{}'\n{TOOLS}{asked}exit 0\n", programs.join(" ")),
            lane: 1,
        },
    ];
    let outputs = host.steps(steps, 2).await?;
    let mut probe = Probe::unknown(definition);
    for line in outputs.iter().flat_map(|output| output.stdout.lines()) {
        read(line, &mut probe);
    }
    probe.status.state = HostState::Up;
    let (rtt, live) = (rtt(host).await?, live(host, &probe).await);
    probe.status.rtt_ms = Some(rtt);
    probe.status.live = live;
    if host.name().is_local() {
        probe.status.agent = Some(env!("CARGO_PKG_VERSION").to_owned());
    }
    Ok(probe)
}

async fn rtt(host: &dyn Host) -> Result<f64> {
    let watch = Watch::start();
    host.steps(Vec::new(), 1).await?;
    Ok((watch.elapsed().as_secs_f64() * 1e4).round() / 10.0)
}

/// Sessions that live there; unknown where no sf answers.
async fn live(host: &dyn Host, probe: &Probe) -> Option<u32> {
    if probe.program.is_none() && !host.name().is_local() {
        return None;
    }
    let answer = host.call("live.list", serde_json::json!({})).await.ok()?;
    let rows: Vec<Live> = serde_json::from_value(answer).ok()?;
    u32::try_from(rows.iter().filter(|row| row.state.lives()).count()).ok()
}

fn read(line: &str, probe: &mut Probe) {
    let (key, value) = line.split_once(' ').unwrap_or((line, ""));
    let value = value.trim();
    let text = || Some(value.to_owned()).filter(|v| !v.is_empty());
    let status = &mut probe.status;
    match key {
        "os" => status.os = text(),
        "arch" => status.arch = text(),
        "cpus" => status.cpus = value.parse().ok(),
        "load" => status.load1 = value.parse().ok(),
        "memory" => status.mem_used_pct = used(value),
        "disk" => status.disk_free_bytes = value.parse::<u64>().ok().and_then(|k| k.checked_mul(1024)),
        "git" => status.git = value.strip_prefix("git version ").map(str::to_owned),
        "agent" => {
            let (sum, version) = value.split_once(' ').unwrap_or((value, ""));
            probe.program = Some(sum.to_owned());
            status.agent = Some(version.to_owned());
        }
        "read-only" => probe.writable = false,
        "clock" => probe.clock = value.parse::<i64>().ok().map(|s| Time(s.saturating_mul(1_000))),
        "program" if value == "hapi" => probe.hapi = true,
        "program" => status.tools.extend(tool_of(value)),
        "hapi-token" => probe.hapi_token = true,
        "version" => {
            let (program, said) = value.split_once(' ').unwrap_or((value, ""));
            if let Some((tool, version)) = tool_of(program).zip(version(said)) {
                status.tool_versions.insert(tool, version);
            }
        }
        _ => {}
    }
}

/// The tool whose program that is.
fn tool_of(program: &str) -> Option<String> {
    PROGRAMS.iter().find(|(name, _)| *name == program).map(|(_, id)| id.as_str().to_owned())
}

/// The first word that is a number, in what a program says of its version: `codex-cli 0.63.0`,
/// `2.1.0 (Claude Code)`.
fn version(said: &str) -> Option<String> {
    let words =
        said.split_ascii_whitespace().map(|word| word.trim_start_matches('v').trim_end_matches([',', '.']));
    let number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 60;
    words.clone().find(number).map(|word| word.chars().filter(|c| !c.is_control()).collect())
}

/// Percent in use, of `total available` in any unit, with one decimal.
fn used(value: &str) -> Option<f64> {
    let (total, free) = value.split_once(' ')?;
    let (total, free): (f64, f64) = (total.parse().ok()?, free.parse().ok()?);
    (total > 0.0).then(|| ((1.0 - free / total) * 1000.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fresh() -> Probe {
        let host = host::Host { name: "a".parse().expect("a name"), target: "a".into(), root: None };
        Probe::unknown(&host)
    }

    #[test]
    fn facts_are_read_and_what_is_missing_stays_unknown() {
        let mut probe = fresh();
        let text = "os Linux\narch x86_64\ncpus \nload 0.52\nmemory 1000 250\ndisk 2048\ngit \nprogram claude\nprogram hapi\nversion claude 2.1.0 (Claude Code)\nversion codex codex-cli v0.63.0\nversion amp oops\n";
        text.lines().for_each(|line| read(line, &mut probe));
        let status = &probe.status;
        assert_eq!((status.os.as_deref(), status.cpus, status.git.as_deref()), (Some("Linux"), None, None));
        assert_eq!((status.mem_used_pct, status.disk_free_bytes), (Some(75.0), Some(2_097_152)));
        assert_eq!((status.tools.as_slice(), probe.hapi), (["claude-code".to_owned()].as_slice(), true));
        let versions: Vec<_> = status.tool_versions.iter().map(|(t, v)| format!("{t} {v}")).collect();
        assert_eq!(versions, ["claude-code 2.1.0", "codex 0.63.0"]);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "(memory|disk|agent|load|program|version)? ?[0-9a-z. -]{0,24}") {
            read(&line, &mut fresh());
        }
    }
}
