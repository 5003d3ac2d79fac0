//! One field of a form, as a line of text.

use serde_json::{Number, Value};

/// What is asked for, with what helps to answer it.
pub(super) fn prompt(name: &str, schema: &Value, must: bool) -> String {
    let word = |word: &str| schema.get(word).and_then(Value::as_str);
    let mut lines = String::new();
    if let Some(description) = word("description") {
        lines += &format!("  {description}\n");
    }
    for (value, title) in choices(schema) {
        match title {
            Some(title) => lines += &format!("  {value}: {title}\n"),
            None => lines += &format!("  {value}\n"),
        }
    }
    let default = match schema.get("default") {
        Some(default) => format!(", else {default}"),
        None if must => String::new(),
        None => ", may be left out".to_owned(),
    };
    format!("{lines}{} ({}{default}): ", word("title").unwrap_or(name), kind(schema))
}

/// `integer`, `one of a, b`, `some of a, b`.
pub(super) fn kind(schema: &Value) -> String {
    let names = choices(schema).into_iter().map(|(value, _)| value).collect::<Vec<_>>().join(", ");
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => format!("some of {names}"),
        _ if !names.is_empty() => format!("one of {names}"),
        Some(name) => schema.get("format").and_then(Value::as_str).unwrap_or(name).to_owned(),
        None => "text".to_owned(),
    }
}

/// The values one can choose from, with their titles.
fn choices(schema: &Value) -> Vec<(String, Option<String>)> {
    let schema = schema.get("items").unwrap_or(schema);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().filter_map(|value| Some((text(value)?, None))).collect();
    }
    let titled = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    let titled = titled.into_iter().flatten();
    titled.filter_map(|choice| Some((text(choice.get("const")?)?, choice.get("title").and_then(text)))).collect()
}

/// A line as a value of the field; the server checks the rest.
pub(super) fn value(schema: &Value, text: &str) -> Result<Value, String> {
    let choices = choices(schema);
    let chosen = |text: &str| match choices.iter().find(|(value, _)| value == text) {
        Some((value, _)) => Ok(Value::String(value.clone())),
        None => Err(format!("{text:?} is not one to choose from")),
    };
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => match text.to_ascii_lowercase().as_str() {
            "y" | "yes" | "true" => Ok(Value::Bool(true)),
            "n" | "no" | "false" => Ok(Value::Bool(false)),
            _ => Err("y or n".to_owned()),
        },
        Some("integer") => text.parse::<i64>().map(Value::from).map_err(|_| "a whole number".to_owned()),
        Some("number") => match text.parse::<f64>().ok().and_then(Number::from_f64) {
            Some(number) => Ok(Value::Number(number)),
            None => Err("a number".to_owned()),
        },
        Some("array") => text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(chosen).collect(),
        _ if !choices.is_empty() => chosen(text),
        _ => Ok(Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_field_is_read_from_a_line() {
        let one = json!({"type": "string", "oneOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]});
        let some = json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}});
        let good = [
            (json!({"type": "string"}), "x y", json!("x y")),
            (json!({"type": "integer"}), "-3", json!(-3)),
            (json!({"type": "number"}), "0.5", json!(0.5)),
            (json!({"type": "boolean"}), "Yes", json!(true)),
            (one.clone(), "b", json!("b")),
            (some.clone(), "a, b", json!(["a", "b"])),
        ];
        for (schema, text, expected) in good {
            assert_eq!(value(&schema, text), Ok(expected));
        }
        let bad = [
            (json!({"type": "integer"}), "1.5"),
            (json!({"type": "number"}), "NaN"),
            (json!({"type": "boolean"}), "maybe"),
            (one.clone(), "A"),
            (some, "a,c"),
        ];
        for (schema, text) in bad {
            assert!(value(&schema, text).is_err(), "{schema} {text}");
        }
        assert_eq!(prompt("size", &one, false), "  a: A\n  b: B\nsize (one of a, b, may be left out): ");
    }
}
