use super::*;
use crate::error::Code;
use crate::fleet::host::{Calls, SharedCalls};
use crate::fleet::serve::serve;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

/// A host whose answers a test can hold back.
#[derive(Default)]
struct Fake {
    gate: Notify,
    waiting: AtomicUsize,
    given_up: Arc<Notify>,
}

struct OnDrop(Arc<Notify>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Calls for Fake {
    fn call<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Value>> {
        async move {
            match method {
                "echo" => Ok(params),
                "wait" => {
                    let _guard = OnDrop(self.given_up.clone());
                    self.waiting.fetch_add(1, Ordering::SeqCst);
                    self.gate.notified().await;
                    Ok(json!("done"))
                }
                "panic" => panic!("a bug"),
                _ => Err(Error::not_found("no such method").hint("try another")),
            }
        }
        .boxed()
    }

    fn open<'a>(&'a self, method: &'a str, _: Value) -> BoxFuture<'a, Result<Duplex>> {
        async move {
            let (ours, mut theirs) = tokio::io::duplex(1000);
            match method {
                "echo" => tokio::spawn(async move {
                    let (mut read, mut write) = tokio::io::split(theirs);
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                    let _ = write.shutdown().await;
                }),
                "flood" => tokio::spawn(async move { while theirs.write_all(&[7; 4096]).await.is_ok() {} }),
                _ => return Err(Error::not_found("no such stream")),
            };
            Ok(Box::new(ours) as Duplex)
        }
        .boxed()
    }
}

async fn open(mut io: DuplexStream) -> Option<Link> {
    let theirs = Link::hello(&mut io).await.ok()??;
    Link::open(io, theirs).await.ok()
}

async fn linked(calls: SharedCalls) -> (Link, tokio::task::JoinHandle<Result<()>>) {
    let (client, agent) = tokio::io::duplex(10_000);
    let (reader, writer) = tokio::io::split(agent);
    let served = tokio::spawn(serve(calls, reader, writer));
    (open(client).await.expect("they speak the same"), served)
}

#[tokio::test]
async fn questions_are_answered_out_of_order() {
    let fake = Arc::new(Fake::default());
    let (link, _served) = linked(fake.clone()).await;
    let slow = link.call("wait", Value::Null);
    let fast = async {
        let long = json!({ "text": "x".repeat(100_000) });
        assert_eq!(link.call("echo", long.clone()).await.expect("echoed"), long);
        let error = link.call("nothing", Value::Null).await.expect_err("unknown");
        assert_eq!((error.code, error.hints.len()), (Code::NotFound, 1));
        let error = link.call("panic", Value::Null).await.expect_err("a bug");
        assert_eq!(error.code, Code::Internal);
        fake.gate.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, fast);
    assert_eq!(slow.expect("answered"), json!("done"));
}

#[tokio::test]
async fn a_question_that_is_given_up_is_given_up_on_the_host() {
    let fake = Arc::new(Fake::default());
    let (link, _served) = linked(fake.clone()).await;
    tokio::select! {
        _ = link.call("wait", Value::Null) => panic!("nobody answers"),
        () = async { while fake.waiting.load(Ordering::SeqCst) == 0 { tokio::task::yield_now().await } } => {}
    }
    fake.given_up.notified().await;
    assert_eq!(link.call("echo", json!(1)).await.expect("the link goes on"), json!(1));
}

#[tokio::test]
async fn a_stream_carries_every_byte_and_its_end() {
    let (link, _served) = linked(Arc::new(Fake::default())).await;
    let stream = link.stream("echo", Value::Null).await.expect("opened");
    let sent: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    let (mut read, mut write) = tokio::io::split(stream);
    let mut received = Vec::new();
    let (written, read) = tokio::join!(
        async {
            write.write_all(&sent).await?;
            write.shutdown().await
        },
        read.read_to_end(&mut received)
    );
    written.expect("taken");
    read.expect("to the end");
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
}

#[tokio::test]
async fn a_stream_that_nobody_reads_stops_nobody_else() {
    let (link, _served) = linked(Arc::new(Fake::default())).await;
    let flood = link.stream("flood", Value::Null).await.expect("opened");
    for n in 0..200 {
        assert_eq!(link.call("echo", json!(n)).await.expect("answered"), json!(n));
    }
    let mut other = link.stream("echo", Value::Null).await.expect("opened");
    other.write_all(b"hi").await.expect("written");
    let mut two = [0; 2];
    other.read_exact(&mut two).await.expect("echoed");
    drop(flood);
    assert_eq!(link.stream("nothing", Value::Null).await.err().map(|e| e.code), Some(Code::NotFound));
}

#[tokio::test]
async fn what_was_written_before_a_stream_is_dropped_arrives() {
    let (client, agent) = tokio::io::duplex(10_000);
    let (got, mut seen) = mpsc::channel(1);
    struct Sink(mpsc::Sender<Vec<u8>>);
    impl Calls for Sink {
        fn call<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Value>> {
            async { Ok(Value::Null) }.boxed()
        }
        fn open<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Duplex>> {
            let got = self.0.clone();
            async move {
                let (ours, mut theirs) = tokio::io::duplex(10);
                tokio::spawn(async move {
                    let mut all = Vec::new();
                    let _ = theirs.read_to_end(&mut all).await;
                    let _ = got.send(all).await;
                });
                Ok(Box::new(ours) as Duplex)
            }
            .boxed()
        }
    }
    let (reader, writer) = tokio::io::split(agent);
    tokio::spawn(serve(Arc::new(Sink(got)), reader, writer));
    let link = open(client).await.expect("they speak the same");
    let mut stream = link.stream("sink", Value::Null).await.expect("opened");
    stream.write_all(&[5; 20_000]).await.expect("taken");
    drop(stream);
    assert_eq!(seen.recv().await.expect("ended"), vec![5; 20_000]);
}

#[tokio::test]
async fn when_the_link_ends_everybody_hears_of_it() {
    let fake = Arc::new(Fake::default());
    let (link, served) = linked(fake.clone()).await;
    let mut stream = link.stream("echo", Value::Null).await.expect("opened");
    let end = async {
        while fake.waiting.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        served.abort();
    };
    let (waiting, ()) = tokio::join!(link.call("wait", Value::Null), end);
    assert_eq!(waiting.expect_err("no answer any more").code, Code::Unreachable);
    assert_eq!(stream.read(&mut [0; 8]).await.expect("an end"), 0);
    assert!(!link.is_open());
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_agent() {
    let (link, served) = linked(Arc::new(Fake::default())).await;
    drop(link);
    served.await.expect("no panic").expect("a plain end");
}

#[tokio::test]
async fn a_greeting_is_no_agent() {
    let (mut client, mut other) = tokio::io::duplex(1000);
    other.write_all(b"Welcome to this host!\n").await.expect("written");
    assert_eq!(Link::hello(&mut client).await.expect_err("not ours").code, Code::Corrupt);
}
