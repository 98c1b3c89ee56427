//! What `doctor` has found: a line for each check, the whole of what is to be done about it.

use std::fmt::Write;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::door::output::render_safe;

/// The narrowest column of text that is worth having.
const LEAST: usize = 30;

/// `doctor`.
pub(super) fn report(value: &Value, width: Option<usize>, color: bool) -> String {
    let word = |check: &Value, key: &str| render_safe(check[key].as_str().unwrap_or_default());
    let checks = || value["checks"].as_array().into_iter().flatten();
    let names = checks().map(|check| word(check, "name").width()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks() {
        let (name, status) = (word(check, "name"), word(check, "status"));
        let said = if check["fixed"] == true { "mended" } else { status.as_str() };
        let paint = match said {
            "ok" => "32",
            "fail" => "31",
            _ => "33",
        };
        let told = format!("{said:<6}");
        let told = if color { format!("\x1b[{paint}m{told}\x1b[0m") } else { told };
        let indent = names + 10;
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(LEAST));
        let lines = wrapped(&word(check, "detail").replace(['\n', '\t'], " "), room);
        let pad = " ".repeat(names - name.width());
        for (n, line) in lines.iter().enumerate() {
            let _ = match n {
                0 => writeln!(text, "{told}  {name}{pad}  {line}"),
                _ => writeln!(text, "{}{line}", " ".repeat(indent)),
            };
        }
    }
    text
}

/// Words in lines of at most so many columns; a longer word has a line of its own.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.len() - 1;
        if !lines[line].is_empty() && lines[line].width() + 1 + word.width() > room {
            lines.push(word.to_owned());
        } else {
            if !lines[line].is_empty() {
                lines[line].push(' ');
            }
            lines[line].push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_to_be_done_is_told_whole() {
        let value = json!({ "checks": [
            { "name": "git", "status": "ok", "detail": "2.47", "fixed": false },
            { "name": "host gpu", "status": "warn", "detail": "no git there (`ssh gpu sudo apt-get install git`)", "fixed": false },
        ]});
        assert_eq!(
            report(&value, Some(50), false),
            "ok      git       2.47\nwarn    host gpu  no git there (`ssh gpu sudo\n                  apt-get install git`)\n"
        );
        assert!(report(&value, None, false).contains("(`ssh gpu sudo apt-get install git`)"));
    }
}
