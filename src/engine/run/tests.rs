use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::{
    Call, Catalog, Command, Deadline, Done, Engine, Entry, Event, Options, Origin, Parts, Run, Touch,
};
use super::Ctx;
use crate::config::Settings;
use crate::error::{Code, Error, Result};
use crate::sys::{Clock, Env, Paths};

/// Does what it is told.
#[derive(Debug, clap::Args, Serialize, Deserialize)]
struct Act {
    how: String,
}

impl Command for Act {
    const TOUCH: Touch = Touch::Writes;
    type Output = Value;

    async fn run(self, cx: &Ctx) -> Result<Done<Value>> {
        match self.how.as_str() {
            "well" => Ok(json!({ "done": true }).into()),
            "partly" => Ok(Done::with(json!([1]), Some(Error::unreachable("`b` is down")))),
            "badly" => Err(Error::tool("git failed")),
            "panicking" => panic!("a bug"),
            "talking" => {
                for n in 0..2_000_u64 {
                    cx.emit.progress(n, 2_000, "step");
                }
                cx.emit.item(&1).await;
                Ok(Value::Null.into())
            }
            _ => std::future::pending().await,
        }
    }
}

/// Asks first.
#[derive(Debug, clap::Args, Serialize, Deserialize)]
struct Drop {}

impl Command for Drop {
    const TOUCH: Touch = Touch::Destroys;
    const DEADLINE: Deadline = Deadline::Own;
    type Output = Value;

    async fn run(self, _cx: &Ctx) -> Result<Done<Value>> {
        Ok(json!("dropped").into())
    }
}

struct Two;

static ENTRIES: &[Entry] = &[Entry::run::<Act>("act"), Entry::run::<Drop>("drop")];

impl Catalog for Two {
    fn entries(&self) -> &'static [Entry] {
        ENTRIES
    }
}

fn engine(dir: &std::path::Path) -> Engine {
    let env = Env::of([("HOME", dir), ("SF_HOME", &dir.join("sf"))]);
    Engine::new(Parts {
        catalog: &Two,
        paths: Paths::resolve(&env, None).expect("resolved"),
        env,
        clock: Clock::System,
        settings: Settings::built_in(),
        fatal: None,
        links: None,
    })
}

fn call(id: &'static str, how: Option<&str>, origin: Origin) -> Call {
    let args: Map<String, Value> = how.map(|how| ("how".to_owned(), json!(how))).into_iter().collect();
    Call { id, args, options: Options::default(), origin, line: id.into() }
}

/// Follows a run to its end: result and error of the one `finished`, and how many progress events came.
async fn follow(mut run: Run, answer: Option<bool>) -> (Option<Value>, Option<Error>, usize) {
    let (mut end, mut steps) = (None, 0);
    while let Some(event) = run.events.recv().await {
        assert!(end.is_none(), "nothing comes after `finished`: {event:?}");
        match event {
            Event::Finished { result, error, .. } => end = Some((result, error)),
            Event::Progress { .. } => steps += 1,
            Event::Ask(question) => {
                if let Some(answer) = answer {
                    question.reply.send(answer).expect("it waits");
                }
            }
            Event::Started { .. } | Event::Item(_) | Event::Notice { .. } => {}
        }
    }
    let (result, error) = end.expect("exactly one `finished`");
    (result, error, steps)
}

#[tokio::test]
async fn every_way_to_end_is_one_finished() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = engine(dir.path());
    for (how, code) in [
        ("well", None),
        ("partly", Some(Code::Unreachable)),
        ("badly", Some(Code::Tool)),
        ("panicking", Some(Code::Internal)),
        ("talking", None),
    ] {
        let run = engine.submit(call("act", Some(how), Origin::Batch));
        let (result, error, _) = follow(run, None).await;
        assert_eq!(error.map(|e| e.code), code, "{how}");
        assert_eq!(result.is_some(), !matches!(how, "badly" | "panicking"), "{how}");
    }
    let journal = engine.store().journal(10).await.expect("read");
    let ends: Vec<_> = journal.iter().map(|row| (row.ok, row.code.as_deref())).collect();
    assert_eq!(ends[0], (Some(true), None));
    assert_eq!(ends[3], (Some(false), Some("internal")));
}

#[tokio::test]
async fn interrupted_and_late_runs_finish_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = engine(dir.path());
    let run = engine.submit(call("act", Some("never"), Origin::Batch));
    run.cancel.cancel();
    assert_eq!(follow(run, None).await.1.map(|e| e.code), Some(Code::Cancelled));
    let mut late = call("act", Some("never"), Origin::Batch);
    late.options.timeout = Some(std::time::Duration::from_millis(20));
    assert_eq!(follow(engine.submit(late), None).await.1.map(|e| e.code), Some(Code::Timeout));
}

#[tokio::test]
async fn a_slow_listener_loses_progress_but_not_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = engine(dir.path());
    let run = engine.submit(call("act", Some("talking"), Origin::Batch));
    tokio::task::yield_now().await;
    let (_, error, steps) = follow(run, None).await;
    assert!(error.is_none());
    assert!(steps < 2_000);
}

#[tokio::test]
async fn what_destroys_asks_first() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = engine(dir.path());
    let needs = |error: Option<Error>| error.map(|e| e.code) == Some(Code::NeedsConsent);
    assert!(needs(follow(engine.submit(call("drop", None, Origin::Batch)), None).await.1), "nobody to ask");
    assert!(needs(follow(engine.submit(call("drop", None, Origin::Cli)), Some(false)).await.1), "a no");
    assert!(needs(follow(engine.submit(call("drop", None, Origin::Cli)), None).await.1), "no answer");
    assert!(follow(engine.submit(call("drop", None, Origin::Cli)), Some(true)).await.1.is_none(), "a yes");
    let mut yes = call("drop", None, Origin::Batch);
    yes.options.yes = true;
    assert!(follow(engine.submit(yes), None).await.1.is_none(), "--yes");
}

#[tokio::test]
async fn arguments_are_checked_strictly() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = engine(dir.path());
    let mut odd = call("act", Some("well"), Origin::Batch);
    odd.args.insert("hwo".into(), json!("x"));
    assert_eq!(follow(engine.submit(odd), None).await.1.map(|e| e.code), Some(Code::Usage));
    assert_eq!(
        follow(engine.submit(call("act", None, Origin::Batch)), None).await.1.map(|e| e.code),
        Some(Code::Usage)
    );
}
