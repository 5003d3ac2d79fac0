//! What a server says, as a terminal may show it.

use serde_json::Value;

/// One line without control characters, which could move the cursor or forge what follows.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The same with its lines.
pub(super) fn lines(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// Prints how far something is.
pub(super) fn progress(params: &Value) {
    let number = |word: &str| params.get(word).and_then(Value::as_f64);
    let message = params.get("message").and_then(Value::as_str).map(line).unwrap_or_default();
    let of = number("total").map(|total| format!("/{total}")).unwrap_or_default();
    match number("progress") {
        Some(progress) => eprintln!("{progress}{of} {message}"),
        None => eprintln!("{message}"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_server_cannot_steer_the_terminal() {
        assert_eq!(super::line("a\u{1b}[2Jb\r\nc"), "a [2Jb  c");
        assert_eq!(super::lines("a\u{1b}[2Jb\n\tc\u{9b}"), "a [2Jb\n\tc ");
    }
}
