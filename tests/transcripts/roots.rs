//! Where the tools' stores may be: on desktops, on the hosts that an editor is connected to, in
//! portable installs, on macOS, and where an environment variable says. And what lies there that
//! nobody may open.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{copy, fixtures, home_of, rows};
use crate::support::Sandbox;

/// A sample's store, put to another place, is found there. `from` is below the sample, `to` below the
/// home; variables are set to folders below the home.
struct Place {
    tool: &'static str,
    sample: &'static str,
    from: &'static str,
    to: &'static str,
    set: &'static [(&'static str, &'static str)],
}

const fn place(
    tool: &'static str,
    sample: &'static str,
    from: &'static str,
    to: &'static str,
    set: &'static [(&'static str, &'static str)],
) -> Place {
    Place { tool, sample, from, to, set }
}

const CLINE: (&str, &str) = ("vscode-legacy-globalstorage", "home/.config/Code/User");
const ROO: (&str, &str) = ("xml-tools-2025", "home/.config/Cursor/User");

/// One row for each place that the format pages name.
const PLACES: &[Place] = &[
    place("claude-code", "qa-simple", "home/.claude", ".claude", &[]),
    place("claude-code", "qa-simple", "home/.claude", "elsewhere", &[("CLAUDE_CONFIG_DIR", "elsewhere")]),
    place("codex", "qa", "dot-codex", ".codex", &[]),
    place("codex", "qa", "dot-codex", "elsewhere", &[("CODEX_HOME", "elsewhere")]),
    place("gemini", "qa", "home/.gemini", ".gemini", &[]),
    place("gemini", "qa", "home/.gemini", "elsewhere/.gemini", &[("GEMINI_CLI_HOME", "elsewhere")]),
    place("copilot", "qa", "home/.copilot", ".copilot", &[]),
    place("copilot", "qa", "home/.copilot", "elsewhere", &[("COPILOT_HOME", "elsewhere")]),
    place("amp", "old-thread-2025", "home/.local/share/amp", ".local/share/amp", &[]),
    place("amp", "old-thread-2025", "home/.local/share/amp", "data/amp", &[("XDG_DATA_HOME", "data")]),
    place(
        "amp",
        "old-thread-2025",
        "home/.local/share/amp/threads",
        ".local/share/amp/threads-development",
        &[],
    ),
    place("opencode", "real-1.18.33-wal-pending", "home/.local/share/opencode", ".local/share/opencode", &[]),
    place(
        "opencode",
        "real-1.18.33-wal-pending",
        "home/.local/share/opencode",
        "data/opencode",
        &[("XDG_DATA_HOME", "data")],
    ),
    place("opencode", "real-1.1.65-json-store", "home/.local/share/opencode", ".local/share/opencode", &[]),
    place("kilo-code", "real-cli-7.7.7", "home/.local/share/kilo", ".local/share/kilo", &[]),
    place("kilo-code", "real-cli-7.7.7", "home/.local/share/kilo", "data/kilo", &[("XDG_DATA_HOME", "data")]),
    place("cursor", "state-vscdb-3x", "home/.config/Cursor/User", ".config/Cursor/User", &[]),
    place(
        "cursor",
        "state-vscdb-3x",
        "home/.config/Cursor/User",
        "conf/Cursor/User",
        &[("XDG_CONFIG_HOME", "conf")],
    ),
    place(
        "cursor",
        "state-vscdb-3x",
        "home/.config/Cursor/User",
        "Library/Application Support/Cursor/User",
        &[],
    ),
    place("cursor", "state-vscdb-3x", "home/.config/Cursor/User", ".cursor-server/data/User", &[]),
    place(
        "cursor",
        "state-vscdb-3x",
        "home/.config/Cursor/User",
        "usb/data/user-data/User",
        &[("VSCODE_PORTABLE", "usb/data")],
    ),
    place("cline", "real-cli-3.0.65", "home/.cline", ".cline", &[]),
    place("cline", "real-cli-3.0.65", "home/.cline", "elsewhere", &[("CLINE_DIR", "elsewhere")]),
    place("cline", "real-cli-3.0.65", "home/.cline/data", "elsewhere", &[("CLINE_DATA_DIR", "elsewhere")]),
    place(
        "cline",
        "real-cli-3.0.65",
        "home/.cline/data/sessions",
        "elsewhere",
        &[("CLINE_SESSION_DATA_DIR", "elsewhere")],
    ),
    // Task folders: the desktop editors, whatever they are called, …
    place("cline", CLINE.0, CLINE.1, ".config/Code/User", &[]),
    place("cline", CLINE.0, CLINE.1, ".config/Code - Insiders/User", &[]),
    place("cline", CLINE.0, CLINE.1, ".config/VSCodium/User", &[]),
    place("cline", CLINE.0, CLINE.1, ".config/Windsurf/User", &[]),
    place("cline", CLINE.0, CLINE.1, "conf/Kiro/User", &[("XDG_CONFIG_HOME", "conf")]),
    place("cline", CLINE.0, CLINE.1, "Library/Application Support/Code/User", &[]),
    place("roo-code", ROO.0, ROO.1, "Library/Application Support/Cursor/User", &[]),
    // … the hosts that an editor elsewhere is connected to, …
    place("cline", CLINE.0, CLINE.1, ".vscode-server/data/User", &[]),
    place("cline", CLINE.0, CLINE.1, ".vscode-server-insiders/data/User", &[]),
    place("cline", CLINE.0, CLINE.1, ".vscode-remote/data/User", &[]),
    place("cline", CLINE.0, CLINE.1, ".vscodium-server/data/User", &[]),
    place("roo-code", ROO.0, ROO.1, ".cursor-server/data/User", &[]),
    place("roo-code", ROO.0, ROO.1, ".windsurf-server/data/User", &[]),
    place("roo-code", ROO.0, ROO.1, ".openvscode-server/data/User", &[]),
    place("roo-code", ROO.0, ROO.1, ".local/share/code-server/User", &[]),
    place("roo-code", ROO.0, ROO.1, "data/code-server/User", &[("XDG_DATA_HOME", "data")]),
    place("roo-code", ROO.0, ROO.1, "agent/data/User", &[("VSCODE_AGENT_FOLDER", "agent")]),
    // … portable installs, and the CLI.
    place("roo-code", ROO.0, ROO.1, "usb/data/user-data/User", &[("VSCODE_PORTABLE", "usb/data")]),
    place(
        "roo-code",
        ROO.0,
        "home/.config/Cursor/User/globalStorage/rooveterinaryinc.roo-cline",
        ".vscode-mock/global-storage",
        &[],
    ),
    place("kilo-code", "legacy-vscode-5x", "home/.config/Code/User", ".vscode-server/data/User", &[]),
];

#[test]
fn a_store_is_found_wherever_its_tool_puts_it() {
    for place in PLACES {
        let mut sandbox = Sandbox::new();
        copy(&fixtures(place.tool).join(place.sample).join(place.from), &sandbox.home().join(place.to));
        for (name, dir) in place.set {
            let dir = sandbox.home().join(dir);
            sandbox.set(name, dir.to_str().expect("UTF-8"));
        }
        let report = sandbox.json(&["capture", "--tool", place.tool]);
        assert!(
            report["sessions_new"].as_u64() > Some(0),
            "{} in {} {:?}: {report}",
            place.tool,
            place.to,
            place.set
        );
    }
}

#[test]
fn a_setting_moves_the_tasks() {
    for settings in [".config/Code/User/settings.json", ".vscode-server/data/Machine/settings.json"] {
        let sandbox = Sandbox::new();
        let from =
            fixtures("roo-code").join(ROO.0).join(ROO.1).join("globalStorage/rooveterinaryinc.roo-cline");
        copy(&from, &sandbox.home().join("my tasks"));
        let path = sandbox.home().join(settings);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::create_dir_all(path.parent().expect("a folder").with_file_name("User")).expect("made");
        let text = format!(
            "{{ // mine\n  \"roo-cline.customStoragePath\": \"{}\",\n}}",
            sandbox.home().join("my tasks").display()
        );
        fs::write(path, text).expect("written");
        assert_eq!(sandbox.json(&["capture", "--tool", "roo-code"])["sessions_new"], 1, "{settings}");
    }
}

/// Files with secrets that the format pages name, below the home.
const SECRETS: [&str; 22] = [
    ".claude/.credentials.json",
    ".claude/sessions/4242.0a1b2c.key",
    ".claude.json",
    ".codex/auth.json",
    ".codex/config.toml",
    ".gemini/oauth_creds.json",
    ".gemini/google_accounts.json",
    ".gemini/settings.json",
    ".copilot/config.json",
    ".copilot/mcp-config.json",
    ".local/share/amp/secrets.json",
    ".local/share/amp/device-id.json",
    ".cline/data/settings/providers.json",
    ".cline/data/secrets.json",
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev/cache/secrets.json",
    ".vscode-server/data/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
    ".local/share/opencode/auth.json",
    ".local/share/opencode/mcp-auth.json",
    ".config/opencode/opencode.json",
    ".local/share/kilo/auth.json",
    ".cursor/mcp.json",
];

#[test]
fn files_with_secrets_are_not_even_opened() {
    let sandbox = home_of("claude-code", "qa-simple");
    for (tool, sample, from, to) in [
        ("codex", "qa", "dot-codex", ".codex"),
        ("gemini", "qa", "home", "."),
        ("copilot", "qa", "home", "."),
        ("amp", "old-thread-2025", "home", "."),
        ("cline", "real-cli-3.0.65", "home", "."),
        ("cline", "vscode-legacy-globalstorage", "home", "."),
        ("roo-code", "parent-child-native-tools", "home", "."),
        ("opencode", "real-1.18.33-wal-pending", "home", "."),
        ("kilo-code", "real-cli-7.7.7", "home", "."),
        ("cursor", "state-vscdb-3x", "home", "."),
    ] {
        copy(&fixtures(tool).join(sample).join(from), &sandbox.home().join(to));
    }
    for secret in SECRETS {
        let path = sandbox.home().join(secret);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, "{\"token\": \"hush-hush\"}").expect("written");
    }
    // A file that was read last long before it was changed notes when it is read again.
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let forget = |path: &Path| {
        let file = File::options().write(true).open(path).expect("opened");
        file.set_times(FileTimes::new().set_accessed(old)).expect("set");
    };
    let read = |path: &Path| fs::metadata(path).expect("there").accessed().expect("a time") != old;
    let secrets: Vec<PathBuf> = SECRETS.iter().map(|secret| sandbox.home().join(secret)).collect();
    let talk = super::tree(&sandbox.home().join(".claude/projects")).remove(0).0;
    for path in secrets.iter().chain([&talk]) {
        forget(path);
    }
    let report = sandbox.json(&["capture"]);
    assert!(report["sessions_new"].as_u64() > Some(10), "{report}");
    assert!(read(&talk), "this file system does not note when a file is read: the test needs one that does");
    let opened: Vec<&PathBuf> = secrets.iter().filter(|path| read(path)).collect();
    assert!(opened.is_empty(), "{opened:?}");
    assert_eq!(sandbox.sh("grep -rl hush-hush \"$SF_HOME\" || true").trim(), "");
    let tools: std::collections::BTreeSet<String> =
        rows(&sandbox).iter().map(|r| r["tool"].as_str().expect("a tool").to_owned()).collect();
    assert_eq!(tools.len(), 10, "{tools:?}");
}
