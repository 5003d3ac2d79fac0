use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// The JSON schema (2020-12) of a type, as an object.
pub fn schema_of<T: JsonSchema>() -> Map<String, Value> {
    generate::<T>(SchemaSettings::draft2020_12())
}

/// The same without references, as elicitation requires.
pub fn flat_schema_of<T: JsonSchema>() -> Map<String, Value> {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true));
    schema.remove("$schema");
    schema.remove("title");
    schema
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Map<String, Value> {
    let settings = settings.with_transform(RecursiveTransform(without_rust_formats));
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let Value::Object(mut schema) = schema else { return Map::new() };
    // `()` and empty structs have no properties, but clients expect the word.
    if schema.get("type").and_then(Value::as_str) == Some("object") {
        schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    }
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

#[cfg(test)]
mod tests {
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
}
