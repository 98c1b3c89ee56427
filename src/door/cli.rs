//! The plain command line: one command, text for people or one JSON document.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Cockpit, engine, leave, narrow_runtime, output, render, runtime};
use crate::command::line::{self, Globals, Parsed};
use crate::engine::contract::Body;
use crate::engine::{Call, Engine, Event, Level, Origin, Question, Run};
use crate::error::{Code, Error, Result};
use crate::live::attach::{self, Left, Manner};
use crate::sys::{Env, tty, turns};
use crate::wire::holder::Attach;

/// Runs one command to its end.
pub(super) fn run(parsed: Parsed, screen: Cockpit) -> Result<ExitCode> {
    let json = parsed.globals.json;
    attempt(parsed, screen).inspect_err(|error| {
        if json {
            output::json(&failure(error, None));
        }
    })
}

fn attempt(parsed: Parsed, screen: Cockpit) -> Result<ExitCode> {
    let env = Env::current();
    if parsed.globals.output.is_some() || parsed.globals.keep_going {
        return Err(Error::usage("--output and --keep-going belong to --batch"));
    }
    let runtime = match parsed.entry.body {
        // Bytes that come and go have nothing to compute beside them.
        Body::Open(_) => narrow_runtime()?,
        Body::Run(_) | Body::Screen => runtime()?,
    };
    // Streams and watchers of the engine need the runtime's context from here on.
    let _context = runtime.enter();
    let (engine, loaded) = engine(&parsed.globals, &env, None)?;
    let face = Face {
        json: parsed.globals.json,
        quiet: parsed.globals.quiet,
        progress: tty::stderr_is_terminal() && !parsed.globals.json && !parsed.globals.quiet,
        color: colors(&parsed, &env),
    };
    if !face.quiet && !parsed.entry.name.starts_with("config ") {
        loaded.notices.iter().for_each(|n| output::note(&format!("sf: notice: {n}")));
    }
    let (body, id) = (parsed.entry.body, parsed.entry.name);
    let mut call = parsed.call(Origin::Cli, loaded.settings.jobs);
    call.options.attended = tty::stdin_is_terminal() && tty::stderr_is_terminal();
    let code = match body {
        Body::Run(_) => {
            let end = runtime.block_on(command(&engine, call, &face));
            // The one command after which the cockpit opens, in the home that it has built.
            match end {
                Ok(End { exit: 0, result: Some(sandbox) }) if id == "demo" && !face.json => {
                    leave(runtime, &engine);
                    return demo(&sandbox, &env, screen);
                }
                end => end.map(|end| end.exit),
            }
        }
        Body::Open(_) => runtime.block_on(stream(&engine, call)),
        Body::Screen => Err(screen_only(id)),
    };
    leave(runtime, &engine);
    code.map(ExitCode::from)
}

/// Opens the cockpit in a sandbox that `demo` has built, or says how to.
fn demo(sandbox: &Value, env: &Env, screen: Cockpit) -> Result<ExitCode> {
    let path = |key: &str| sandbox[key].as_str().unwrap_or_default().to_owned();
    if sandbox["open"] != true {
        return Ok(ExitCode::SUCCESS);
    }
    if !tty::stdin_is_terminal() || !tty::stdout_is_terminal() {
        output::note(&format!("sf: to open it: HOME={} SF_HOME={} sf", path("home"), path("sf_home")));
        return Ok(ExitCode::SUCCESS);
    }
    let env = env.clone().with("HOME", path("home")).with("SF_HOME", path("sf_home"));
    super::cockpit(&Globals::default(), &env, screen)
}

/// The refusal of a verb that only the cockpit can act on.
pub(super) fn screen_only(id: &str) -> Error {
    Error::new(Code::ScreenOnly, format!("`{id}` only makes sense on the cockpit's screen"))
        .hint("open it with `sf`")
}

/// How to speak.
struct Face {
    json: bool,
    quiet: bool,
    progress: bool,
    color: bool,
}

fn colors(parsed: &Parsed, env: &Env) -> bool {
    use crate::command::line::Color;
    match parsed.globals.color {
        Some(Color::Always) => true,
        Some(Color::Never) => false,
        Some(Color::Auto) | None => tty::stdout_is_terminal() && env.get("NO_COLOR").is_none(),
    }
}

/// The JSON of a failure, with what succeeded beside it.
pub(super) fn failure(error: &Error, result: Option<&Value>) -> Value {
    let mut document = json!({ "error": error });
    if let (Some(result), Some(map)) = (result, document.as_object_mut()) {
        map.insert("result".into(), result.clone());
    }
    document
}

/// How a command ended.
struct End {
    exit: u8,
    result: Option<Value>,
}

async fn command(engine: &Engine, call: Call, face: &Face) -> Result<End> {
    let (id, dry_run) = (call.id, call.options.dry_run);
    let Run { mut events, cancel, .. } = engine.submit(call);
    let mut signals = Signals::listen()?;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = signals.next() => {
                cancel.cancel();
                continue;
            }
        };
        match event {
            Some(Event::Started { .. } | Event::Item(_)) => {}
            Some(Event::Progress { done, total, label }) => {
                if face.progress {
                    output::part(&format!("\r\x1b[K[{done}/{total}] {}", output::render_safe(&label)));
                }
            }
            Some(Event::Notice { level, text }) => {
                if !face.quiet {
                    clear(face);
                    let word = if level == Level::Warn { "warning: " } else { "" };
                    output::note(&format!("sf: {word}{}", output::render_safe(&text)));
                }
            }
            Some(Event::Ask(question)) => {
                clear(face);
                tokio::select! {
                    () = answer(question) => {}
                    () = signals.next() => cancel.cancel(),
                }
            }
            Some(Event::Finished { result, error, .. }) => {
                clear(face);
                // What is about to be shown on the screen need not be told before.
                let opens = id == "demo" && result.as_ref().is_some_and(|r| r["open"] == true);
                let told = if opens && !face.json { None } else { result.as_ref() };
                let exit = finish(id, told, error.as_ref(), face);
                if dry_run && error.is_none() && !face.json && !face.quiet {
                    output::note("sf: a dry run: this is what would be done, and nothing was");
                }
                return Ok(End { exit, result });
            }
            None => return Err(Error::internal(format!("`{id}` ended without a word"))),
        }
    }
}

fn clear(face: &Face) {
    if face.progress {
        output::part("\r\x1b[K");
    }
}

fn finish(id: &str, result: Option<&Value>, error: Option<&Error>, face: &Face) -> u8 {
    match (face.json, error) {
        (true, None) => output::json(&result),
        (true, Some(error)) => output::json(&failure(error, result)),
        (false, _) => {
            if let Some(result) = result {
                let width = tty::size().map(|(cols, _)| usize::from(cols));
                output::text(&render::result(id, result, width, face.color));
            }
        }
    }
    match error {
        None => 0,
        Some(error) => {
            output::error(error);
            error.code.exit()
        }
    }
}

/// Puts a question to the person on the terminal; without one, nobody answers.
async fn answer(question: Question) {
    if !tty::stdin_is_terminal() || !tty::stderr_is_terminal() {
        return;
    }
    for line in &question.plan {
        output::note(&output::render_safe(line));
    }
    output::part(&format!("{} [y/N] ", output::render_safe(&question.text)));
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let yes = matches!(line.await, Ok(Ok(line)) if matches!(line.trim(), "y" | "Y" | "yes"));
    // The run may have been cancelled meanwhile.
    let _ = question.reply.send(yes);
}

async fn stream(engine: &Engine, call: Call) -> Result<u8> {
    if !tty::stdin_is_terminal() || !tty::stdout_is_terminal() {
        return Err(Error::new(Code::ScreenOnly, format!("`{}` needs a terminal", call.id))
            .hint("`sf session screen` and `sf session send` work without one"));
    }
    // With ssh, if there is one on the way.
    turns::short();
    let mut once_more = call.clone();
    let opened = engine.open(call).await?;
    let (id, host, read_only) = (opened.id, opened.host, opened.read_only);
    // What has started a program is not called again for it; a colleague's link is.
    if once_more.args.get("what").and_then(Value::as_str).is_none_or(|what| !what.contains("://")) {
        let looks = if read_only { &["--read-only"][..] } else { &[] };
        let words = [&["session", "attach", id.as_str()], looks].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let parsed = line::parse(&words).map_err(line::Refused::into_error)?;
        once_more = parsed.call(Origin::Cli, engine.settings().jobs);
    }
    let again = async || Ok(engine.open(once_more.clone()).await?.io);
    let wish = Attach { read_only, sizes: opened.sizes, ..Attach::default() };
    let manner = Manner { wish, clipboard: engine.settings().session.clipboard };
    match attach::attach(opened.io, manner, again).await {
        Ok(Left::Detached) => {
            output::note(&format!("sf: left `{id}` on {host}; it goes on. Back: sf session attach {id}"));
            Ok(0)
        }
        Ok(Left::Ended(status)) => {
            let code = status.exit_code.unwrap_or(-1);
            output::note(&format!("sf: session `{id}` on {host} has ended with status {code}"));
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

/// The signals that mean "stop": Ctrl-C, TERM and HUP.
pub(super) struct Signals {
    streams: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            streams: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            ],
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.streams;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
