use super::*;
use crate::sys::proc::blocking_command;
use proptest::prelude::*;
use std::io::Write as _;
use std::process::Stdio;

const MARK: &str = "sf-steps-test";

/// Runs a script as a host does, with a shell of the test's choice.
fn run(shell: &str, home: &std::path::Path, steps: &[Step], jobs: usize) -> Vec<u8> {
    let mut child = blocking_command(shell)
        .arg("-s")
        .env("HOME", home)
        .env("TMPDIR", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let text = script(steps, jobs, MARK);
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
    child.wait_with_output().expect("it ends").stdout
}

fn step(lane: u32, script: &str) -> Step {
    Step { script: script.into(), lane }
}

#[test]
fn every_step_answers_with_its_own_output() {
    let home = tempfile::tempdir().expect("a folder");
    let steps = [
        step(0, "printf 'a\\nsf-steps-test\\n'; echo oops >&2; exit 3"),
        step(1, "pwd; cat"),
        step(0, "this is ( not shell"),
        step(2, "printf '\\377%s' \"it's\"; kill -9 $(exec sh -c 'echo $PPID')"),
        step(3, "git() { :; }; echo $GIT_TERMINAL_PROMPT$LC_ALL"),
    ];
    let here = home.path().canonicalize().expect("there");
    for shell in ["/bin/sh", "/bin/bash"] {
        for jobs in [1, 2, 8] {
            let answer = run(shell, &here, &steps, jobs);
            let out = parse(&answer, MARK, steps.len()).expect("marked").expect("whole");
            assert_eq!((out[0].status, out[0].stdout.as_str()), (3, "a\nsf-steps-test\n"), "{shell} {jobs}");
            assert_eq!(out[0].stderr, "oops\n");
            assert_eq!(out[1].stdout, format!("{}\n", here.display()), "home, and no standard input");
            assert_ne!(out[2].status, 0, "broken shell only breaks its own step");
            assert_eq!((out[3].status, out[3].stdout.as_str()), (137, "\u{fffd}it's"));
            assert_eq!(out[4].stdout, "0C\n");
        }
    }
    assert_eq!(std::fs::read_dir(&here).expect("there").count(), 0, "nothing is left behind");
}

#[test]
fn steps_of_a_lane_run_in_order_and_lanes_side_by_side() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("log"), "").expect("written");
    // Lane 1 can only end when lane 0 runs beside it.
    let steps = [
        step(0, "mkfifo pipe.tmp && mv pipe.tmp pipe && echo go >pipe"),
        step(1, "while [ ! -p pipe ]; do :; done; cat pipe"),
        step(2, "echo one >>log"),
        step(2, "echo two >>log"),
        step(2, "cat log"),
    ];
    let out = parse(&run("/bin/sh", home.path(), &steps, 2), MARK, 5).expect("marked").expect("whole");
    assert_eq!(out[1].stdout, "go\n");
    assert_eq!(out[4].stdout, "one\ntwo\n");
}

#[test]
fn what_a_login_shell_says_first_is_skipped() {
    let mut answer = b"Welcome!\nNo newline".to_vec();
    answer.extend_from_slice(b"sf-steps-test\n0\n 2 0.o\n 0 0.e\n 2 total\nhi");
    let out = parse(&answer, MARK, 1).expect("marked").expect("whole");
    assert_eq!(out, [Output { status: 0, stdout: "hi".into(), stderr: String::new() }]);
    assert!(parse(b"Welcome!\n", MARK, 1).is_none());
    let cut = parse(&answer[..answer.len() - 1], MARK, 1).expect("marked");
    assert!(cut.is_err(), "a cut answer is never taken for a whole one");
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), steps in 0usize..4) {
        let mut answer = format!("{MARK}\n").into_bytes();
        answer.extend_from_slice(&bytes);
        let _ = parse(&answer, MARK, steps);
    }
}
