//! Programs and clients that misbehave, by name: nothing escapes, nothing hangs, nothing else dies.

use session_forge::live::client::{End, Said};
use session_forge::model::live::{LiveState, Sizes};
use session_forge::wire::holder::{Attach, Hello, Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::live::{Home, limit, shows, sized, spec};

/// The session answers, and another one does as well.
async fn alive(home: &Home, id: &session_forge::model::LiveId) {
    let other = home.sh("echo fine; read x").await;
    home.wait(&other, "fine").await.expect("another session starts");
    home.lines(id).await;
}

#[tokio::test]
async fn a_program_that_floods_shows_control_c_at_once() {
    let home = Home::new();
    let id = home.start(&["bash", "--norc", "--noprofile"]).await;
    let mut slow = home.peer(&id).await;
    let wish = Attach { credit: 64 * 1024, ..sized(80, 24) };
    slow.say(Kind::Attach, &wish).await.expect("said");
    home.enter(&id, "yes flood").await;
    // A client on a slow link: it says what it has shown, late. What is on its way to it never takes
    // more than its credit.
    let (mut shown, mut newest) = (0, 0);
    for _ in 0..200 {
        match limit(slow.next()).await.expect("frames").expect("open") {
            Said::Output(seq, bytes) => newest = seq + bytes.len() as u64,
            Said::Snapshot(header, _) => (shown, newest) = (header.seq, header.seq),
            _ => {}
        }
        assert!(newest - shown <= 64 * 1024, "{newest} after {shown}");
        // It says so only now and then.
        if newest - shown >= 16 * 1024 {
            shown = newest;
            slow.shown(shown).await.expect("said");
        }
    }
    home.enter(&id, "\x03").await;
    alive(&home, &id).await;
}

#[tokio::test]
async fn a_program_that_never_reads_holds_up_nobody() {
    let home = Home::new();
    let id = home.sh("stty raw -echo; echo deaf; sleep 100").await;
    home.wait(&id, "deaf").await.expect("there");
    let client = home.attach(&id, sized(80, 24)).await;
    for _ in 0..64 {
        client.send_input(vec![b'x'; 64 * 1024]);
    }
    alive(&home, &id).await;
    home.kill(&id).await;
}

#[tokio::test]
async fn a_program_that_exits_at_once_leaves_its_last_words() {
    let home = Home::new();
    let id = home.sh("echo last words; exit 7").await;
    assert_eq!(home.wait(&id, "exit").await.expect("ended"), LiveState::Exited);
    assert_eq!(home.lines(&id).await[0], "last words");
    assert_eq!(home.row(&id).await.exit_code, Some(7));
}

#[tokio::test]
async fn a_program_that_ignores_hang_up_and_term_is_ended_all_the_same() {
    let home = Home::new();
    let id = home.sh("trap '' HUP TERM INT; echo deaf; while :; do sleep 1; done").await;
    home.wait(&id, "deaf").await.expect("there");
    home.kill(&id).await;
    assert_eq!(home.row(&id).await.state, LiveState::Exited);
}

#[tokio::test]
async fn a_program_that_forks_away_is_over_when_it_ends() {
    let home = Home::new();
    let id = home.sh("(trap '' HUP; sleep 60) & echo started; exit 3").await;
    assert_eq!(home.wait(&id, "exit").await.expect("ended"), LiveState::Exited);
    assert_eq!(home.row(&id).await.exit_code, Some(3));
}

#[tokio::test]
async fn megabytes_of_broken_escapes_stay_inside() {
    let home = Home::new();
    let noise = "head -c 3000000 /dev/urandom; head -c 300000 /dev/urandom | tr '\\000-\\077' '\\033[];?0123456789'; printf '\\030\\033c'; echo over; read x";
    let id = home.sh(noise).await;
    let client = home.attach(&id, sized(100, 30)).await;
    shows(&client, "the end of it", |lines| lines.iter().any(|l| l.ends_with("over"))).await;
    alive(&home, &id).await;
}

#[tokio::test]
async fn graphemes_of_ten_thousand_marks_take_one_cell() {
    let home = Home::new();
    let id =
        home.sh("printf e; head -c 10000 /dev/zero | sed 's/\\x00/\\xcc\\x81/g'; echo '|'; read x").await;
    let client = home.attach(&id, sized(80, 24)).await;
    shows(&client, "the mark after it", |lines| lines[0].ends_with('|')).await;
    client.screen().with(|screen| {
        assert!(screen.cell(0, 0).expect("inside").text.len() <= 64);
        assert_eq!(&*screen.cell(1, 0).expect("inside").text, "|");
    });
}

#[tokio::test]
async fn titles_have_no_control_bytes() {
    let home = Home::new();
    let id = home.sh("printf '\\033]2;a\\001\\r\\nb\\302\\233c\\033\\\\'; echo set; read x").await;
    home.wait(&id, "set").await.expect("set");
    assert_eq!(home.row(&id).await.title.as_deref(), Some("abc"));
}

#[cfg(not(feature = "conformance"))]
#[tokio::test]
async fn neither_clipboard_nor_screen_nor_title_can_be_read_by_asking() {
    let home = Home::new();
    let asks = "stty raw -echo; printf 'secret\\033]2;title\\007\\033]52;c;?\\007\\033[1;1;1;1;1;6*y\\033[21t\\033[5n'; \
                dd bs=1 count=9 2>/dev/null | od -An -c; read x";
    let id = home.sh(asks).await;
    let client = home.attach(&id, sized(80, 24)).await;
    // An empty title, and that all is well; nothing of what was asked.
    shows(&client, "the answers", |lines| lines.iter().any(|l| l.contains("]   l 033   \\ 033   [   0   n")))
        .await;
}

#[tokio::test]
async fn sizes_from_one_to_a_thousand_and_beyond() {
    let home = Home::new();
    let id = home.sh("trap 'stty size' WINCH; echo ready; while :; do read x; done").await;
    home.wait(&id, "ready").await.expect("ready");
    let client = home.attach(&id, sized(1, 1)).await;
    for (cols, rows, wanted) in
        [(1000, 1000, "1000 1000"), (u16::MAX, u16::MAX, "1000 1000"), (2, 1, ""), (90, 30, "30 90")]
    {
        assert!(client.resize(cols, rows));
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
        client.send_input(format!("line {n}\r").into_bytes());
        shows(&stays, "what it typed", |lines| lines.iter().any(|l| *l == format!("got line {n}"))).await;
        drop(client);
    }
    assert!(stays.end().is_none());
    home.kill(&id).await;
    assert!(matches!(limit(stays.ended()).await, End::Ended(_)));
}

#[tokio::test]
async fn a_path_that_is_too_long_is_said_before_anything_starts() {
    let home = Home::new();
    let deep = home.path().join("d".repeat(60)).join("e".repeat(60));
    std::fs::create_dir_all(&deep).expect("made");
    let env = home.env().with("SF_HOME", &deep);
    let paths = session_forge::sys::Paths::resolve(&env, None).expect("resolved");
    let side = session_forge::live::serve::Side::new(&paths, env, session_forge::sys::Clock::System)
        .with_program(crate::support::live::SF);
    // The sockets lie in a short folder of ours instead.
    let live = side.start(spec(&["cat"])).await.expect("started");
    assert!(paths.run_dir().as_os_str().len() < 100, "{}", paths.run_dir().display());
    side.stop(&live.id, session_forge::wire::holder::Stop { force: true }).await.expect("stopped");
}

#[tokio::test]
async fn a_socket_folder_that_others_may_write_is_refused_or_mended() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    std::fs::create_dir_all(home.run()).expect("made");
    std::fs::set_permissions(home.run(), std::fs::Permissions::from_mode(0o777)).expect("loosened");
    let started = home.side.start(spec(&["cat"])).await;
    let mode = std::fs::metadata(home.run()).expect("there").permissions().mode() & 0o777;
    assert!(started.is_err() || mode == 0o700, "{mode:o}");
    if rustix::process::getuid().is_root() {
        let home = Home::new();
        std::fs::create_dir_all(home.run()).expect("made");
        std::os::unix::fs::chown(home.run(), Some(12345), Some(12345)).expect("given away");
        let refused = home.side.start(spec(&["cat"])).await.expect_err("another's folder");
        assert_eq!(refused.code.as_str(), "refused", "{refused:?}");
    }
}
