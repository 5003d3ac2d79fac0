//! Input schemas by hand: keywords that must reach the client unharmed, and a parameter that is mirrored in a header.

use fastestmcp::prelude::*;
use serde_json::{Map, Value, json};

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        Tool::new("json_schema_2020_12_tool", async |_cx, _: NoArgs| Ok("done"))
            .description("Tool with JSON Schema 2020-12 features")
            .input_schema(object(json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "$defs": {
                    "address": {
                        "$anchor": "addressDef",
                        "type": "object",
                        "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
                    }
                },
                "properties": {
                    "name": { "type": "string" },
                    "address": { "$ref": "#/$defs/address" },
                    "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                    "phone": { "type": "string" },
                    "email": { "type": "string" }
                },
                "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
                "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
                "then": { "required": ["phone"] },
                "else": { "required": ["email"] },
                "additionalProperties": false
            }))),
        Tool::new("test_x_mcp_header", async |_cx, args: Region| Ok(args.region.unwrap_or_default()))
            .description("Takes a parameter that is also sent as a header.")
            .input_schema(object(json!({
                "type": "object",
                "properties": { "region": { "type": "string", "x-mcp-header": "Region" } }
            }))),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Region {
    region: Option<String>,
}

fn object(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}
