use std::io::{IsTerminal, Write};

use serde_json::Value;

use super::plain;
use super::stop::Stop;

/// Prints a tool's result on standard output; that of a tool that failed is an error.
pub(super) fn print(result: &Value, json: bool) -> Result<(), Stop> {
    let text = if json { format!("{result:#}") } else { blocks(result).join("\n") };
    if result.get("isError").is_some_and(|failed| *failed == Value::Bool(true)) {
        return Err(Stop::Failed(text));
    }
    let mut output = std::io::stdout().lock();
    let text = if output.is_terminal() { plain::lines(&text) } else { text };
    // Whoever reads it may have read enough.
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Stop::Unreachable(format!("the result cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

fn blocks(result: &Value) -> Vec<String> {
    result.get("content").and_then(Value::as_array).into_iter().flatten().map(block).collect()
}

/// A block of text, or what stands for one of another kind.
fn block(block: &Value) -> String {
    let word = |word: &str| block.get(word).and_then(Value::as_str);
    match word("type") {
        Some("text") => word("text").unwrap_or_default().to_owned(),
        Some("resource_link") => word("uri").unwrap_or_default().to_owned(),
        Some("resource") => {
            let resource = block.get("resource");
            let word = |word: &str| resource.and_then(|resource| resource.get(word)?.as_str());
            word("text").map_or_else(|| format!("[{}]", word("uri").unwrap_or("resource")), str::to_owned)
        }
        Some(kind) => format!("[{kind} {}]", word("mimeType").unwrap_or_default()),
        None => String::new(),
    }
}
