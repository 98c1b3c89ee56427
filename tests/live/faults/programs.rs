//! Programs that misbehave.

use session_forge::live::client::Said;
use session_forge::model::live::LiveState;
use session_forge::wire::holder::{Attach, Kind};

use super::alive;
use crate::support::live::{Home, limit, shows, sized};

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
        client.send_input(&vec![b'x'; 64 * 1024]);
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
    // The same noise each time.
    let mut state = 7u64;
    let mut noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(3_300_000)
    .collect();
    let beginnings = b"\x1b[];?0123456789";
    for byte in noise[3_000_000..].iter_mut().filter(|byte| **byte < 64) {
        *byte = beginnings[usize::from(*byte) % beginnings.len()];
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), noise).expect("written");
    // In one write and on a line of its own: the terminal echoes the answers to the noise wherever it is.
    let noise = format!("cat '{}'; printf '\\030\\033c\\nover\\n'; read x", file.path().display());
    let id = home.sh(&noise).await;
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
