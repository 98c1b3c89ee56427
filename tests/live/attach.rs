//! What clients see.

use session_forge::live::client::{End, Said};
use session_forge::live::screen::{Mouse, MouseEncoding, Screen};
use session_forge::wire::holder::{Attach, Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::live::{Home, limit, shows, sized, spec};

fn line(text: &str) -> impl FnMut(&[String]) -> bool {
    move |lines| lines.iter().any(|l| l == text)
}

#[tokio::test]
async fn input_comes_back_and_the_end_is_told() {
    let home = Home::new();
    let id = home.sh("read x; echo got $x; exit 5").await;
    let client = home.attach(&id, sized(80, 24)).await;
    assert!(client.send_input(b"hello\r"));
    shows(&client, "the answer", line("got hello")).await;
    match limit(client.ended()).await {
        End::Ended(status) => assert_eq!(status.exit_code, Some(5)),
        End::Cut(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_later_client_finds_screen_and_modes_as_they_are() {
    let home = Home::new();
    let modes = "printf '\\033[?1049h\\033[?1h\\033[?2004h\\033[?1002h\\033[?1006h\\033]2;a title\\007\\033[5;3Hhere'";
    let id = home.sh(&format!("echo main screen; {modes}; read x; printf '\\033[?1049l'; read x")).await;
    home.wait(&id, "here").await.expect("drawn");
    let client = home.attach(&id, sized(80, 24)).await;
    shows(&client, "the alternate screen", |lines| lines[4] == "  here").await;
    client.screen().with(|screen| {
        let modes = screen.modes();
        assert!(modes.alternate_screen && modes.application_cursor && modes.bracketed_paste);
        assert_eq!((modes.mouse, modes.mouse_encoding), (Mouse::ButtonMotion, MouseEncoding::Sgr));
        assert_eq!((screen.cursor().col, screen.cursor().row), (6, 4));
        assert_eq!(screen.title(), Some("a title"));
    });
    // It never saw the main screen; when the program goes back there, it gets it.
    client.send_input(b"\r");
    shows(&client, "the main screen", line("main screen")).await;
    assert!(!client.screen().with(|screen| screen.modes().alternate_screen));
}

#[tokio::test]
async fn history_comes_with_the_picture() {
    let home = Home::new();
    let id = home.sh("seq 1 200; read x").await;
    home.wait(&id, "200").await.expect("shown");
    let client = home.attach(&id, Attach { history: 500, ..sized(80, 24) }).await;
    shows(&client, "the end", line("200")).await;
    client.screen().with(|screen| {
        screen.scroll_to(usize::MAX);
        assert_eq!(screen.text()[0], "1");
    });
}

#[tokio::test]
async fn the_size_follows_whoever_was_active_last() {
    let home = Home::new();
    let id = home.sh("trap 'stty size' WINCH; echo ready; while :; do read x; done").await;
    home.wait(&id, "ready").await.expect("ready");
    let small = home.attach(&id, sized(60, 18)).await;
    shows(&small, "its size", line("18 60")).await;
    let large = home.attach(&id, sized(100, 30)).await;
    shows(&small, "the size of the other", line("30 100")).await;
    assert_eq!(small.screen().with(|s| s.size()), (100, 30), "its screen is as large as the session's");
    // Whoever only looks changes nothing.
    let looker = home.attach(&id, Attach { read_only: true, ..sized(20, 5) }).await;
    shows(&looker, "the same", line("30 100")).await;
    assert!(looker.send_input(b"not typed\r"));
    small.send_input(b"x");
    shows(&large, "small again", |lines| lines.iter().filter(|l| l.ends_with("18 60")).count() == 2).await;
    assert_eq!(home.row(&id).await.clients, 3);
    small.resize(0, 0);
    drop(small);
    shows(&large, "its own size", |lines| lines.iter().filter(|l| l.ends_with("30 100")).count() == 2).await;
    let lines = large.screen().with(|s| s.text());
    assert!(!lines.iter().any(|l| l.contains("not typed")), "{lines:?}");
}

#[tokio::test]
async fn a_real_terminal_gets_a_picture_with_each_new_size() {
    let home = Home::new();
    let id = home.sh("echo here; read x").await;
    home.wait(&id, "here").await.expect("there");
    let mut real = home.peer(&id).await;
    real.say(Kind::Attach, &Attach { pictures: true, ..sized(80, 24) }).await.expect("said");
    assert!(matches!(limit(real.next()).await, Ok(Some(Said::Snapshot(..)))));
    let _other = home.attach(&id, sized(60, 20)).await;
    assert!(matches!(limit(real.next()).await, Ok(Some(Said::Size(size))) if size.cols == 60));
    assert!(matches!(limit(real.next()).await, Ok(Some(Said::Snapshot(head, _))) if head.cols == 60));
}

#[tokio::test]
async fn a_long_history_does_not_hold_up_the_screen() {
    let home = Home::new();
    let id = home.sh("seq 900; echo here; read x").await;
    home.wait(&id, "here").await.expect("there");
    let mut peer = home.peer(&id).await;
    peer.say(Kind::Attach, &Attach { history: 10_000, ..sized(80, 24) }).await.expect("said");
    let mut pictures = Vec::new();
    while pictures.len() < 2 {
        match limit(peer.next()).await.expect("a word") {
            Some(Said::Snapshot(head, bytes)) => pictures.push((head.seq, bytes)),
            Some(_) => {}
            None => panic!("the holder has hung up"),
        }
    }
    assert_eq!(pictures[0].0, pictures[1].0);
    for (n, (_, bytes)) in pictures.iter().enumerate() {
        let mut screen = Screen::with_scrollback(80, 24, 1 << 20);
        screen.feed(bytes);
        assert_eq!(screen.text().last().map(String::as_str), Some(""), "{:?}", screen.text());
        assert!(screen.text().contains(&"here".to_owned()));
        assert_eq!(screen.history(), if n == 0 { 0 } else { 878 });
    }
}

#[tokio::test]
async fn history_is_there_when_the_alternate_screen_is_left() {
    let home = Home::new();
    let script = "i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done; printf '\\033[?1049hover'; read x; printf '\\033[?1049l'; read x";
    let id = home.sh(script).await;
    home.wait(&id, "over").await.expect("there");
    let client = home.attach(&id, Attach { history: 1000, ..sized(80, 24) }).await;
    shows(&client, "the alternate screen", |lines| lines.iter().any(|l| l == "over")).await;
    home.enter(&id, "").await;
    shows(&client, "the main screen", |lines| lines.iter().any(|l| l == "line 100")).await;
    assert!(client.screen().with(|screen| screen.history()) >= 76);
}

#[tokio::test]
async fn one_column_and_one_row_are_enough() {
    let home = Home::new();
    let mut tiny = spec(&["sh", "-c", "stty size; printf 'wide: 日本\\n'; read x; exit 4"]);
    (tiny.cols, tiny.rows) = (1, 1);
    let id = home.side.start(tiny).await.expect("started").id;
    let client = home.attach(&id, sized(1, 1)).await;
    client.resize(0, 9);
    client.resize(9, 1);
    client.send_input(b"\r");
    match limit(client.ended()).await {
        End::Ended(status) => assert_eq!(status.exit_code, Some(4)),
        End::Cut(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_flood_ends_with_control_c() {
    let home = Home::new();
    let id = home.start(&["bash", "--norc", "--noprofile"]).await;
    let client = home.attach(&id, sized(80, 24)).await;
    client.send_input(b"yes flood\r");
    shows(&client, "the flood", |lines| lines.iter().filter(|l| *l == "flood").count() > 20).await;
    client.send_input(b"\x03");
    client.send_input(b"echo do''ne\r");
    shows(&client, "the prompt", line("done")).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_gets_a_picture_later_and_holds_up_nobody() {
    let home = Home::new();
    let id = home.sh("read x; seq 1 400000; echo finished; read x").await;
    let mut slow = home.peer(&id).await;
    slow.say(Kind::Attach, &sized(80, 24)).await.expect("said");
    assert!(matches!(limit(slow.next()).await, Ok(Some(Said::Snapshot(..)))));
    home.enter(&id, "").await;
    // Meanwhile others go on, and the program is not held back by the one that does not read.
    home.wait(&id, "finished").await.expect("it ends although somebody does not read");
    let (mut bytes, mut pictures) = (0, 0);
    loop {
        match limit(slow.next()).await.expect("frames").expect("open") {
            Said::Output(_, part) => bytes += part.len(),
            Said::Snapshot(_, picture) => {
                pictures += 1;
                if String::from_utf8_lossy(&picture).contains("finished") {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(pictures >= 1 && bytes < 2_000_000, "{pictures} pictures, {bytes} bytes");
}

#[tokio::test]
async fn a_connection_that_broke_goes_on_where_it_was() {
    let home = Home::new();
    let id = home.sh("echo one; read x; echo two; read x; echo three; read x").await;
    let (here, there) = tokio::io::duplex(64 * 1024);
    let holder = home.side.connect(&id).await.expect("connected");
    // A link that can be cut.
    let link = tokio::spawn(async move {
        let (mut here, mut holder) = (there, holder);
        let _ = tokio::io::copy_bidirectional(&mut here, &mut holder).await;
    });
    let first = session_forge::live::client::Attached::new(Box::new(here), sized(80, 24));
    shows(&first, "the beginning", line("one")).await;
    link.abort();
    assert!(matches!(limit(first.ended()).await, End::Cut(_)));
    home.enter(&id, "").await;
    home.wait(&id, "two").await.expect("it goes on alone");
    let again = first.again(Box::new(home.side.connect(&id).await.expect("connected")));
    shows(&again, "what was missed", |lines| lines.iter().filter(|l| *l == "two").count() == 1).await;
    again.send_input(b"\r");
    shows(&again, "what comes", line("three")).await;
    assert_eq!(again.screen().with(|s| s.text())[0], "one");
}

/// The size went and came back while the client was away, and nothing was written: as many bytes as before
/// are another picture.
#[tokio::test]
async fn a_size_that_came_and_went_during_a_cut_is_no_gap() {
    let home = Home::new();
    let id = home.sh("stty -echo; printf '\\033[?1049h%060d' 7; read x").await;
    home.wait(&id, "0007").await.expect("drawn");
    let first = home.attach(&id, sized(80, 24)).await;
    shows(&first, "the line", |lines| lines[0].len() == 60).await;
    // It is cut off, and hears nothing of what comes now.
    let (lost, holder) = tokio::io::duplex(1 << 16);
    let lost = first.again(Box::new(lost));
    drop(first);
    let small = home.attach(&id, sized(20, 5)).await;
    shows(&small, "the size", |lines| lines[0].len() == 20).await;
    drop((small, holder));
    let again = lost.again(Box::new(home.side.connect(&id).await.expect("connected")));
    shows(&again, "what the holder has", |lines| lines.len() == 24 && lines[0].len() == 20).await;
    assert_eq!(again.screen().with(|s| s.text()), home.lines(&id).await);
}

/// Two connections that both still bring bytes must not write over each other.
#[tokio::test]
async fn a_connection_that_was_replaced_shows_nothing_more() {
    let frame = |seq: u64, text: &str| Kind::Output.bytes(&[&seq.to_le_bytes(), text.as_bytes()].concat());
    let (near, mut old) = tokio::io::duplex(1 << 16);
    let first = session_forge::live::client::Attached::new(Box::new(near), sized(80, 24));
    old.write_all(&frame(0, "one\r\n")).await.expect("written");
    shows(&first, "the first line", line("one")).await;
    let (near, mut new) = tokio::io::duplex(1 << 16);
    let again = first.again(Box::new(near));
    let mut ended = first.news();
    old.write_all(&frame(5, "twice\r\n")).await.expect("written");
    limit(ended.changed()).await.expect("it was heard");
    new.write_all(&frame(5, "two\r\n")).await.expect("written");
    shows(&again, "the second line", line("two")).await;
    assert_eq!(again.screen().with(|s| s.text())[..2], ["one", "two"]);
}

#[tokio::test]
async fn nonsense_ends_only_the_connection_that_sent_it() {
    let home = Home::new();
    let id = home.start(&["cat"]).await;
    let mut stream = home.side.connect(&id).await.expect("connected");
    stream.write_all(&[3, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]).await.expect("written");
    assert_eq!(limit(stream.read(&mut [0; 16])).await.unwrap_or(0), 0, "hung up");
    // Kinds that are not known are skipped, broken JSON is answered.
    let mut stream = home.side.connect(&id).await.expect("connected");
    stream.write_all(&[200, 2, 0, 0, 0, 1, 2, 6, 1, 0, 0, 0, b'{']).await.expect("written");
    let mut kind = [0];
    limit(stream.read_exact(&mut kind)).await.expect("an answer");
    assert_eq!(kind[0], Kind::Failed as u8);
    home.enter(&id, "alive").await;
    home.wait(&id, "alive").await.expect("it is");
}
