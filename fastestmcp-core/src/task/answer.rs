//! Whether a client's answer fits the request it answers.
//!
//! MCP restricts the schema of an elicitation to a flat object of primitives, so a full JSON Schema validator is not
//! needed: what is checked here is the whole of what such a schema can say.

mod format;

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::input::InputRequest;

/// Checks an answer.
///
/// # Errors
/// What is wrong with it, for a person.
pub(super) fn check(request: &InputRequest, answer: &Value) -> Result<(), String> {
    let answer = answer.as_object().ok_or("it is not an object")?;
    match request.method.as_str() {
        "elicitation/create" => check_elicitation(&request.params, answer),
        "sampling/createMessage" => {
            if answer.get("role").is_some_and(Value::is_string) && answer.contains_key("content") {
                Ok(())
            } else {
                Err("a sampling result needs role and content".to_owned())
            }
        }
        "roots/list" if !answer.get("roots").is_some_and(Value::is_array) => Err("roots is not a list".to_owned()),
        _ => Ok(()),
    }
}

fn check_elicitation(params: &Value, answer: &Map<String, Value>) -> Result<(), String> {
    match answer.get("action").and_then(Value::as_str) {
        Some("decline" | "cancel") => Ok(()),
        Some("accept") => {
            let Some(schema) = params.get("requestedSchema").and_then(Value::as_object) else { return Ok(()) };
            let empty = Map::new();
            let content = match answer.get("content") {
                None | Some(Value::Null) => &empty,
                Some(content) => content.as_object().ok_or("content is not an object")?,
            };
            check_content(schema, content)
        }
        _ => Err("action is none of accept, decline, cancel".to_owned()),
    }
}

fn check_content(schema: &Map<String, Value>, content: &Map<String, Value>) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in required {
        if !content.contains_key(name) {
            return Err(format!("{name} is missing"));
        }
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(()) };
    for (name, value) in content {
        if let Some(property) = properties.get(name).and_then(Value::as_object) {
            check_value(property, value).map_err(|reason| format!("{name} {reason}"))?;
        }
    }
    Ok(())
}

/// Checks one field.
///
/// # Errors
/// What is wrong with it, to be read after its name.
pub(crate) fn check_value(schema: &Map<String, Value>, value: &Value) -> Result<(), String> {
    if let Some(types) = schema.get("type") {
        let fits = match types {
            Value::String(name) => has_type(value, name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).any(|name| has_type(value, name)),
            _ => true,
        };
        if !fits {
            return Err(format!("is not of type {types}"));
        }
    }
    if let Some(allowed) = allowed_values(schema)
        && !allowed.contains(&value)
    {
        return Err("is not one of the allowed values".to_owned());
    }
    match value {
        Value::Number(number) => {
            let than = |word: &str| schema.get(word).and_then(Value::as_number).and_then(|bound| order(number, bound));
            if than("minimum") == Some(Ordering::Less) || than("maximum") == Some(Ordering::Greater) {
                return Err("is out of range".to_owned());
            }
        }
        Value::String(text) => {
            if !is_within(schema, ["minLength", "maxLength"], text.chars().count()) {
                return Err("has not the right length".to_owned());
            }
            if let Some(name) = schema.get("format").and_then(Value::as_str)
                && !format::fits(name, text)
            {
                return Err(format!("is no {name}"));
            }
        }
        Value::Array(items) => {
            if !is_within(schema, ["minItems", "maxItems"], items.len()) {
                return Err("has too few or too many items".to_owned());
            }
            if let Some(schema) = schema.get("items").and_then(Value::as_object) {
                items.iter().try_for_each(|item| check_value(schema, item))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// How two numbers compare: integers exactly, where doubles would call neighbours equal.
fn order(number: &Number, bound: &Number) -> Option<Ordering> {
    match (number.as_i128(), bound.as_i128()) {
        (Some(number), Some(bound)) => Some(number.cmp(&bound)),
        _ => number.as_f64()?.partial_cmp(&bound.as_f64()?),
    }
}

fn is_within(schema: &Map<String, Value>, [least, most]: [&str; 2], length: usize) -> bool {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let bound = |word: &str| schema.get(word).and_then(Value::as_u64);
    bound(least).is_none_or(|least| length >= least) && bound(most).is_none_or(|most| length <= most)
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// The values that `const`, `enum`, or the `const`s of `oneOf` or `anyOf`, allow.
fn allowed_values(schema: &Map<String, Value>) -> Option<Vec<&Value>> {
    if let Some(value) = schema.get("const") {
        return Some(vec![value]);
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return Some(values.iter().collect());
    }
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array)?;
    choices.iter().map(|choice| choice.get("const")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn elicitation() -> InputRequest {
        let schema = json!({"type": "object", "required": ["ok"], "properties": {
            "ok": {"type": "boolean"},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "color": {"type": "string", "enum": ["red", "green"]},
            "size": {"oneOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}]},
            "many": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string", "enum": ["a", "b"]}},
            "mail": {"type": "string", "format": "email"},
            "name": {"type": "string", "minLength": 1, "maxLength": 2},
            "some": {"type": "array", "items": {"anyOf": [{"const": "x", "title": "X"}]}}
        }});
        InputRequest { method: "elicitation/create".into(), params: json!({"message": "?", "requestedSchema": schema}) }
    }

    #[test]
    fn only_what_the_schema_allows_is_an_answer() {
        let good = [
            json!({"action": "decline"}),
            json!({"action": "cancel"}),
            json!({"action": "accept", "content": {"ok": true}}),
            json!({"action": "accept", "content": {"ok": true, "age": 3, "color": "red", "size": "l", "many": ["a"]}}),
            json!({"action": "accept", "content": {"ok": true, "age": 3.0, "mail": "a@b.example", "some": ["x"]}}),
            json!({"action": "accept", "content": {"ok": true, "name": "\u{1f980}\u{1f980}", "unasked": [1]}}),
        ];
        for answer in good {
            assert_eq!(check(&elicitation(), &answer), Ok(()), "{answer}");
        }
        let bad = [
            json!("accept"),
            json!({}),
            json!({"action": "accept"}),
            json!({"action": "yes", "content": {"ok": true}}),
            json!({"action": "accept", "content": []}),
            json!({"action": "accept", "content": {"ok": "true"}}),
            json!({"action": "accept", "content": {"ok": true, "age": 1.5}}),
            json!({"action": "accept", "content": {"ok": true, "age": 151}}),
            json!({"action": "accept", "content": {"ok": true, "color": "blue"}}),
            json!({"action": "accept", "content": {"ok": true, "size": "m"}}),
            json!({"action": "accept", "content": {"ok": true, "many": ["c"]}}),
            json!({"action": "accept", "content": {"ok": true, "many": []}}),
            json!({"action": "accept", "content": {"ok": true, "many": ["a", "b", "a"]}}),
            json!({"action": "accept", "content": {"ok": true, "many": "a"}}),
            json!({"action": "accept", "content": {"ok": true, "some": ["y"]}}),
            json!({"action": "accept", "content": {"ok": true, "mail": "nobody"}}),
            json!({"action": "accept", "content": {"ok": true, "name": ""}}),
            json!({"action": "accept", "content": {"ok": true, "name": "abc"}}),
            json!({"action": "accept", "content": {"ok": true, "name": null}}),
            json!({"action": "accept", "content": null}),
        ];
        for answer in bad {
            assert!(check(&elicitation(), &answer).is_err(), "{answer}");
        }
    }

    #[test]
    fn bounds_of_integers_are_exact_where_doubles_are_not() {
        let edge = 9_007_199_254_740_992_u64;
        let schema = json!({"type": "integer", "maximum": edge});
        assert!(check_value(schema.as_object().unwrap(), &json!(edge)).is_ok());
        assert!(check_value(schema.as_object().unwrap(), &json!(edge + 1)).is_err());
    }
}
