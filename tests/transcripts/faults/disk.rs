//! A disk that is full.

use super::{LINES, everything, undisturbed};
use crate::support::Sandbox;

/// sf's own home lies on a disk of 600 kB, in a mount namespace of its own. The capture says what is
/// the matter; with room again the next one has everything.
#[test]
fn a_full_disk_is_said_and_healed() {
    let reader = LINES[0];
    let sandbox = reader.home();
    let sf = env!("CARGO_BIN_EXE_sf");
    let home = sandbox.sf_home();
    let home = home.display();
    let script = format!(
        "mount -t tmpfs -o size=600k none {home}
         for n in 1 2; do {sf} capture --json > $HOME/full-$n.json 2> $HOME/full-$n.err && exit 9; done
         mount -o remount,size=100m {home}
         {sf} capture --json > $HOME/healed.json
         {sf} search --json heron > $HOME/found.json
         cp -r {home}/. $HOME/kept"
    );
    // Who is not root may mount in a user namespace of their own.
    let namespace = if session_forge::sys::proc::uid() == 0 { "unshare -m" } else { "unshare -rm" };
    fill(&sandbox);
    sandbox.sh(&format!("{namespace} sh -euc '{script}'"));
    let read = |name: &str| std::fs::read_to_string(sandbox.home().join(name)).expect(name);
    for n in [1, 2] {
        let (said, text) = (read(&format!("full-{n}.json")), read(&format!("full-{n}.err")));
        let error: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        assert!(error["error"]["code"].is_string(), "{said}");
        let all = format!("{said}{text}").to_lowercase();
        assert!(all.contains("no space left") || all.contains("full"), "{said} {text}");
        assert!(!all.contains("panicked"), "{text}");
    }
    let mut wanted = undisturbed(&reader);
    let mut now = everything(&sandbox.home().join("kept"));
    assert_eq!(now.remove(LARGE).map(|messages| messages.len()), Some(1500));
    wanted.remove(LARGE);
    assert_eq!(now, wanted);
    let found: serde_json::Value = serde_json::from_str(&read("found.json")).expect("JSON");
    assert_eq!(found["total"], 1);
}

const LARGE: &str = "88888888-2222-4333-8444-555555555555";

/// More than fits.
fn fill(sandbox: &Sandbox) {
    let line = |n: usize| {
        format!(
            "{{\"type\":\"user\",\"uuid\":\"f{n}\",\"timestamp\":\"2026-11-22T00:00:00.000Z\",\
             \"message\":{{\"role\":\"user\",\"content\":\"{n} {}\"}}}}\n",
            "filler ".repeat(100)
        )
    };
    let text: String = (0..1500).map(line).collect();
    std::fs::write(sandbox.home().join(format!(".claude/projects/-witness/{LARGE}.jsonl")), text)
        .expect("written");
}
