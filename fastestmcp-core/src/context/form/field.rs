use serde_json::{Map, Value};

use super::choice::Choices;
use super::number;
use super::present::present;
use crate::task::check_value;

/// Words that constrain nothing, and that forms do not know.
const IGNORED: [&str; 5] = ["$comment", "examples", "deprecated", "readOnly", "writeOnly"];
/// Formats of text that forms know.
const FORMATS: [&str; 4] = ["email", "uri", "date", "date-time"];
/// No client counts further.
const LONGEST: u64 = u32::MAX as u64;

/// A field in the words of a form; else what is wrong with it.
pub(super) fn field(schema: Value) -> Result<Map<String, Value>, String> {
    let Value::Object(schema) = schema else { return Err("may be anything".to_owned()) };
    let mut schema = present(schema);
    schema.retain(|word, _| !IGNORED.contains(&word.as_str()));
    let mut field = Map::new();
    for word in ["title", "description"] {
        if let Some(text) = schema.remove(word).filter(Value::is_string) {
            field.insert(word.to_owned(), text);
        }
    }
    let default = schema.remove("default");
    let kind = match Choices::take(&mut schema)? {
        Some(choices) => {
            choices.into_one(&mut field);
            "string"
        }
        None => match schema.remove("type").as_ref().and_then(Value::as_str) {
            Some("boolean") => "boolean",
            Some("string") => {
                text(&mut schema, &mut field)?;
                "string"
            }
            Some("integer") => {
                number::integer(&mut schema, &mut field)?;
                "integer"
            }
            Some("number") => {
                number::number(&mut schema, &mut field)?;
                "number"
            }
            Some("array") => {
                some_of(&mut schema, &mut field)?;
                "array"
            }
            Some("object") => return Err("is an object, and forms are flat".to_owned()),
            Some(other) => return Err(format!("is of type {other:?}")),
            None if schema.contains_key("$ref") => return Err("contains itself".to_owned()),
            None => return Err("is not of one type".to_owned()),
        },
    };
    field.insert("type".to_owned(), kind.into());
    if let Some(word) = schema.keys().next() {
        return Err(format!("says {word:?}, which forms do not know"));
    }
    if let Some(default) = default {
        check_value(&field, &default).map_err(|reason| format!("has a default that {reason}"))?;
        field.insert("default".to_owned(), default);
    }
    Ok(field)
}

fn text(schema: &mut Map<String, Value>, field: &mut Map<String, Value>) -> Result<(), String> {
    lengths(["minLength", "maxLength"], schema, field)?;
    match schema.remove("format") {
        None => Ok(()),
        Some(format) if FORMATS.iter().any(|known| format == *known) => {
            field.insert("format".to_owned(), format);
            Ok(())
        }
        Some(format) => Err(format!("has the format {format}, and forms know only {}", FORMATS.join(", "))),
    }
}

fn some_of(schema: &mut Map<String, Value>, field: &mut Map<String, Value>) -> Result<(), String> {
    let unknown = || "is a list of something else than an enum without data".to_owned();
    let Some(Value::Object(items)) = schema.remove("items") else { return Err(unknown()) };
    let mut items = present(items);
    items.retain(|word, _| !["title", "description"].contains(&word.as_str()));
    let choices = Choices::take(&mut items)?.ok_or_else(unknown)?;
    if let Some(word) = items.keys().next() {
        return Err(format!("is a list whose items say {word:?}, which forms do not know"));
    }
    field.insert("items".to_owned(), Value::Object(choices.into_items()));
    // A set takes a choice that is made twice as made once.
    schema.remove("uniqueItems");
    lengths(["minItems", "maxItems"], schema, field)
}

fn lengths(
    [least, most]: [&str; 2],
    schema: &mut Map<String, Value>,
    field: &mut Map<String, Value>,
) -> Result<(), String> {
    let mut length = |word: &str| match schema.remove(word) {
        None => Ok(None),
        Some(value) => match value.as_u64().filter(|length| *length <= LONGEST) {
            Some(length) => {
                field.insert(word.to_owned(), length.into());
                Ok(Some(length))
            }
            None => Err(format!("has a {word} of {value}")),
        },
    };
    match (length(least)?, length(most)?) {
        (Some(least), Some(most)) if least > most => Err("has a least length above its greatest".to_owned()),
        _ => Ok(()),
    }
}
