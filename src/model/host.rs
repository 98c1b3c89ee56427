//! Hosts: how to reach them and what is known of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HostName, Time};

/// A host as the user added it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// What we call it.
    pub name: HostName,
    /// What `ssh` is given: an alias, `user@host`, or `ssh://user@host:port`. `local` for this machine.
    pub target: String,
    /// The folder that holds `repo-cache/` and `features/`; `None` is the login's home folder.
    pub root: Option<String>,
}

impl Host {
    /// The machine that we run on.
    pub fn local() -> Self {
        Self { name: HostName::local(), target: "local".into(), root: None }
    }
}

/// Whether a host answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// It answered the last time we asked.
    Up,
    /// It did not.
    Down,
    /// It was not asked yet.
    #[default]
    Unknown,
}

/// What a probe of a host found; a row of `host list` and `host check`. Unknown is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostStatus {
    /// What we call it.
    pub name: HostName,
    /// What `ssh` is given.
    pub target: String,
    /// The root folder as the user gave it.
    pub root: Option<String>,
    /// Whether it answered.
    pub state: HostState,
    /// Milliseconds from question to answer on a warm link.
    pub rtt_ms: Option<f64>,
    /// `Linux`, `Darwin`, ….
    pub os: Option<String>,
    /// `x86_64`, `aarch64`, ….
    pub arch: Option<String>,
    /// Processors.
    pub cpus: Option<u32>,
    /// Load average over one minute.
    pub load1: Option<f64>,
    /// Share of memory in use, in percent.
    pub mem_used_pct: Option<f64>,
    /// Bytes free on the file system of the root.
    pub disk_free_bytes: Option<u64>,
    /// Version of sf there, if `bootstrap` put it there.
    pub agent: Option<String>,
    /// Live sessions there.
    pub live: Option<u32>,
    /// Version of git there.
    pub git: Option<String>,
    /// AI tools on the login's `PATH`.
    pub tools: Vec<String>,
    /// Versions of those that said one, by tool; asked by `host check` and `bootstrap`, else as last seen.
    #[serde(default)]
    pub tool_versions: BTreeMap<String, String>,
    /// Why it did not answer, in words.
    pub error: Option<String>,
    /// Since when it has been up, or down.
    #[serde(default)]
    pub since: Option<Time>,
}

impl HostStatus {
    /// A host of which nothing is known yet.
    pub fn unknown(host: &Host) -> Self {
        Self {
            name: host.name.clone(),
            target: host.target.clone(),
            root: host.root.clone(),
            state: HostState::Unknown,
            rtt_ms: None,
            os: None,
            arch: None,
            cpus: None,
            load1: None,
            mem_used_pct: None,
            disk_free_bytes: None,
            agent: None,
            live: None,
            git: None,
            tools: Vec::new(),
            tool_versions: BTreeMap::new(),
            error: None,
            since: None,
        }
    }

    /// Takes what an earlier look has found and this one has not asked: the versions of tools that are still
    /// there, and since when the host has been as it is.
    pub fn remember(&mut self, earlier: &Self) {
        if self.state == earlier.state {
            self.since = self.since.or(earlier.since);
        }
        for (tool, version) in earlier.tool_versions.iter().filter(|(tool, _)| self.tools.contains(tool)) {
            self.tool_versions.entry(tool.clone()).or_insert_with(|| version.clone());
        }
    }

    /// The tools, each with its version where that is known.
    pub fn tools_with_versions(&self) -> Vec<String> {
        let told = |tool: &String| match self.tool_versions.get(tool) {
            Some(version) => format!("{tool} {version}"),
            None => tool.clone(),
        };
        self.tools.iter().map(told).collect()
    }

    /// A link that answers, but so slowly that typing over it is no fun.
    pub fn is_slow(&self) -> bool {
        self.state == HostState::Up && self.rtt_ms.is_some_and(|ms| ms >= 300.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_again_is_remembered() {
        let host = Host { name: "a".parse().expect("a name"), target: "a".into(), root: None };
        let of = |tools: &[&str], versions: &[(&str, &str)], since| HostStatus {
            state: HostState::Up,
            tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
            tool_versions: versions.iter().map(|(t, v)| ((*t).to_owned(), (*v).to_owned())).collect(),
            since,
            ..HostStatus::unknown(&host)
        };
        let earlier = of(&["codex", "gemini"], &[("codex", "0.1"), ("gemini", "0.2")], Some(Time(7)));
        let mut now = of(&["codex"], &[], None);
        now.remember(&earlier);
        assert_eq!((now.tools_with_versions(), now.since), (vec!["codex 0.1".to_owned()], Some(Time(7))));
        let mut down = HostStatus { state: HostState::Down, ..of(&[], &[], None) };
        down.remember(&earlier);
        assert_eq!((down.since, down.tool_versions.len()), (None, 0), "it is another state");
    }
}
