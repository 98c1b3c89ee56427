//! Kill -9 of every process of ours, in every state.

use rustix::process::Signal;
use session_forge::error::Code;
use session_forge::model::live::LiveState;
use session_forge::sys::proc;
use tokio::io::AsyncWriteExt;

use super::alive;
use crate::support::live::{Home, SF, spec, until};
use crate::support::pty::Terminal;
use crate::support::{Sandbox, wait_for};

#[tokio::test]
async fn a_holder_that_is_killed_is_a_lost_session_and_no_other() {
    let home = Home::new();
    let [dies, stays] = [home.start(&["cat"]).await, home.start(&["cat"]).await];
    let record = home.record(&dies);
    proc::kill(record.holder, Signal::KILL).expect("ours");
    until("its end", || !home.record(&dies).held());
    // The system closes what it had open one after the other.
    let socket = home.run().join(format!("{dies}.sock"));
    until("its socket to be gone", || std::os::unix::net::UnixStream::connect(&socket).is_err());
    assert_eq!(home.row(&dies).await.state, LiveState::Lost);
    let error = home.side.connect(&dies).await.expect_err("nobody there");
    assert_eq!(error.code, Code::Refused);
    // Its terminal is gone with it, and so the program hears of it.
    until("its program to hear of it", || !proc::alive(record.pid));
    alive(&home, &stays).await;
}

#[tokio::test]
async fn a_start_that_is_killed_half_way_leaves_a_session_or_nothing() {
    let home = Home::new();
    for late in 0..24u32 {
        let id = spec(&[]).id;
        let request = serde_json::json!({"run": home.run(), "spec": {"id": id, "command": ["cat"], "cols": 80, "rows": 24}});
        let mut command = proc::command(SF);
        command.arg("hold").env_clear().envs(home.env().vars());
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).process_group(0);
        let mut launcher = command.spawn().expect("started");
        let group = launcher.id().expect("running");
        launcher.stdin.take().expect("piped").write_all(request.to_string().as_bytes()).await.expect("read");
        // Later and later in their work: launcher and keeper, which stays in a group that the launcher leads.
        let _ =
            tokio::time::timeout(std::time::Duration::from_micros(u64::from(late) * 400), launcher.wait())
                .await;
        let _ = proc::kill_group(group, Signal::KILL);
        let _ = launcher.wait().await;
        // Asked again, it is started, or was; where the keeper had come to its record and was killed then,
        // that is a session like every other whose holder was killed.
        let was = home.side.list().await.expect("listed").into_iter().find(|row| row.id == id);
        let spec = session_forge::model::live::LiveSpec { id: id.clone(), ..spec(&["cat"]) };
        let again = home.side.start(spec).await.expect("started");
        let lost = was.is_some() && !proc::alive(home.record(&id).holder);
        assert_eq!(again.state.lives(), !lost, "after {late} steps: {:?}", again.state);
    }
    let rows = home.side.list().await.expect("listed");
    assert!(rows.len() == 24 && rows.iter().all(|row| row.state.lives() || row.state == LiveState::Lost));
}

#[tokio::test]
async fn a_program_that_is_killed_has_ended_by_its_signal() {
    let home = Home::new();
    let id = home.sh("echo here; read x").await;
    home.wait(&id, "here").await.expect("there");
    proc::kill(home.record(&id).pid, Signal::KILL).expect("ours");
    assert_eq!(home.wait(&id, "exit").await.expect("ended"), LiveState::Exited);
    assert_eq!(home.row(&id).await.exit_code, Some(137));
    assert_eq!(home.lines(&id).await[0], "here");
}

#[test]
fn an_attached_terminal_that_is_killed_leaves_the_session_alone() {
    let place = Sandbox::new();
    let mut terminal = Terminal::start(&place, &["run", "--name", "k", "cat"], 80, 24);
    terminal.send("one\r");
    terminal.wait("the echo", |text| text.matches("one").count() == 2);
    terminal.kill();
    wait_for("the client to be gone", || {
        (place.json(&["session", "show", "k"])["clients"] == 0).then_some(())
    });
    let again = Terminal::start(&place, &["session", "attach", "k"], 80, 24);
    again.wait("the screen", |text| text.matches("one").count() == 2);
}

#[test]
fn a_cockpit_that_is_killed_while_it_draws_leaves_the_session_alone() {
    let place = Sandbox::new();
    let script =
        "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); echo line $i; done; read x; echo got $x; read x";
    let started = place.json(&["session", "start", "--name", "floods", "--", "sh", "-c", script]);
    let mut cockpit = Terminal::start(&place, &[], 80, 27);
    cockpit.wait_text("Live");
    cockpit.send("3");
    cockpit.wait_text("floods");
    cockpit.send("\r");
    cockpit.wait_text("line ");
    cockpit.kill();
    place.json(&["session", "wait", "floods", "--for", "line 300000", "--timeout", "60s"]);
    place.json(&["session", "send", "floods", "on", "--enter"]);
    place.json(&["session", "wait", "floods", "--for", "got on", "--timeout", "20s"]);
    assert_eq!(place.json(&["session", "show", "floods"])["id"], started["id"]);
}
