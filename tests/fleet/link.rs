//! Steps over a real connection: warm masters, dead hosts, lost masters.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::process::Signal;
use serde_json::Value;
use session_forge::config::Settings;
use session_forge::error::{Code, Error, Result};
use session_forge::fleet::{Calls, Duplex, Fleet, Host, Step, bootstrap};
use session_forge::model::host;
use session_forge::sys::{Env, Paths, proc};
use tokio::runtime::{Builder, Handle};

use crate::support::sshd::{Net, end_masters, masters};

struct Nothing;

impl Calls for Nothing {
    fn call<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Value>> {
        async { Err(Error::unsupported("a test")) }.boxed()
    }

    fn open<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Duplex>> {
        async { Err(Error::unsupported("a test")) }.boxed()
    }
}

/// A home; its masters end with it.
struct Home {
    paths: Paths,
    fleet: Fleet,
    _dir: tempfile::TempDir,
}

impl Home {
    fn new(net: &Net) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let env = Env::current().with("HOME", dir.path()).with("SF_HOME", dir.path().join("sf"));
        let paths = Paths::resolve(&env, None).expect("resolved");
        paths.create().expect("made");
        let fleet = fleet(net, &env, &paths);
        Self { paths, fleet, _dir: dir }
    }

    fn host(&self, name: &str) -> Arc<dyn Host> {
        let name = name.parse().expect("a name");
        self.fleet.host(&host::Host { target: format!("{name}"), name, root: None })
    }
}

fn fleet(net: &Net, env: &Env, paths: &Paths) -> Fleet {
    fleet_on(net, env, paths, None)
}

fn fleet_on(net: &Net, env: &Env, paths: &Paths, links: Option<Handle>) -> Fleet {
    let mut ssh = Settings::built_in().ssh;
    ssh.config_file = net.config_file().display().to_string();
    ssh.connect_timeout = "2s".parse().expect("a duration");
    Fleet::new(&ssh, paths, env, Arc::new(Nothing), links)
}

impl Drop for Home {
    fn drop(&mut self) {
        end_masters(self.paths.run_dir());
    }
}

fn step(script: &str) -> Vec<Step> {
    vec![Step { script: script.into(), lane: 0 }]
}

async fn say(host: &Arc<dyn Host>, script: &str) -> Result<String> {
    Ok(host.steps(step(script), 1).await?.remove(0).stdout)
}

#[tokio::test]
async fn a_connection_stays_warm_between_our_processes() {
    let net = Net::new();
    let sshd = net.host("a");
    let home = Home::new(&net);
    let host = home.host("a");
    assert_eq!(say(&host, "pwd").await.expect("reached"), format!("{}\n", sshd.home.display()));
    let first = masters(home.paths.run_dir());
    assert_eq!(first.len(), 1);
    // What another process of ours would do.
    let host = host::Host { name: "a".parse().expect("a name"), target: "a".into(), root: None };
    let again = fleet(&net, &Env::current(), &home.paths).host(&host);
    assert_eq!(say(&again, "echo warm").await.expect("reached"), "warm\n");
    assert_eq!(masters(home.paths.run_dir()), first);
}

#[tokio::test]
async fn many_at_once_start_one_master() {
    let net = Net::new();
    let _sshd = net.host("a");
    let home = Home::new(&net);
    let asks = (0..12).map(|n| {
        let host = home.host("a");
        async move { say(&host, &format!("echo {n}")).await.map(|text| (text, n)) }
    });
    for answer in futures_util::future::join_all(asks).await {
        let (text, n) = answer.expect("reached");
        assert_eq!(text, format!("{n}\n"));
    }
    assert_eq!(masters(home.paths.run_dir()).len(), 1);
}

#[tokio::test]
async fn a_master_that_was_killed_is_replaced() {
    let net = Net::new();
    let _sshd = net.host("a");
    let home = Home::new(&net);
    let host = home.host("a");
    say(&host, "true").await.expect("reached");
    let old = masters(home.paths.run_dir());
    proc::kill(old[0], Signal::KILL).expect("ours");
    assert_eq!(say(&host, "echo back").await.expect("reached again"), "back\n");
    assert_ne!(masters(home.paths.run_dir()), old);
}

#[tokio::test]
async fn dead_hosts_say_why_and_hold_up_nobody() {
    let net = Net::new();
    let mut sshd = net.host("live");
    net.closed("closed");
    let _listener = net.silent("silent");
    let home = Home::new(&net);
    let (live, closed, silent) = (home.host("live"), home.host("closed"), home.host("silent"));
    let (live, closed, silent) =
        tokio::join!(say(&live, "echo yes"), say(&closed, "echo no"), say(&silent, "echo no"));
    assert_eq!(live.expect("reached"), "yes\n");
    let closed = closed.expect_err("refused");
    assert_eq!(closed.code, Code::Unreachable);
    assert!(closed.message.contains("Connection refused") && closed.message.contains("`closed`"), "{closed}");
    assert!(!closed.hints.is_empty());
    let silent = silent.expect_err("silent");
    assert_eq!(silent.code, Code::Unreachable, "{silent}");
    assert!(silent.message.contains("timed out") || silent.message.contains("timeout"), "{silent}");
    // The plug is pulled while a question is under way.
    let host = home.host("live");
    let question = say(&host, "mkfifo hold && echo begun >begun && cat hold");
    let pulled = async {
        while !sshd.home.join("begun").exists() {
            tokio::task::yield_now().await;
        }
        sshd.stop();
    };
    let (answer, ()) = tokio::join!(question, pulled);
    assert_eq!(answer.expect_err("cut off").code, Code::Unreachable);
    // Nobody there ended what was running; now it may.
    drop(std::fs::OpenOptions::new().write(true).open(sshd.home.join("hold")).expect("it still reads"));
    assert_eq!(say(&host, "true").await.expect_err("down").code, Code::Unreachable);
    sshd.start();
    say(&host, "true").await.expect("up again");
}

#[tokio::test]
async fn a_host_whose_key_is_unknown_is_not_trusted() {
    let net = Net::new();
    let _sshd = net.host("a");
    let known = net.config_file().with_file_name("known_hosts");
    std::fs::write(known, "").expect("written");
    let error = say(&Home::new(&net).host("a"), "true").await.expect_err("refused");
    assert!(error.message.contains("Host key verification failed"), "{error}");
    assert!(error.hints[0].contains("sf host login a"), "{error:?}");
}

#[tokio::test]
async fn login_shells_and_their_noise_do_not_matter() {
    let net = Net::new();
    let sshd = net.host("a");
    std::fs::write(sshd.home.join(".bashrc"), "echo Welcome; printf 'no newline'\n").expect("written");
    let home = Home::new(&net);
    assert_eq!(say(&home.host("a"), "echo it").await.expect("reached"), "it\n");
    let error = home.host("a").call("any", Value::Null).await.expect_err("no agent");
    assert_eq!(error.code, Code::Unsupported);
    assert!(error.hints[0].contains("sf bootstrap --hosts a"), "{error:?}");
}

#[tokio::test]
async fn an_agent_is_put_there_and_answers() {
    let net = Net::new();
    let sshd = net.host("a");
    let home = Home::new(&net);
    let host = home.host("a");
    let program = bootstrap::measure(env!("CARGO_BIN_EXE_sf").into()).await.expect("read");
    // What does not arrive as it was sent never counts.
    let mut damaged = program.clone();
    damaged.sha256 = "0".repeat(64);
    let error = bootstrap::put(host.as_ref(), &damaged).await.expect_err("refused there");
    assert!(error.message.contains(&program.sha256), "{error}");
    let mut longer = program.clone();
    longer.length += 1;
    let error = bootstrap::put(host.as_ref(), &longer).await.expect_err("refused there");
    assert!(error.message.contains("bytes arrived"), "{error}");
    let left = |dir: &str| std::fs::read_dir(sshd.home.join("sf/bin").join(dir)).map_or(0, Iterator::count);
    assert_eq!(left(&damaged.sha256) + left(&longer.sha256), 0, "nothing is left of them");
    assert!(!sshd.home.join("sf/bin/current").exists());
    // What does counts at once.
    let version = bootstrap::put(host.as_ref(), &program).await.expect("put");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let answers = (0..20).map(|_| host.call("no.such", Value::Null));
    for answer in futures_util::future::join_all(answers).await {
        let error = answer.expect_err("the agent's own answer");
        assert!(error.message.contains("no.such"), "{error}");
    }
    // The link is made anew when the connection was lost.
    proc::kill(masters(home.paths.run_dir())[0], Signal::KILL).expect("ours");
    let again =
        async { host.call("no.such", Value::Null).await.expect_err("an answer or the loss of the link") };
    if again.await.code == Code::Unreachable {
        let error = host.call("no.such", Value::Null).await.expect_err("the agent's own answer");
        assert!(error.message.contains("no.such"), "{error}");
    }
}

#[tokio::test]
async fn a_link_lives_and_ends_with_the_runtime_that_waits_for_it() {
    let net = Net::new();
    let _sshd = net.host("a");
    let home = Home::new(&net);
    let program = bootstrap::measure(env!("CARGO_BIN_EXE_sf").into()).await.expect("read");
    bootstrap::put(home.host("a").as_ref(), &program).await.expect("put");
    let front = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let fleet = fleet_on(&net, &Env::current(), &home.paths, Some(front.handle().clone()));
    let host = fleet.host(&host::Host { name: "a".parse().expect("a name"), target: "a".into(), root: None });
    let error = host.call("no.such", Value::Null).await.expect_err("the agent's own answer");
    assert!(error.message.contains("no.such"), "{error}");
    // Whoever waits for an answer then does not wait for ever, and whoever asks after that is told.
    let (waiting, ()) =
        tokio::join!(host.call("no.such", Value::Null), async { front.shutdown_background() });
    waiting.expect_err("an answer that still came, or the end");
    let error = host.call("no.such", Value::Null).await.expect_err("over");
    assert_eq!(error.code, Code::Unreachable, "{error}");
}
