//! `sf --batch`: commands from arguments, a file or standard input; JSON lines; never a prompt.
//!
//! Everything is read and checked before anything runs, so a mistake on the last line costs
//! nothing.

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::cli::{Signals, screen_only};
use super::{engine, leave, output, render, runtime};
use crate::command::line::{self, Globals, OutputForm, Parsed};
use crate::engine::contract::Body;
use crate::engine::{Engine, Event, Origin, Run};
use crate::error::{At, Code, Error, Result};
use crate::sys::{Env, tty};

/// The version of the records.
const V: u32 = 1;

/// What was asked for behind `--batch`.
pub(super) struct Request {
    globals: Globals,
    source: Source,
}

enum Source {
    Command(Vec<String>),
    File(String),
    Stdin,
}

/// Looks for `--batch` among the leading options; `None` when it is not there.
///
/// The first word behind the options decides: a command's name is that command, nothing or `-` is
/// standard input, exactly one other word is a file.
pub(super) fn requested(words: &[String]) -> Option<Result<Request>> {
    let mut options = Vec::new();
    let mut batch = false;
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|w| w.starts_with('-') && *w != "-" && *w != "--") {
        at += 1;
        if word == "--batch" {
            batch = true;
            continue;
        }
        options.push(word.clone());
        if line::takes_value(word) {
            options.extend(words.get(at).cloned());
            at += 1;
        }
    }
    batch.then(|| request(options, words.get(at..).unwrap_or_default()))
}

fn request(options: Vec<String>, rest: &[String]) -> Result<Request> {
    let globals = match line::read(&options) {
        Ok(line::Line::Bare(globals)) => globals,
        Ok(line::Line::Command(parsed)) => parsed.globals,
        Err(refused) => return Err(refused.into_error()),
    };
    let source = match rest {
        [] => Source::Stdin,
        [dash] if dash == "-" => Source::Stdin,
        [first, ..] if line::is_command(first) => Source::Command(rest.to_vec()),
        [file] => Source::File(file.clone()),
        [first, ..] => {
            return Err(Error::usage(format!("`{first}` is no command")).hint("`sf help` lists the commands"));
        }
    };
    Ok(Request { globals, source })
}

/// Runs a batch to its end.
pub(super) fn run(request: Request) -> Result<ExitCode> {
    let globals = &request.globals;
    let lines = match check(read(&request.source)?, globals) {
        Ok(lines) => lines,
        Err(errors) => {
            for (number, error) in &errors {
                output::json_line(&json!({
                    "v": V, "run": number, "event": "notice", "level": "error",
                    "text": error.message, "error": error,
                }));
                output::error(error);
            }
            output::note("sf: nothing was run");
            let code = errors.first().map_or(Code::Usage, |(_, e)| e.code);
            return Ok(ExitCode::from(code.exit()));
        }
    };
    let env = Env::current();
    let runtime = runtime()?;
    let _context = runtime.enter();
    let (engine, loaded) = engine(globals, &env, None)?;
    loaded.notices.iter().for_each(|n| output::note(&format!("sf: notice: {n}")));
    let form = globals.output.unwrap_or(OutputForm::Json);
    let status = runtime.block_on(all(&engine, lines, form, globals.keep_going, loaded.settings.jobs));
    leave(runtime, &engine);
    status.map(ExitCode::from)
}

/// A line of a batch with its number from 1.
type Numbered = (usize, Vec<String>);

/// The lines as words. A line whose quotes are not closed is an error of that line alone.
fn read(source: &Source) -> Result<Vec<(usize, Result<Vec<String>>)>> {
    let text = match source {
        Source::Command(words) => return Ok(vec![(1, Ok(words.clone()))]),
        Source::File(file) => {
            let bytes = std::fs::read(file).map_err(|e| {
                Error::usage(format!("`{file}` is neither a command nor a file that can be read: {e}"))
            })?;
            String::from_utf8(bytes).map_err(|_| Error::usage(format!("`{file}` is not UTF-8")))?
        }
        Source::Stdin => {
            if tty::stdin_is_terminal() {
                return Err(Error::usage("a batch is read from a file or a pipe, not from a terminal")
                    .hint("sf --batch FILE, or: sf --batch COMMAND …"));
            }
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).at("standard input")?;
            text
        }
    };
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line::split(line)));
    Ok(lines.filter(|(_, words)| !matches!(words, Ok(words) if words.is_empty())).collect())
}

/// Understands every line, or says what is wrong with each that is wrong.
fn check(
    lines: Vec<(usize, Result<Vec<String>>)>,
    globals: &Globals,
) -> std::result::Result<Vec<Parsed>, Vec<(usize, Error)>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (number, words) in lines {
        match words.and_then(|words| understand((number, words), globals)) {
            Ok(parsed) => good.push(parsed),
            Err(e) => bad.push((number, e.at(format!("line {number}")))),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

fn understand((_, words): Numbered, globals: &Globals) -> Result<Parsed> {
    let mut parsed = line::parse(&words).map_err(line::Refused::into_error)?;
    match parsed.entry.body {
        Body::Run(_) => {}
        Body::Open(_) | Body::Screen => return Err(screen_only(parsed.entry.name)),
    }
    let own = &mut parsed.globals;
    if own.home.is_some() {
        return Err(Error::usage("--home stands before the batch, not on a line of it"));
    }
    own.yes |= globals.yes;
    own.dry_run |= globals.dry_run;
    own.jobs = own.jobs.or(globals.jobs);
    own.timeout = own.timeout.or(globals.timeout);
    Ok(parsed)
}

async fn all(
    engine: &Engine,
    lines: Vec<Parsed>,
    form: OutputForm,
    keep_going: bool,
    jobs: u16,
) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let mut first_failure = None;
    for (index, parsed) in lines.into_iter().enumerate() {
        let call = parsed.call(Origin::Batch, jobs);
        let id = call.id;
        let run = engine.submit(call);
        let end = follow(run, index + 1, id, form, engine, &mut signals).await;
        if end.interrupted {
            return Ok(Code::Cancelled.exit());
        }
        if let Some(code) = end.failure {
            first_failure.get_or_insert(code);
            if !keep_going {
                break;
            }
        }
    }
    Ok(first_failure.map_or(0, Code::exit))
}

struct End {
    failure: Option<Code>,
    interrupted: bool,
}

/// Writes the events of one run; there is exactly one `finished`, also when it is interrupted.
async fn follow(
    run: Run,
    number: usize,
    id: &str,
    form: OutputForm,
    engine: &Engine,
    signals: &mut Signals,
) -> End {
    let Run { mut events, cancel, .. } = run;
    let mut interrupted = false;
    let mut failure = None;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = signals.next() => {
                interrupted = true;
                cancel.cancel();
                continue;
            }
        };
        let Some(event) = event else { break };
        if let Event::Finished { error, .. } = &event {
            failure = error.as_ref().map(|e| e.code);
        }
        match form {
            OutputForm::Json => {
                if let Some(mut record) = record(event, engine) {
                    record["v"] = json!(V);
                    record["run"] = json!(number);
                    output::json_line(&ordered(record));
                }
            }
            OutputForm::Text => people(event, id),
        }
    }
    End { failure, interrupted }
}

/// An event as a record. A question never reaches a batch: nobody could answer.
fn record(event: Event, engine: &Engine) -> Option<Value> {
    Some(match event {
        Event::Started { command } => {
            json!({ "event": "started", "command": command, "at": engine.clock().now() })
        }
        Event::Progress { done, total, label } => {
            json!({ "event": "progress", "done": done, "total": total, "label": label })
        }
        Event::Item(item) => json!({ "event": "item", "item": item }),
        Event::Notice { level, text } => json!({ "event": "notice", "level": level, "text": text }),
        Event::Ask(_) => return None,
        Event::Finished { result, error, ms } => {
            let mut record = json!({ "event": "finished", "ok": error.is_none() });
            if let Some(result) = result {
                record["result"] = result;
            }
            if let Some(error) = error {
                record["error"] = json!(error);
            }
            record["ms"] = json!(ms);
            record
        }
    })
}

/// `v` and `run` first, for the eyes of people who read logs.
fn ordered(record: Value) -> Value {
    let Value::Object(mut fields) = record else { return record };
    let mut first = serde_json::Map::new();
    for key in ["v", "run"] {
        if let Some(value) = fields.remove(key) {
            first.insert(key.into(), value);
        }
    }
    first.append(&mut fields);
    Value::Object(first)
}

fn people(event: Event, id: &str) {
    match event {
        Event::Started { command } => output::text(&format!("> {command}")),
        Event::Notice { text, .. } => output::text(&format!("  {}", output::render_safe(&text))),
        Event::Finished { result, error, .. } => {
            if let Some(result) = result {
                output::text(&render::result(id, &result, None, false));
            }
            if let Some(error) = error {
                output::text(&format!("failed ({}): {}", error.code, output::render_safe(&error.message)));
            }
        }
        Event::Progress { .. } | Event::Item(_) | Event::Ask(_) => {}
    }
}
