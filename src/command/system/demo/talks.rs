//! Sample conversations, written as the two tools write theirs.

use std::path::Path;

use serde_json::{Value, json};

use crate::error::{At, Result};
use crate::model::Time;
use crate::sys::files;

/// One step of a conversation.
enum Turn {
    /// A person says.
    Asks(&'static str),
    /// The model says.
    Says(&'static str),
    /// The model runs a command, and this comes back.
    Runs(&'static str, &'static str),
    /// The model changes a file: this text becomes that.
    Edits(&'static str, &'static str, &'static str),
}
use Turn::{Asks, Edits, Runs, Says};

/// A conversation of the sandbox.
struct Talk {
    /// Minutes ago.
    ago: i64,
    repo: &'static str,
    turns: &'static [Turn],
}

const CLAUDE: &[Talk] = &[
    Talk {
        ago: 34,
        repo: "core",
        turns: &[
            Asks("Fix the retry back-off: it sleeps after the last attempt as well."),
            Says("I'll look at the function and its tests first."),
            Runs(
                "cat src/retry.py",
                "import time\n\n\ndef retry(call, attempts=3, pause=0.5):\n    for attempt in range(attempts):\n        try:\n            return call()\n        except TimeoutError:\n            time.sleep(pause * 2 ** attempt)\n    raise TimeoutError(\"gave up\")",
            ),
            Says(
                "The pause is taken even when no attempt is left. I'll skip it on the last round:\n\n```python\nexcept TimeoutError:\n    if attempt + 1 == attempts:\n        raise\n    time.sleep(pause * 2 ** attempt)\n```",
            ),
            Edits(
                "src/retry.py",
                "        except TimeoutError:\n            time.sleep(pause * 2 ** attempt)\n    raise TimeoutError(\"gave up\")\n",
                "        except TimeoutError:\n            if attempt + 1 == attempts:\n                raise\n            time.sleep(pause * 2 ** attempt)\n",
            ),
            Runs("python -m pytest -q", "1 passed in 0.01s"),
            Says("Done. `retry` now raises the last `TimeoutError` at once, and the test still passes."),
        ],
    },
    Talk {
        ago: 190,
        repo: "web",
        turns: &[
            Asks("Why does the pay button submit twice on slow connections?"),
            Says(
                "Nothing disables it between the click and the answer, so a second click sends the form again. A `disabled` attribute set on submit is enough; the server should also take an idempotency key.",
            ),
            Asks("Write the idempotency key into the form."),
            Runs("grep -n form index.html", "3:<form action=\"/pay\" method=\"post\">"),
            Says("I added a hidden field `key` that holds a fresh UUID per page view."),
        ],
    },
];

const CODEX: &[Talk] = &[
    Talk {
        ago: 75,
        repo: "core",
        turns: &[
            Asks("Add a test that counts how often retry calls the function."),
            Runs(
                "sed -n 1,20p tests/test_retry.py",
                "from src.retry import retry\n\n\ndef test_first_try():\n    assert retry(lambda: 7) == 7",
            ),
            Edits(
                "tests/test_retry.py",
                "    assert retry(lambda: 7) == 7\n",
                "    assert retry(lambda: 7) == 7\n\n\ndef test_gives_up_after_three():\n    calls = []\n    with pytest.raises(TimeoutError):\n        retry(lambda: fail(calls), pause=0)\n    assert len(calls) == 3\n",
            ),
            Runs("python -m pytest -q", "2 passed in 0.02s"),
            Says(
                "Added `test_gives_up_after_three`: the function is called exactly three times before `TimeoutError` is raised.",
            ),
        ],
    },
    Talk {
        ago: 1500,
        repo: "web",
        turns: &[
            Asks("Port the checkout parser to handle amounts with a decimal comma."),
            Says(
                "Amounts such as `12,50` are read as text today. I'll normalise them before parsing and keep the original for the receipt.",
            ),
        ],
    },
];

/// Writes the conversations that are not there yet below a home folder.
///
/// Shapes: Claude Code 2.0 session lines and Codex 0.42 rollout lines.
pub(super) fn write(home: &Path, now: Time) -> Result<()> {
    for (number, talk) in CLAUDE.iter().enumerate() {
        let cwd = workdir(home, talk.repo);
        let id = format!("5e55000{number}-0000-4000-8000-000000000000");
        let folder: String = cwd
            .encode_utf16()
            .map(|u| char::from_u32(u32::from(u)).filter(char::is_ascii_alphanumeric).unwrap_or('-'))
            .collect();
        let path = home.join(".claude/projects").join(folder).join(format!("{id}.jsonl"));
        keep(&path, &claude(talk, &id, &cwd, now))?;
    }
    for (number, talk) in CODEX.iter().enumerate() {
        let cwd = workdir(home, talk.repo);
        let id = format!("019a0000-0000-7000-8000-00000000000{number}");
        let path = home.join(format!(
            ".codex/sessions/2026/01/0{}/rollout-2026-01-0{}T09-00-00-{id}.jsonl",
            number + 1,
            number + 1
        ));
        keep(&path, &codex(talk, &id, &cwd, now))?;
    }
    Ok(())
}

fn workdir(home: &Path, repo: &str) -> String {
    home.join("features/payments").join(repo).display().to_string()
}

fn keep(path: &Path, lines: &[Value]) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).at(dir.display())?;
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    files::write_atomic(path, text.as_bytes())
}

fn claude(talk: &Talk, id: &str, cwd: &str, now: Time) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    let mut at = now.plus_ms(-talk.ago * 60_000);
    let mut parent = Value::Null;
    let mut push = |role: &str, message: Value| {
        let uuid = format!("{}-{:012}", &id[..23], lines.len());
        at = at.plus_ms(9_000);
        lines.push(json!({
            "parentUuid": parent, "isSidechain": false, "userType": "external", "cwd": cwd, "sessionId": id,
            "version": "2.0.77", "gitBranch": "feat/payments", "type": role, "message": message,
            "uuid": uuid, "timestamp": at,
        }));
        parent = json!(uuid);
    };
    let usage = |out: usize| json!({ "input_tokens": 900, "output_tokens": out, "cache_read_input_tokens": 2100, "cache_creation_input_tokens": 0 });
    for (number, turn) in talk.turns.iter().enumerate() {
        let answer = |content: Value, stop: &str, out: usize| {
            json!({
                "id": format!("msg_demo_{}_{number}", &id[..8]), "type": "message", "role": "assistant",
                "model": "claude-sonnet-4-5-20250929", "content": [content], "stop_reason": stop, "usage": usage(out),
            })
        };
        let mut call = |name: &str, input: Value, output: &str| {
            let call = format!("toolu_demo_{number}");
            let block = json!({ "type": "tool_use", "id": call, "name": name, "input": input });
            push("assistant", answer(block, "tool_use", 60));
            push(
                "user",
                json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": call, "content": output }] }),
            );
        };
        match turn {
            Runs(command, output) => call("Bash", json!({ "command": command }), output),
            Edits(path, old, new) => call(
                "Edit",
                json!({ "file_path": format!("{cwd}/{path}"), "old_string": old, "new_string": new }),
                &format!("The file {cwd}/{path} has been updated."),
            ),
            Asks(text) => push("user", json!({ "role": "user", "content": text })),
            Says(text) => {
                push("assistant", answer(json!({ "type": "text", "text": text }), "end_turn", text.len() / 4))
            }
        }
    }
    lines
}

fn codex(talk: &Talk, id: &str, cwd: &str, now: Time) -> Vec<Value> {
    let start = now.plus_ms(-talk.ago * 60_000);
    let mut lines = vec![json!({
        "timestamp": start, "type": "session_meta",
        "payload": {
            "id": id, "timestamp": start, "cwd": cwd, "originator": "codex_cli_rs", "cli_version": "0.42.0",
            "source": "cli", "git": { "branch": "feat/payments" },
        },
    })];
    let mut at = start;
    let mut push = |kind: &str, payload: Value| {
        at = at.plus_ms(4_000);
        lines.push(json!({ "timestamp": at, "type": kind, "payload": payload }));
    };
    push("turn_context", json!({ "cwd": cwd, "model": "gpt-5-codex" }));
    let mut total = 0;
    for (number, turn) in talk.turns.iter().enumerate() {
        let mut call = |command: &[&str], output: &str| {
            let call = format!("call_demo_{number}");
            let arguments = json!({ "command": command }).to_string();
            push(
                "response_item",
                json!({ "type": "function_call", "name": "shell", "arguments": arguments, "call_id": call }),
            );
            let output = json!({ "output": output, "metadata": { "exit_code": 0, "duration_seconds": 0.4 } });
            push(
                "response_item",
                json!({ "type": "function_call_output", "call_id": call, "output": output.to_string() }),
            );
        };
        match turn {
            Asks(text) => {
                push(
                    "response_item",
                    json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] }),
                );
                push("event_msg", json!({ "type": "user_message", "message": text }));
            }
            Says(text) => {
                push(
                    "response_item",
                    json!({ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text }] }),
                );
                push("event_msg", json!({ "type": "agent_message", "message": text }));
            }
            Runs(command, output) => call(&["bash", "-lc", command], output),
            Edits(path, old, new) => {
                let signed =
                    |sign: char, text: &str| text.lines().map(|l| format!("{sign}{l}\n")).collect::<String>();
                let (old, new) = (signed('-', old), signed('+', new));
                let patch =
                    format!("*** Begin Patch\n*** Update File: {path}\n@@\n{old}{new}*** End Patch\n");
                call(&["apply_patch", &patch], &format!("Success. Updated the following files:\nM {path}\n"));
            }
        }
        total += 700;
        let usage = json!({ "input_tokens": total, "cached_input_tokens": total / 2, "output_tokens": total / 10, "reasoning_output_tokens": 0, "total_tokens": total + total / 10 });
        let last = json!({ "input_tokens": 700, "cached_input_tokens": 350, "output_tokens": 70, "reasoning_output_tokens": 0, "total_tokens": 770 });
        push(
            "event_msg",
            json!({ "type": "token_count", "info": { "total_token_usage": usage, "last_token_usage": last } }),
        );
    }
    lines
}
