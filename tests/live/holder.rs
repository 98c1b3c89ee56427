//! What a holder does for those who ask it.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Stdio;

use session_forge::error::Code;
use session_forge::live::client::Said;
use session_forge::model::live::{Live, LiveSpec, LiveState};
use session_forge::sys::proc;
use session_forge::wire::holder::{Attach, Kind, ScreenQuery, Send, Stop};

use tokio::io::AsyncBufReadExt;

use crate::support::live::{Home, LIMIT, SF, limit, sized, spec, until};

#[tokio::test]
async fn a_session_runs_is_listed_and_ends_with_its_status() {
    let home = Home::new();
    let id = home.sh("read x; echo got $x; exit 7").await;
    let row = home.row(&id).await;
    assert_eq!((row.cols, row.rows, row.exit_code, row.clients), (80, 24, None, 0));
    assert_eq!(row.workdir, home.path().join("home").to_str().expect("UTF-8"));
    assert_eq!(row.command, ["sh", "-c", "read x; echo got $x; exit 7"]);
    assert!(row.state.lives());
    home.enter(&id, "hello").await;
    assert_eq!(home.wait(&id, "exit").await.expect("ended"), LiveState::Exited);
    until("the record", || home.record(&id).ended.is_some());
    let rows = home.side.list().await.expect("listed");
    assert_eq!(
        (rows[0].id.clone(), rows[0].state, rows[0].exit_code),
        (id.clone(), LiveState::Exited, Some(7))
    );
    assert_eq!(home.lines(&id).await[..2], ["hello", "got hello"], "the last screen stays");
    assert!(!home.run().join(format!("{id}.sock")).exists());
    let shown = home.side.show(&id).await.expect("known");
    assert_eq!(
        (shown.rule.as_str(), shown.evidence.as_str()),
        ("exit-status", "the program ended with status 7")
    );
    let error = home.side.send(&id, &Send::default()).await.expect_err("it has ended");
    assert_eq!(error.code, Code::Refused);
    let holder = home.record(&id).holder;
    until("the holder's end", || !proc::alive(holder));
}

#[tokio::test]
async fn the_program_gets_the_callers_world_without_what_is_ours() {
    let home = Home::new();
    let mut spec =
        spec(&["sh", "-c", "env; umask; tty; ls -l /proc/$$/fd | wc -l; stty size; echo END; read x"]);
    spec.env = vec![("EXTRA".into(), "1".into())];
    (spec.cols, spec.rows) = (120, 60);
    let id = home.side.start(spec).await.expect("started").id;
    home.wait(&id, "END").await.expect("shown");
    let lines = home.lines(&id).await;
    let has = |line: &str| lines.iter().any(|l| l == line);
    for wanted in ["TERM=xterm-256color", "COLORTERM=truecolor", "EXTRA=1", "60 120"] {
        assert!(has(wanted), "{wanted}: {lines:?}");
    }
    assert!(
        has(&format!("SF_SESSION={id}")) && has(&format!("SF_HOME={}", home.path().join("sf").display()))
    );
    assert!(!lines.iter().any(|l| l.starts_with("TMUX=") || l.starts_with("SF_TEST_CLOCK=")), "{lines:?}");
    let tty = lines.iter().position(|l| l.starts_with("/dev/pts/")).expect("a terminal");
    // `total 0`, and the three of a shell (a fourth while it reads a command's output).
    let open: u32 = lines[tty + 1].trim().parse().expect("a number");
    assert!(open <= 5, "descriptors leak: {open}");
    assert!(
        !std::fs::read_to_string(home.run().join(format!("{id}.json"))).expect("there").contains("EXTRA")
    );
}

#[tokio::test]
async fn what_cannot_be_started_leaves_nothing_behind() {
    let home = Home::new();
    let missing = home.side.start(spec(&["no-such-program"])).await.expect_err("missing");
    assert_eq!(missing.code, Code::NotFound);
    assert!(missing.message.contains("no-such-program"), "{missing}");
    let mut nowhere = spec(&["sh"]);
    nowhere.workdir = Some("/no/such/folder".into());
    let nowhere = home.side.start(nowhere).await.expect_err("missing");
    assert_eq!(nowhere.code, Code::NotFound);
    assert!(nowhere.message.contains("/no/such/folder"), "{nowhere}");
    std::fs::write(home.path().join("broken"), "#!/no/such/interpreter\n").expect("written");
    std::fs::set_permissions(home.path().join("broken"), std::fs::Permissions::from_mode(0o755))
        .expect("set");
    let broken = home.path().join("broken");
    let broken = home.side.start(spec(&[broken.to_str().expect("UTF-8")])).await.expect_err("cannot run");
    assert_eq!(broken.code, Code::Tool);
    let left: Vec<_> =
        std::fs::read_dir(home.run()).expect("there").map(|e| e.expect("read").file_name()).collect();
    assert_eq!(left, ["start.lock"]);
    assert_eq!(home.side.list().await.expect("listed"), []);
}

#[tokio::test]
async fn names_are_unique_while_they_run_and_ids_start_once() {
    let home = Home::new();
    let mut first = spec(&["cat"]);
    first.name = Some("builder".parse().expect("a name"));
    let id = home.side.start(first.clone()).await.expect("started").id;
    let again = home.side.start(first.clone()).await.expect("the same");
    assert_eq!(
        (again.id.clone(), again.pid),
        (id.clone(), home.row(&id).await.pid),
        "asked twice, started once"
    );
    let mut other = spec(&["cat"]);
    other.name = first.name.clone();
    let error = home.side.start(other.clone()).await.expect_err("taken");
    assert_eq!(error.code, Code::Conflict);
    home.kill(&id).await;
    until("the record", || home.record(&id).ended.is_some());
    home.side.start(other).await.expect("the name is free again");
}

#[tokio::test]
async fn many_at_once_with_one_name_start_once() {
    let home = Home::new();
    let specs = (0..6).map(|_| {
        let mut spec = spec(&["cat"]);
        spec.name = Some("one".parse().expect("a name"));
        spec
    });
    let done = futures_util::future::join_all(specs.map(|spec| home.side.start(spec))).await;
    assert_eq!(done.iter().filter(|r| r.is_ok()).count(), 1);
    assert!(done.iter().filter_map(|r| r.as_ref().err()).all(|e| e.code == Code::Conflict), "{done:?}");
}

#[tokio::test]
async fn stop_asks_first_and_kills_in_the_end() {
    let home = Home::new();
    let gentle = home.sh("trap 'exit 3' HUP; echo ready; while :; do read x; done").await;
    home.wait(&gentle, "ready").await.expect("ready");
    let shown = limit(home.side.stop(&gentle, Stop::default())).await.expect("stopped");
    assert_eq!((shown.live.state, shown.live.exit_code), (LiveState::Exited, Some(3)));
    let stubborn = home.sh("trap '' HUP TERM; echo ready; while :; do read x; done").await;
    home.wait(&stubborn, "ready").await.expect("ready");
    let shown = limit(home.side.stop(&stubborn, Stop::default())).await.expect("stopped");
    assert_eq!(shown.live.exit_code, Some(137), "killed");
    let again = home.side.stop(&stubborn, Stop::default()).await.expect("no error");
    assert_eq!(again.live.state, LiveState::Exited);
    let forced = home.sh("trap '' HUP TERM; echo ready; while :; do read x; done").await;
    home.wait(&forced, "ready").await.expect("ready");
    let shown = limit(home.side.stop(&forced, Stop { force: true })).await.expect("stopped");
    assert_eq!(shown.live.exit_code, Some(137));
}

#[tokio::test]
async fn keys_follow_the_modes_of_the_program() {
    let home = Home::new();
    let id =
        home.sh("printf '\\033[?1h'; stty raw -echo; echo go; dd bs=1 count=7 2>/dev/null | od -An -c").await;
    home.wait(&id, "go").await.expect("ready");
    let send =
        Send { keys: ["up", "alt-x", "ctrl-c", "enter"].map(String::from).to_vec(), ..Send::default() };
    home.side.send(&id, &send).await.expect("sent");
    home.wait(&id, "exit").await.expect("ended");
    until("the record", || home.record(&id).ended.is_some());
    let text = home.lines(&id).await.join(" ");
    assert!(text.contains("033   O   A 033   x 003  \\r"), "{text}");
    let wrong = Send { keys: vec!["hyper-q".into()], ..Send::default() };
    let other = home.start(&["cat"]).await;
    assert_eq!(home.side.send(&other, &wrong).await.expect_err("no such key").code, Code::Usage);
}

#[tokio::test]
async fn questions_of_the_program_are_answered_once() {
    let home = Home::new();
    let id = home
        .sh("stty raw -echo; printf '\\033[6n'; dd bs=1 count=6 2>/dev/null | od -An -c; sleep 100")
        .await;
    let client = home.attach(&id, sized(80, 24)).await;
    home.wait(&id, "033").await.expect("answered");
    let text = home.lines(&id).await.join(" ");
    assert!(text.contains("033   [   1   ;   1   R"), "{text}");
    drop(client);
}

#[tokio::test]
async fn colours_are_those_of_the_person_in_front() {
    let home = Home::new();
    let ask = "printf '\\033]11;?\\007'; dd bs=1 count=24 2>/dev/null | od -An -c; sleep 100";
    let id = home.sh(&format!("stty raw -echo; dd bs=1 count=1 2>/dev/null; {ask}")).await;
    let wish = Attach { colors: Some(([200, 200, 200], [0x1e, 0x20, 0xff])), ..sized(80, 24) };
    let client = home.attach(&id, wish).await;
    client.send_input(b"x");
    home.wait(&id, "033").await.expect("answered");
    let text: String = home.lines(&id).await.join("").split_whitespace().collect();
    assert!(text.contains("11;rgb:1e1e/2020/ffff"), "{text}");
    // Before anybody is there, those that it was started with.
    let asks = spec(&["sh", "-c", &format!("stty raw -echo; {ask}")]);
    let first =
        home.side.start(LiveSpec { colors: Some(([9; 3], [7; 3])), ..asks }).await.expect("started").id;
    home.wait(&first, "033").await.expect("answered");
    let text: String = home.lines(&first).await.join("").split_whitespace().collect();
    assert!(text.contains("11;rgb:0707/0707/0707"), "{text}");
    // Who only looks has no say in it.
    let looks = Attach { colors: Some(([0; 3], [0; 3])), read_only: true, ..sized(80, 24) };
    drop(home.attach(&id, looks).await);
}

#[tokio::test]
async fn a_shell_is_idle_or_at_work() {
    let home = Home::new();
    let id = home.start(&["bash", "--norc", "--noprofile"]).await;
    assert_eq!(home.wait(&id, "idle").await.expect("a prompt"), LiveState::Idle);
    home.enter(&id, "read -p q''uestion x; sleep 0.5; echo slept").await;
    home.wait(&id, "question").await.expect("asked");
    home.enter(&id, "").await;
    assert_eq!(home.wait(&id, "idle").await.expect("a prompt again"), LiveState::Idle);
    assert!(home.lines(&id).await.iter().any(|l| l == "slept"), "idle only after the work");
    home.enter(&id, "sleep 1000").await;
    let mut peer = home.peer(&id).await;
    let at_work = async {
        loop {
            match peer.ask(Kind::Status, &()).await.expect("a state") {
                Said::State(status) if status.evidence.contains("sleep") => return status.state,
                _ => {}
            }
        }
    };
    assert_eq!(limit(at_work).await, LiveState::Working);
    let send = Send { keys: vec!["ctrl-c".into()], ..Send::default() };
    home.side.send(&id, &send).await.expect("sent");
    assert_eq!(home.wait(&id, "idle").await.expect("a prompt again"), LiveState::Idle);
}

#[tokio::test]
async fn a_holder_that_was_killed_is_a_lost_session() {
    let home = Home::new();
    let id = home.start(&["cat"]).await;
    let record = home.record(&id);
    proc::kill(record.holder, rustix::process::Signal::KILL).expect("ours");
    until("its end", || !home.record(&id).held());
    let rows = home.side.list().await.expect("listed");
    assert_eq!((rows.len(), rows[0].state), (1, LiveState::Lost));
    assert!(home.side.show(&id).await.expect("known").evidence.contains("gone"));
    // The process counts as ended before the last of its threads has let go of the socket.
    let socket = home.run().join(format!("{id}.sock"));
    until("its socket to be let go", || std::os::unix::net::UnixStream::connect(&socket).is_err());
    let error = home.side.connect(&id).await.expect_err("nobody there");
    assert_eq!(error.code, Code::Refused);
    until("its program to hear of it", || !proc::alive(record.pid));
}

#[tokio::test]
async fn a_session_outlives_the_sf_that_started_it() {
    let home = Home::new();
    // A shell starts the launcher, waits for the answer, and is killed with its whole group.
    let id = spec(&[]).id;
    let request = serde_json::json!({"run": home.run(), "spec": {"id": id, "command": ["cat"], "cols": 80, "rows": 24}});
    let file = home.path().join("request");
    std::fs::write(&file, request.to_string()).expect("written");
    let script = format!("'{SF}' hold < '{}'; exec sleep 1000", file.display());
    let mut command = proc::command("/bin/sh");
    command.args(["-c", &script]).env_clear().envs(home.env().vars()).stdout(Stdio::piped()).process_group(0);
    let mut parent = command.spawn().expect("started");
    let group = parent.id().expect("running");
    until("the session", || home.run().join(format!("{id}.json")).exists());
    proc::kill_group(group, rustix::process::Signal::KILL).expect("ours");
    parent.wait().await.expect("ended");
    home.enter(&id, "still here").await;
    home.wait(&id, "still here").await.expect("it answers");
    // And a hang-up, as at the end of a login, does nothing.
    proc::kill(home.record(&id).holder, rustix::process::Signal::HUP).expect("ours");
    home.enter(&id, "and now").await;
    home.wait(&id, "and now").await.expect("it answers");
}

#[tokio::test]
async fn files_and_sockets_are_ours_alone_and_a_holder_is_small() {
    let home = Home::new();
    let id = home.start(&["cat"]).await;
    let mode = |name: String| std::fs::metadata(home.run().join(name)).expect("there").mode() & 0o777;
    assert_eq!(
        (mode(String::new()), mode(format!("{id}.sock")), mode(format!("{id}.json"))),
        (0o700, 0o600, 0o600)
    );
    let holder = home.record(&id).holder;
    let rollup = std::fs::read_to_string(format!("/proc/{holder}/smaps_rollup")).expect("ours");
    let dirty: u64 = rollup
        .lines()
        .filter(|l| l.starts_with("Private_Dirty:"))
        .filter_map(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum();
    // Debug builds are large on disk, not in what they change.
    assert!(dirty < 4096, "{dirty} KiB of its own");
    let fds = std::fs::read_dir(format!("/proc/{holder}/fd")).expect("ours").count();
    assert!(fds <= 10, "{fds} descriptors");
}

#[tokio::test]
async fn the_list_is_told_again_whenever_it_changes() {
    let home = Home::new();
    let stream = home.side.open("live.watch", serde_json::Value::Null).await.expect("open");
    let mut lines = tokio::io::BufReader::new(stream).lines();
    let mut until = async |what: &str, wanted: &dyn Fn(&[Live]) -> bool| {
        let seen = async {
            loop {
                let line = lines.next_line().await.expect("a line").expect("open");
                if wanted(&serde_json::from_str::<Vec<Live>>(&line).expect("rows")) {
                    return;
                }
            }
        };
        tokio::time::timeout(LIMIT, seen).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
    };
    until("the empty list", &|rows| rows.is_empty()).await;
    let id = home.start(&["bash", "--norc", "--noprofile"]).await;
    until("an idle shell", &|rows| rows.len() == 1 && rows[0].state == LiveState::Idle).await;
    home.enter(&id, "sleep 1000").await;
    until("work", &|rows| rows[0].state == LiveState::Working).await;
    let client = home.attach(&id, sized(90, 30)).await;
    until("the client", &|rows| (rows[0].clients, rows[0].cols) == (1, 90)).await;
    drop(client);
    until("its leaving", &|rows| rows[0].clients == 0).await;
    home.kill(&id).await;
    until("the end", &|rows| rows[0].state == LiveState::Exited && rows[0].exit_code == Some(137)).await;
    let other = home.start(&["cat"]).await;
    until("the other", &|rows| rows.len() == 2 && rows[1].id == other).await;
    proc::kill(home.record(&other).holder, rustix::process::Signal::KILL).expect("ours");
    until("its loss", &|rows| rows[1].state == LiveState::Lost).await;
}

#[tokio::test]
async fn history_can_be_asked_for_also_afterwards() {
    let home = Home::new();
    let id = home.sh("printf '\\033[31m'; seq 1 100; read x").await;
    home.wait(&id, "100").await.expect("shown");
    let query = ScreenQuery { scrollback: 10, ansi: false };
    let check = |lines: Vec<String>| {
        assert_eq!(lines.len(), 34);
        assert_eq!(lines[..3], ["68", "69", "70"]);
    };
    check(home.side.screen(&id, query).await.expect("a screen").lines);
    home.enter(&id, "").await;
    until("the record", || home.record(&id).ended.is_some());
    let lines = home.side.screen(&id, query).await.expect("a screen").lines;
    assert_eq!(lines.len(), 34);
    let ansi = home.side.screen(&id, ScreenQuery { ansi: true, ..query }).await.expect("a screen").lines;
    assert!(ansi[0].starts_with("\x1b[0;31m"), "{:?}", ansi[0]);
}
