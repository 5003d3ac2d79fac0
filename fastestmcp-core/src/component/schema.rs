use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// The JSON schema (2020-12) of what a type reads, as an object. A type that reads nothing (`()`, a unit struct) is that
/// of an object without properties.
pub fn schema_of<T: JsonSchema>() -> Map<String, Value> {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12());
    if schema.get("type").is_some_and(|name| name == "null") {
        schema.insert("type".to_owned(), "object".into());
    }
    // Of several objects one is still an object; clients want that said.
    let is_object = |branch: &Value| branch.get("type").is_some_and(|name| name == "object");
    let branches = ["oneOf", "anyOf"].into_iter().find_map(|word| schema.get(word)?.as_array());
    if !schema.contains_key("type") && branches.is_some_and(|branches| branches.iter().all(is_object)) {
        schema.insert("type".to_owned(), "object".into());
    }
    // Nor do empty structs have properties, but clients expect the word.
    if schema.get("type").is_some_and(|name| name == "object") {
        schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    }
    schema
}

/// Whether a type reads only `null`: as arguments it takes none.
pub(crate) fn reads_null<T: JsonSchema>() -> bool {
    generate::<T>(SchemaSettings::draft2020_12()).get("type").is_some_and(|name| name == "null")
}

/// The JSON schema (2020-12) of what a type is written as: what serde leaves out is not required.
pub fn result_schema_of<T: JsonSchema>() -> Map<String, Value> {
    generate::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Map<String, Value> {
    let settings = settings
        .with_transform(RecursiveTransform(without_rust_formats))
        .with_transform(RecursiveTransform(properties_are_objects));
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let Value::Object(mut schema) = schema else { return Map::new() };
    // It is what MCP takes a schema for that does not say. Older clients do not know its name, and would check nothing.
    schema.remove("$schema");
    schema
}

/// Clients do not know the formats of Rust's own integers and warn of each; `minimum` says what they would.
fn without_rust_formats(schema: &mut Schema) {
    let format = schema.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| format.starts_with("uint") || matches!(format, "int" | "int8" | "int16" | "int128"))
    {
        schema.remove("format");
    }
}

/// The official client refuses a list of tools as a whole if a property is described by `true` instead of `{}`.
fn properties_are_objects(schema: &mut Schema) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for property in properties.values_mut().filter(|property| **property == Value::Bool(true)) {
        *property = Value::Object(Map::new());
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Numbers {
        a: u64,
        b: Vec<Option<u8>>,
        c: f64,
    }

    #[test]
    fn schemas_carry_no_formats_that_only_rust_knows() {
        let properties = &schema_of::<Numbers>()["properties"];
        assert_eq!(properties["a"], json!({ "type": "integer", "minimum": 0 }));
        let byte = json!({ "type": ["integer", "null"], "minimum": 0, "maximum": 255 });
        assert_eq!(properties["b"]["items"], byte);
        assert_eq!(properties["c"]["format"], "double");
    }

    #[test]
    fn schemas_leave_unsaid_which_draft_they_are_of() {
        for schema in [schema_of::<Numbers>(), result_schema_of::<Numbers>()] {
            assert_eq!(schema.get("$schema"), None);
        }
    }

    #[derive(Deserialize, Serialize, JsonSchema)]
    struct Part {
        any: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        #[serde(default)]
        list: Vec<Value>,
    }

    #[test]
    fn a_property_that_may_be_anything_is_described_by_an_object() {
        assert_eq!(schema_of::<Part>()["properties"]["any"], json!({}));
        assert_eq!(result_schema_of::<Vec<Part>>()["$defs"]["Part"]["properties"]["any"], json!({}));
    }

    #[test]
    fn what_is_read_and_what_is_written_require_different_fields() {
        assert_eq!(schema_of::<Part>()["required"], json!(["any"]));
        assert_eq!(result_schema_of::<Part>()["required"], json!(["any", "list"]));
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "op")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Either {
        Add { amount: u32 },
        Reset,
    }

    #[derive(Deserialize, JsonSchema)]
    struct Nothing;

    #[test]
    fn whatever_reads_objects_or_nothing_has_the_schema_of_an_object() {
        for schema in [schema_of::<Either>(), schema_of::<()>(), schema_of::<Nothing>(), schema_of::<Part>()] {
            assert_eq!(schema["type"], "object");
            assert!(schema["properties"].is_object());
        }
        assert_ne!(schema_of::<String>()["type"], "object");
    }
}
