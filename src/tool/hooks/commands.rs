//! `/sf-pause` and `/sf-resume`, in the form that each tool has for commands of its user: a prompt
//! file, or a skill where there are no prompt files.

use std::path::PathBuf;

use super::Change;
use crate::model::ToolId;
use crate::sys::Env;

/// The two commands: name, what it is for, what is run.
const COMMANDS: [(&str, &str, &str); 2] = [
    ("sf-pause", "Let a colleague take over this session: prints a link and an ssh line (sf)", "sf pause"),
    ("sf-resume", "Take this session back: ends what /sf-pause allowed (sf)", "sf pause --end"),
];

/// How a tool wants a command to be written.
enum Form {
    /// Markdown with a head; `` !`…` `` is run by the tool itself.
    Claude(PathBuf),
    /// TOML; `!{…}` is run by the tool itself.
    Gemini(PathBuf),
    /// Markdown that the model reads.
    Prompt(PathBuf),
    /// A folder with `SKILL.md`.
    Skill(PathBuf),
}

fn form(tool: ToolId, env: &Env) -> Option<Form> {
    let home = env.home();
    let config = env.path("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    Some(match tool {
        ToolId::ClaudeCode => Form::Claude(
            env.path("CLAUDE_CONFIG_DIR").unwrap_or_else(|| home.join(".claude")).join("commands"),
        ),
        ToolId::Gemini => Form::Gemini(env.path("GEMINI_CLI_HOME").unwrap_or(home).join(".gemini/commands")),
        ToolId::Codex => {
            Form::Skill(env.path("CODEX_HOME").unwrap_or_else(|| home.join(".codex")).join("skills"))
        }
        ToolId::Copilot => {
            Form::Skill(env.path("COPILOT_HOME").unwrap_or_else(|| home.join(".copilot")).join("skills"))
        }
        ToolId::Amp => Form::Skill(config.join("amp/skills")),
        ToolId::Cursor => Form::Prompt(home.join(".cursor/commands")),
        ToolId::Cline => Form::Prompt(home.join("Documents/Cline/Workflows")),
        ToolId::RooCode => Form::Prompt(home.join(".roo/commands")),
        ToolId::KiloCode => Form::Prompt(config.join("kilo/command")),
        ToolId::Opencode => Form::Prompt(config.join("opencode/command")),
        ToolId::Other => return None,
    })
}

pub(super) fn changes(tool: ToolId, env: &Env) -> Vec<Change> {
    let Some(form) = form(tool, env) else { return Vec::new() };
    COMMANDS.iter().map(|command| file(&form, *command)).collect()
}

fn file(form: &Form, (name, about, run): (&str, &str, &str)) -> Change {
    // The mark is what we know our own files by.
    let mark = format!("Written by sf; it works in sessions of sf ({}).", super::MARK);
    let show = "Show the person the lines above exactly as they are, and do nothing else.";
    let ask = format!(
        "Run `{run}` in the shell, show the person its output exactly as it is, and do nothing else.\n"
    );
    let (file, text) = match form {
        Form::Claude(folder) => (
            folder.join(format!("{name}.md")),
            format!(
                "---\ndescription: {about}\nallowed-tools: Bash({run}:*)\n---\n\n!`{run}`\n\n{show}\n\n<!-- {mark} -->\n"
            ),
        ),
        Form::Gemini(folder) => (
            folder.join(format!("{name}.toml")),
            format!("# {mark}\ndescription = \"{about}\"\nprompt = \"\"\"\n!{{{run}}}\n\n{show}\n\"\"\"\n"),
        ),
        Form::Prompt(folder) => (
            folder.join(format!("{name}.md")),
            format!("---\ndescription: {about}\n---\n\n{ask}\n<!-- {mark} -->\n"),
        ),
        Form::Skill(folder) => (
            folder.join(name).join("SKILL.md"),
            format!("---\nname: {name}\ndescription: {about}\n---\n\n{ask}\n<!-- {mark} -->\n"),
        ),
    };
    Change::Whole { file, text }
}
