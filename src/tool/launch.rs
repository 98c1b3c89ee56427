//! How the tools are started and resumed.

use std::path::Path;

use crate::model::ToolId;

/// The program of a tool on its host's `PATH`; `None` for Roo Code, which lives in an editor.
pub fn program(tool: ToolId) -> Option<&'static str> {
    Some(match tool {
        ToolId::ClaudeCode => "claude",
        ToolId::Codex => "codex",
        ToolId::Gemini => "gemini",
        ToolId::Copilot => "copilot",
        ToolId::Cursor => "cursor-agent",
        ToolId::Amp => "amp",
        ToolId::Cline => "cline",
        ToolId::KiloCode => "kilo",
        ToolId::Opencode => "opencode",
        ToolId::RooCode | ToolId::Other => return None,
    })
}

/// The command that goes on with a conversation, by the tool's own id of it.
pub fn resume(tool: ToolId, native_id: &str) -> Option<Vec<String>> {
    let program = program(tool)?;
    let words: &[&str] = match tool {
        ToolId::ClaudeCode | ToolId::Gemini => &["--resume", native_id],
        ToolId::Copilot | ToolId::Cursor => {
            return Some(vec![program.into(), format!("--resume={native_id}")]);
        }
        ToolId::Codex => &["resume", native_id],
        ToolId::Amp => &["threads", "continue", native_id],
        ToolId::Opencode | ToolId::KiloCode => &["-s", native_id],
        ToolId::Cline | ToolId::RooCode | ToolId::Other => return None,
    };
    Some([&[program], words].concat().into_iter().map(str::to_owned).collect())
}

/// The version of an installed program without running it: from the `package.json` above its real
/// file, or a folder of that name (`…/versions/2.1.0`).
pub fn installed_version(name: &str, path: Option<&str>) -> Option<String> {
    let file = match name.contains('/') {
        true => Path::new(name).to_owned(),
        false => std::env::split_paths(path?).map(|dir| dir.join(name)).find(|file| file.is_file())?,
    };
    let real = std::fs::canonicalize(file).ok()?;
    for above in real.ancestors().skip(1).take(4) {
        if let Ok(text) = std::fs::read(above.join("package.json")) {
            let package: serde_json::Value = serde_json::from_slice(&text).ok()?;
            return package.get("version")?.as_str().map(str::to_owned);
        }
    }
    let names = real.ancestors().take(3).filter_map(|above| above.file_name()?.to_str());
    let numbers = |name: &&str| name.contains('.') && name.split('.').all(|part| part.parse::<u32>().is_ok());
    names.filter(numbers).map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_beside_the_program() {
        let dir = tempfile::tempdir().expect("a folder");
        let package = dir.path().join("lib/node_modules/tool");
        std::fs::create_dir_all(package.join("bin")).expect("made");
        std::fs::write(package.join("package.json"), r#"{"name":"tool","version":"1.2.3"}"#)
            .expect("written");
        std::fs::write(package.join("bin/tool.js"), "").expect("written");
        let bin = dir.path().join("bin");
        std::fs::create_dir(&bin).expect("made");
        std::os::unix::fs::symlink(package.join("bin/tool.js"), bin.join("tool")).expect("linked");
        assert_eq!(installed_version("tool", bin.to_str()).as_deref(), Some("1.2.3"));
        let versions = dir.path().join("versions");
        std::fs::create_dir(&versions).expect("made");
        std::fs::write(versions.join("2.1.9"), "").expect("written");
        std::os::unix::fs::symlink(versions.join("2.1.9"), bin.join("other")).expect("linked");
        assert_eq!(installed_version("other", bin.to_str()).as_deref(), Some("2.1.9"));
        assert_eq!(installed_version("none", bin.to_str()), None);
    }
}
