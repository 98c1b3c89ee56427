//! Content in the manner of Anthropic's messages, as several tools write it with fields of their own.

use serde_json::{Map, Value};

use super::value;
use crate::model::message::{Block, ImageSource};

/// What content became, and the fields that no block has a place for, by the block's number.
#[derive(Default)]
pub struct Content {
    /// The blocks.
    pub blocks: Vec<Block>,
    /// What is left of each.
    pub rest: Map<String, Value>,
}

/// Content: a text, or a list of blocks. `own` translates the kinds that a tool has in its own way;
/// it takes out of the map what it used, and gives nothing for what it leaves to us. Kinds that
/// nobody knows are kept as they are, as `x-<kind>`.
pub fn content(content: Value, mut own: impl FnMut(&str, &mut Map<String, Value>) -> Vec<Block>) -> Content {
    let mut out = Content::default();
    let list = match content {
        Value::Array(list) => list,
        Value::Null => return out,
        other => vec![other],
    };
    for (at, item) in list.into_iter().enumerate() {
        let mut map = match item {
            Value::Object(map) => map,
            Value::String(text) => {
                out.blocks.push(Block::Text { text });
                continue;
            }
            other => {
                out.blocks.push(Block::opaque("x-content", other));
                continue;
            }
        };
        let kind = value::string(&map, "type").unwrap_or_default();
        let mut blocks = own(&kind, &mut map);
        if blocks.is_empty() {
            blocks.extend(block(&kind, &mut map));
        }
        if blocks.is_empty() {
            out.blocks.push(opaque(map));
            continue;
        }
        map.remove("type");
        map.retain(|_, v| !v.is_null() && *v != Value::Array(Vec::new()));
        if !map.is_empty() {
            out.rest.insert(at.to_string(), Value::Object(map));
        }
        out.blocks.append(&mut blocks);
    }
    out
}

/// A block of a kind that all have in common.
fn block(kind: &str, map: &mut Map<String, Value>) -> Option<Block> {
    match kind {
        "text" => match map.remove("text")? {
            Value::String(text) => Some(Block::Text { text }),
            other => {
                map.insert("text".into(), other);
                None
            }
        },
        "thinking" | "reasoning" => {
            let text = value::take_string(map, "thinking").or_else(|| value::take_string(map, "text"));
            let signature =
                value::take_string(map, "signature").or_else(|| value::take_string(map, "encrypted_content"));
            let redacted = text.is_none().then_some(true);
            Some(Block::Thinking { text: text.unwrap_or_default(), signature, redacted })
        }
        "redacted_thinking" => {
            let signature = value::take_string(map, "data");
            Some(Block::Thinking { text: String::new(), signature, redacted: Some(true) })
        }
        "tool_use" | "server_tool_use" => {
            let tool_use_id = value::take_string(map, "id")?;
            let name = value::take_string(map, "name").unwrap_or_default();
            let input = value::arguments(map.remove("input").unwrap_or_default());
            Some(Block::ToolUse { tool_use_id, name, input })
        }
        "image" => {
            let block = image(map)?;
            map.remove("source");
            Some(block)
        }
        _ => None,
    }
}

/// A picture whose `source` is `{type, data or url, media_type or mediaType}`.
fn image(map: &Map<String, Value>) -> Option<Block> {
    let source = value::object(map, "source")?;
    let data = value::string(source, "data").or_else(|| value::string(source, "url"))?;
    let kind = value::str(source, "type").filter(|kind| matches!(*kind, "url" | "path"));
    let kind = kind.unwrap_or("base64");
    let media_type = value::string(source, "media_type").or_else(|| value::string(source, "mediaType"));
    Some(Block::Image { source: ImageSource { kind: kind.into(), data, media_type } })
}

/// A picture as an address: `data:` with the bytes in it, or any other.
pub fn picture(url: &str) -> Block {
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let source = match inline {
        Some((media, data)) => {
            ImageSource { kind: "base64".into(), data: data.into(), media_type: Some(media.into()) }
        }
        None => ImageSource { kind: "url".into(), data: url.into(), media_type: None },
    };
    Block::Image { source }
}

/// A block of a kind that is not known, whole.
pub fn opaque(mut map: Map<String, Value>) -> Block {
    let kind = value::str(&map, "type").map_or("x-content".to_owned(), |kind| {
        if kind.starts_with("x-") { kind.to_owned() } else { format!("x-{kind}") }
    });
    map.insert("type".into(), kind.into());
    Block::Other(map)
}

/// An output as one text, with the pictures in it: a text, a list of blocks, or any JSON.
pub fn output(given: Value) -> (String, Vec<Block>) {
    match given {
        Value::String(text) => (text, Vec::new()),
        Value::Null => (String::new(), Vec::new()),
        Value::Array(list) if list.iter().all(|item| item.get("type").is_some_and(Value::is_string)) => {
            let (mut texts, mut others) = (Vec::new(), Vec::new());
            for block in content(Value::Array(list), |_, _| Vec::new()).blocks {
                match block {
                    Block::Text { text } => texts.push(text),
                    other => others.push(other),
                }
            }
            (texts.join("\n"), others)
        }
        other => (other.to_string(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_of_a_block_is_lost() {
        let found = content(
            json!([
                "a", 7, {"type": "text", "text": "b", "cache": 1}, {"type": "document", "title": "t"},
                {"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": 3},
                {"type": "image", "source": {"type": "base64", "mediaType": "image/png", "data": "eA=="}},
            ]),
            |_, _| Vec::new(),
        );
        assert_eq!(found.blocks[0], Block::text("a"));
        assert_eq!(found.blocks[1], Block::opaque("x-content", json!(7)));
        assert!(
            matches!(&found.blocks[3], Block::Other(map) if map["type"] == "x-document" && map["title"] == "t")
        );
        assert!(matches!(&found.blocks[4], Block::Thinking { redacted: Some(true), signature: Some(_), .. }));
        assert!(matches!(&found.blocks[5], Block::Other(map) if map["text"] == 3));
        assert!(
            matches!(&found.blocks[6], Block::Image { source } if source.media_type.as_deref() == Some("image/png"))
        );
        assert_eq!(Value::Object(found.rest), json!({"2": {"cache": 1}}));
    }

    #[test]
    fn outputs_of_every_shape_are_text() {
        assert_eq!(output(json!("x")).0, "x");
        assert_eq!(output(json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])).0, "a\nb");
        assert_eq!(output(json!([{"query": "q"}])).0, "[{\"query\":\"q\"}]");
        assert_eq!(output(json!([{"type": "image", "source": {"data": "eA=="}}])).1.len(), 1);
    }
}
