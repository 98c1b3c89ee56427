//! An agent of another version over a real link: what it does not know disables that action, not the
//! connection, and a sync needs no agent at all.

use std::fs;
use std::os::fd::FromRawFd;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use session_forge::error::{Error, Result};
use session_forge::fleet::{Calls, Duplex, serve};
use session_forge::wire::agent::{Frame, HEADER, Kind, read_header};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::World;
use crate::support::sshd::Sshd;

/// What tells this program to be the agent of a host.
const BECOME: &str = "SF_TEST_OLDER_AGENT";

/// An agent that can list sessions, and knows nothing of what came later.
struct Older;

impl Calls for Older {
    fn call<'a>(&'a self, method: &'a str, _: Value) -> BoxFuture<'a, Result<Value>> {
        let known = method == "live.list";
        async move { if known { Ok(json!([])) } else { Err(Error::unsupported("this sf knows no such call")) } }.boxed()
    }

    fn open<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Duplex>> {
        async { Err(Error::unsupported("this sf knows no such stream")) }.boxed()
    }
}

/// Is the agent when a host has started this program as one: then it speaks on descriptor 3, because the
/// test runner has things to say of its own. Else there is nothing to do.
#[test]
fn the_agent_of_an_older_version() {
    #[expect(clippy::disallowed_methods, reason = "tests are not sealed against their own switches")]
    if std::env::var_os(BECOME).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    #[expect(unsafe_code, reason = "the host's script has opened it for us alone")]
    let out = unsafe { fs::File::from_raw_fd(3) };
    runtime.block_on(async {
        let (near, far) = tokio::io::duplex(1 << 16);
        let says = tokio::spawn(older_hello(far, tokio::fs::File::from_std(out)));
        serve(Arc::new(Older), tokio::io::stdin(), near).await.expect("a link like any other");
        says.await.expect("whole").expect("written");
    });
    runtime.shutdown_background();
}

/// Passes everything on, but in the hello the version of an older program.
async fn older_hello(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    let mut header = [0; HEADER];
    from.read_exact(&mut header).await?;
    let mut hello = vec![0; read_header(header).expect("a frame").length];
    from.read_exact(&mut hello).await?;
    let mut hello: Value = serde_json::from_slice(&hello).expect("JSON");
    hello["program"] = json!("0.0.9");
    let mut bytes = Vec::new();
    Frame::new(Kind::Hello, 0, hello.to_string().into_bytes()).write(&mut bytes);
    to.write_all(&bytes).await?;
    to.flush().await?;
    tokio::io::copy(&mut from, &mut to).await?;
    to.flush().await
}

/// A host whose sf is a script.
fn host(world: &World, agent: &str) -> Sshd {
    let sshd = world.net.host("a");
    let bin = sshd.home.join("sf/bin");
    fs::create_dir_all(bin.join("0ldver")).expect("made");
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in\nversion) echo '{{\"version\":\"0.0.9\"}}' ;;\nagent) {agent} ;;\n*) exit 2 ;;\nesac\n"
    );
    let program = bin.join("0ldver/sf");
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("ours");
    fs::write(bin.join("current"), "0ldver 0.0.9\n").expect("written");
    assert_eq!(world.place.sf(&["host", "add", "a", "a"]).status, 0);
    sshd
}

/// A sync to the host, which goes over its shell.
fn syncs(world: &World, sshd: &Sshd) {
    let url = world.place.bare_repo("core");
    let _ = world.place.json(&["repo", "add", "core", &url]);
    let _ = world.place.json(&["feature", "new", "pay"]);
    let _ = world.place.json(&["attach", "pay", "core", "--hosts", "a"]);
    let _ = world.place.json(&["sync", "pay"]);
    assert!(sshd.home.join("features/pay/core/README.md").exists());
}

#[test]
fn an_older_agent_disables_an_action_and_not_the_connection() {
    let world = World::new();
    let me = std::env::current_exe().expect("known");
    let agent = format!(
        "{BECOME}=1; export {BECOME}; exec 3>&1 >/dev/null; exec {} --exact fleet::older::the_agent_of_an_older_version --nocapture",
        me.display()
    );
    let sshd = host(&world, &agent);
    let before = sshd.logged("Accepted publickey");
    for (line, what) in [
        (vec!["session", "start", "--host", "a", "--json", "--", "sleep", "1"], "a session"),
        (vec!["capture", "--hosts", "a", "--json"], "a capture"),
    ] {
        let said = world.place.sf(&line);
        assert_eq!(said.status, 1, "{what}: {said:?}");
        let error = &said.json()["error"];
        assert_eq!(error["code"], "unsupported", "{what}: {said:?}");
        assert!(error["hints"].to_string().contains("sf bootstrap"), "{what} says what to do: {said:?}");
    }
    // What it knows goes on, over the same connection.
    assert_eq!(world.place.json(&["session", "list", "--hosts", "a"]), json!([]));
    assert_eq!(world.place.json(&["host", "check", "a"])[0]["agent"], "0.0.9");
    syncs(&world, &sshd);
    let said = world.place.sf(&["feature", "destroy", "pay", "--yes", "--json"]);
    assert_eq!(said.status, 0, "its sessions are asked for, and none runs: {said:?}");
    assert_eq!(sshd.logged("Accepted publickey"), before, "nothing was connected anew");
    let done = world.place.json(&["bootstrap", "--hosts", "a", "--yes"]);
    assert_eq!((&done[0]["uploaded"], &done[0]["agent"]), (&json!(true), &json!(env!("CARGO_PKG_VERSION"))));
    let started = world.place.json(&["session", "start", "--host", "a", "--", "sleep", "600"]);
    let _ = world.place.json(&["session", "stop", started["id"].as_str().expect("an id"), "--force"]);
}

#[test]
fn an_agent_of_another_protocol_is_no_agent_and_a_sync_needs_none() {
    let world = World::new();
    // A frame with the hello of a version that speaks nothing as old as we are.
    let hello = r#"{"version":9,"min_version":8,"program":"9.0.0"}"#;
    let agent = format!("printf '\\0\\0\\0\\{:o}\\001\\0\\0\\0\\0%s' '{hello}'; cat >/dev/null", hello.len());
    let sshd = host(&world, &agent);
    let said = world.place.sf(&["session", "list", "--hosts", "a", "--json"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stdout.contains("speaks protocol 9"), "{said:?}");
    syncs(&world, &sshd);
}

#[test]
fn a_program_that_does_not_run_there_is_never_used() {
    let world = World::new();
    let sshd = world.net.host("a");
    assert_eq!(world.place.sf(&["host", "add", "a", "a"]).status, 0);
    let _ = world.place.json(&["bootstrap", "--hosts", "a", "--yes"]);
    let current = fs::read_to_string(sshd.home.join("sf/bin/current")).expect("written");
    let arch = world.place.sh("uname -m").trim().to_owned();
    let build = world.place.sf_home().join(format!("sf-linux-{arch}"));
    // A program of another machine, one that crashes, and one that is none of ours.
    let bad = [
        ("\u{7f}ELF\u{2}\u{1}\u{1}", "it does not run there"),
        ("#!/bin/sh\necho 'GLIBC_2.99 not found' >&2; exit 127\n", "GLIBC_2.99 not found"),
        ("#!/bin/sh\necho hello\n", "it does not say its version"),
    ];
    for (text, why) in bad {
        fs::write(&build, text).expect("written");
        let said = world.place.sf(&["bootstrap", "--hosts", "a", "--yes", "--json"]);
        assert_eq!(said.status, 1, "{why}: {said:?}");
        let error = &said.json()["result"][0]["error"];
        assert!(error["message"].as_str().expect("text").contains(why), "{why}: {said:?}");
        let now = fs::read_to_string(sshd.home.join("sf/bin/current")).expect("there");
        assert_eq!(now, current, "{why}: what was there is used on");
        assert_eq!(world.place.json(&["host", "check", "a"])[0]["agent"], env!("CARGO_PKG_VERSION"));
    }
    // A static build beside the data counts before our own program.
    fs::write(&build, "#!/bin/sh\necho '{\"version\":\"0.0.8\"}'\n").expect("written");
    let done = world.place.json(&["bootstrap", "--hosts", "a", "--yes", "--upgrade"]);
    assert_eq!((&done[0]["uploaded"], &done[0]["agent"]), (&json!(true), &json!("0.0.8")));
    // Of another platform there is none: it says which one is wanted, and where.
    sshd.program(
        "uname",
        "case $1 in -s) echo Linux ;; -m) echo riscv64 ;; *) exec /bin/uname \"$@\" ;; esac",
    );
    let said = world.place.sf(&["bootstrap", "--hosts", "a", "--yes", "--json"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stdout.contains("sf-linux-riscv64"), "{said:?}");
}
