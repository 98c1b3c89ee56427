//! Calls that are written as XML into the text of an answer, and their results in the text that
//! follows: the style of these tools before native calls (end of 2025).

use serde_json::{Map, Value};

use crate::model::message::Block;

/// Tools of the family. Any other tag is text.
const TOOLS: [&str; 41] = [
    "access_mcp_resource",
    "act_mode_respond",
    "apply_diff",
    "apply_patch",
    "ask_followup_question",
    "attempt_completion",
    "browser_action",
    "codebase_search",
    "condense",
    "delete_file",
    "edit_file",
    "execute_command",
    "fetch_instructions",
    "focus_chain",
    "generate_image",
    "insert_content",
    "list_code_definition_names",
    "list_files",
    "load_mcp_documentation",
    "new_rule",
    "new_task",
    "plan_mode_respond",
    "read_command_output",
    "read_file",
    "replace_in_file",
    "report_bug",
    "run_slash_command",
    "search_and_replace",
    "search_files",
    "search_replace",
    "simple_read_file",
    "skill",
    "summarize_task",
    "switch_mode",
    "update_todo_list",
    "use_mcp_tool",
    "use_skill",
    "use_subagents",
    "web_fetch",
    "web_search",
    "write_to_file",
];

/// The text before the first call in a text, the call's name and arguments, and the text behind it.
pub fn call(text: &str) -> Option<(&str, &'static str, Map<String, Value>, &str)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find('<')?;
        let before = text.get(..at)?;
        let rest = text.get(at + 1..)?;
        from = at + 1;
        // A call stands on a line of its own.
        if !before.is_empty() && !before.trim_end_matches([' ', '\t']).ends_with('\n') {
            continue;
        }
        let Some(name) =
            TOOLS.iter().find(|name| rest.strip_prefix(**name).is_some_and(|r| r.starts_with('>')))
        else {
            continue;
        };
        let inside = rest.get(name.len() + 1..)?;
        // Content may hold the tag itself (a file about these tools): the last end counts.
        let end = format!("</{name}>");
        let Some(close) = inside.rfind(&end) else { continue };
        let behind = inside.get(close + end.len()..)?;
        return Some((before, name, arguments(inside.get(..close)?), behind));
    }
}

/// `<name>value</name>` one after the other, values as they are.
fn arguments(mut text: &str) -> Map<String, Value> {
    let mut out = Map::new();
    while let Some((_, rest)) = text.split_once('<') {
        let Some((name, inside)) = rest.split_once('>') else { break };
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let end = format!("</{name}>");
        let close = if name == "content" || name == "diff" { inside.rfind(&end) } else { inside.find(&end) };
        match close.filter(|_| is_name) {
            Some(close) => {
                let value = inside.get(..close).unwrap_or_default();
                let value = value.strip_prefix('\n').unwrap_or(value);
                let value = value.strip_suffix('\n').unwrap_or(value);
                out.insert(name.to_owned(), value.into());
                text = inside.get(close + end.len()..).unwrap_or_default();
            }
            None => text = inside,
        }
    }
    out
}

/// The tool and the beginning of the output in `[tool for '…'] Result:`.
pub fn result(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start().strip_prefix('[')?;
    let (head, output) = rest.split_once("] Result:")?;
    let name = head.split([' ', ']']).next()?;
    (TOOLS.contains(&name) && !head.contains('\n')).then(|| (name, output.trim_start_matches('\n')))
}

/// Whether an output tells of a failure.
pub fn failed(output: &str) -> Option<bool> {
    let text = output.trim_start();
    let marks = ["The tool execution failed", "The user denied this operation", "<error>", "Error:"];
    marks.iter().any(|mark| text.starts_with(mark)).then_some(true)
}

/// Calls in the words of an answer: `blocks` with each call as a block of its own, its id made of
/// `prefix` and a number.
pub fn calls(blocks: Vec<Block>, prefix: &str) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    let mut count = 0;
    for block in blocks {
        let Block::Text { text } = block else {
            out.push(block);
            continue;
        };
        let mut rest = text.as_str();
        while let Some((before, name, input, behind)) = call(rest) {
            if !before.trim().is_empty() {
                out.push(Block::text(before.trim_end()));
            }
            count += 1;
            out.push(Block::ToolUse { tool_use_id: format!("{prefix}-{count}"), name: name.into(), input });
            rest = behind;
        }
        if !rest.trim().is_empty() || text.is_empty() {
            out.push(Block::text(rest));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn calls_are_found_where_they_stand_alone() {
        let text = "I write.\n<write_to_file>\n<path>a.md</path>\n<content>\n<b>x</b>\n</content>\n</write_to_file>\nDone";
        let (before, name, input, behind) = call(text).expect("a call");
        assert_eq!((before, name, behind), ("I write.\n", "write_to_file", "\nDone"));
        assert_eq!(Value::Object(input), json!({"path": "a.md", "content": "<b>x</b>"}));
        for text in ["use <read_file> for that", "<div>x</div>", "<read_file>\n<path>a", "a < b"] {
            assert!(call(text).is_none(), "{text}");
        }
    }

    #[test]
    fn results_name_their_tool() {
        assert_eq!(result("[read_file for 'a.py'] Result:\n\nx"), Some(("read_file", "x")));
        assert_eq!(result("[use_mcp_tool for 's'] Result:"), Some(("use_mcp_tool", "")));
        assert_eq!(result("[ERROR] Result: x"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_no_harm(text in "(<read_file>|</read_file>|<path>|</path>|\n|é|x|<|\\[){0,12}") {
            call(&text);
            result(&text);
            calls(vec![Block::text(text)], "x");
        }
    }
}
