//! Clients that misbehave, or come and go.

use session_forge::live::client::{End, Said};
use session_forge::model::live::Sizes;
use session_forge::wire::holder::{Attach, Hello, Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::alive;
use crate::support::live::{Home, limit, shows, sized};

#[tokio::test]
async fn sizes_from_one_to_a_thousand_and_beyond() {
    let home = Home::new();
    let id = home.sh("trap 'stty size' WINCH; echo ready; while :; do read x; done").await;
    home.wait(&id, "ready").await.expect("ready");
    let client = home.attach(&id, sized(1, 1)).await;
    for (cols, rows, wanted) in
        [(1000, 1000, "1000 1000"), (u16::MAX, u16::MAX, "1000 1000"), (2, 1, ""), (90, 30, "30 90")]
    {
        client.resize(cols, rows);
        shows(&client, "its size", |lines| {
            wanted.is_empty() && lines.len() == 1 || lines.iter().any(|l| !wanted.is_empty() && l == wanted)
        })
        .await;
    }
}

#[tokio::test]
async fn the_smallest_decides_if_the_active_one_wishes_so() {
    let home = Home::new();
    let id = home.sh("trap 'stty size' WINCH; echo ready; while :; do read x; done").await;
    home.wait(&id, "ready").await.expect("ready");
    let small = home.attach(&id, Attach { sizes: Sizes::Smallest, ..sized(60, 40) }).await;
    shows(&small, "its size", |lines| lines.iter().any(|l| l == "40 60")).await;
    let wide = home.attach(&id, Attach { sizes: Sizes::Smallest, ..sized(100, 20) }).await;
    shows(&wide, "what fits both", |lines| lines.iter().any(|l| l == "20 60")).await;
    drop(small);
    shows(&wide, "its own size", |lines| lines.iter().any(|l| l == "20 100")).await;
}

#[tokio::test]
async fn a_client_of_a_future_version_is_served() {
    let home = Home::new();
    let id = home.sh("echo here; read x").await;
    home.wait(&id, "here").await.expect("there");
    let mut peer = session_forge::live::client::Peer::new(home.side.connect(&id).await.expect("connected"));
    let future = serde_json::json!({"version": 9, "min_version": 1, "features": ["warp"], "mood": "good"});
    assert!(matches!(peer.ask(Kind::Hello, &future).await, Ok(Said::Hello(_))));
    let attach = serde_json::json!({"cols": 80, "rows": 24, "gravity": 9.81, "history": 5});
    peer.say(Kind::Attach, &attach).await.expect("said");
    assert!(matches!(limit(peer.next()).await, Ok(Some(Said::Snapshot(..)))));
    // One that speaks nothing that we speak is told so.
    let mut peer = session_forge::live::client::Peer::new(home.side.connect(&id).await.expect("connected"));
    let newer = Hello { version: 9, min_version: 7, features: vec![] };
    assert!(matches!(peer.ask(Kind::Hello, &newer).await, Ok(Said::Hello(_))));
    let refused = limit(peer.next()).await.expect_err("refused");
    assert_eq!(refused.code.as_str(), "unsupported");
    alive(&home, &id).await;
}

#[tokio::test]
async fn a_client_that_is_cut_in_the_middle_of_a_frame_is_only_gone() {
    let home = Home::new();
    let id = home.sh("echo here; read x; echo got $x; read x").await;
    home.wait(&id, "here").await.expect("there");
    for cut in 1..12 {
        let mut stream = home.side.connect(&id).await.expect("connected");
        let frame = Kind::Input.bytes(b"rm -rf ~");
        stream.write_all(&frame[..cut]).await.expect("written");
    }
    let mut idle = home.side.connect(&id).await.expect("connected");
    home.enter(&id, "typed").await;
    home.wait(&id, "got typed").await.expect("only what was whole was typed");
    // One that only listens hears nothing it did not ask for.
    let heard = tokio::time::timeout(std::time::Duration::from_millis(50), idle.read(&mut [0; 8])).await;
    assert!(heard.is_err());
}

#[tokio::test]
async fn a_client_that_is_killed_leaves_the_session_to_others() {
    let home = Home::new();
    let id = home.sh("while read x; do echo got $x; done").await;
    let stays = home.attach(&id, sized(80, 24)).await;
    for n in 0..20 {
        let client = home.attach(&id, sized(40, 10)).await;
        client.send_input(format!("line {n}\r").as_bytes());
        shows(&stays, "what it typed", |lines| lines.iter().any(|l| *l == format!("got line {n}"))).await;
        drop(client);
    }
    assert!(stays.end().is_none());
    home.kill(&id).await;
    assert!(matches!(limit(stays.ended()).await, End::Ended(_)));
}
