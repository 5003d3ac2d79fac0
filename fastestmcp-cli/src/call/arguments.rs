use serde_json::{Map, Value, json};

use super::client::Client;
use super::stop::Stop;

/// Pages of a list of tools at most: a server that never ends is not worth more.
const PAGES: usize = 100;

/// Arguments as they were typed.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, Stop> {
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(Stop::Usage("the arguments are not a JSON object, like {\"from\": 10}".to_owned())),
        Err(error) => Err(Stop::Usage(format!("the arguments are not JSON: {error}"))),
    }
}

/// Says what is missing before the tool is asked.
pub(super) fn check(client: &mut Client, tool: &str, arguments: &Map<String, Value>) -> Result<(), Stop> {
    let mut names = Vec::new();
    let mut params = json!({});
    for _ in 0..PAGES {
        let page = client.request("tools/list", params)?;
        for listed in page.get("tools").and_then(Value::as_array).into_iter().flatten() {
            let name = listed.get("name").and_then(Value::as_str).unwrap_or_default();
            if name == tool {
                let lacks = lacks(listed.get("inputSchema").unwrap_or(&Value::Null), arguments);
                return if lacks.is_empty() { Ok(()) } else { Err(Stop::Usage(wanting(tool, &lacks))) };
            }
            names.push(name.to_owned());
        }
        match page.get("nextCursor") {
            Some(cursor @ Value::String(_)) => params = json!({ "cursor": cursor }),
            _ => break,
        }
    }
    Err(Stop::Usage(format!("there is no tool {tool:?}; there are: {}", names.join(", "))))
}

fn wanting(tool: &str, lacks: &[String]) -> String {
    format!("{tool} cannot be called like this:\n  {}", lacks.join("\n  "))
}

/// What a schema wants and the arguments have not, at their first level; the rest is the server's to say.
fn lacks(schema: &Value, arguments: &Map<String, Value>) -> Vec<String> {
    let no_properties = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&no_properties);
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let missing = required
        .filter(|name| !arguments.contains_key(*name))
        .map(|name| format!("{name} is missing{}", described(properties.get(name).unwrap_or(&Value::Null))));
    let unknown = arguments.keys().filter(|name| {
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        closed && !properties.contains_key(*name)
    });
    missing.chain(unknown.map(|name| format!("{name} is not known"))).collect()
}

/// A property in words: ` (integer): Where to start.`
fn described(property: &Value) -> String {
    let kind = match property.get("type") {
        Some(Value::String(name)) => format!(" ({name})"),
        _ => String::new(),
    };
    let words = property.get("description").and_then(Value::as_str).map(|text| format!(": {text}"));
    kind + &words.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_type_and_what_it_is_for() {
        let schema = json!({"type": "object", "required": ["from", "to"], "additionalProperties": false, "properties": {
            "from": {"type": "integer", "description": "Where to start."}, "to": {"type": ["string", "null"]}
        }});
        let given = json!({"too": 1});
        let lacks = lacks(&schema, given.as_object().unwrap());
        assert_eq!(lacks, ["from is missing (integer): Where to start.", "to is missing", "too is not known"]);
    }

    #[test]
    fn arguments_are_one_object() {
        assert!(parse("{\"a\": 1}").is_ok());
        for wrong in ["", "{", "[]", "1", "{\"a\": 1} x"] {
            assert!(matches!(parse(wrong), Err(Stop::Usage(_))), "{wrong}");
        }
    }
}
