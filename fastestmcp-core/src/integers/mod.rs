//! Integers as JSON Schema has them: 3.0 is one, and models write it so. Rust's types take it for none.

mod schema;

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use schema::Schema;

/// Integers up to this size are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The same value with integral doubles as integers wherever `schema` says that an integer is wanted, and nowhere else.
pub(crate) fn integers<'v>(schema: &Map<String, Value>, value: &'v Value) -> Cow<'v, Value> {
    if is_whole(value) {
        return Cow::Borrowed(value);
    }
    let mut changed = value.clone();
    Schema::new(schema).make_whole(&mut changed);
    Cow::Owned(changed)
}

/// Whether a schema says anywhere that an integer is wanted.
pub(crate) fn wants_integers(schema: &Map<String, Value>) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::String(word) => word == "integer",
            Value::Array(values) => values.iter().any(within),
            Value::Object(schema) => wants_integers(schema),
            _ => false,
        }
    }
    schema.values().any(within)
}

/// The same value with every integral double as an integer, wherever it is.
pub(crate) fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(whole_number(&number).unwrap_or(number)),
        Value::Array(values) => values.into_iter().map(whole).collect(),
        Value::Object(values) => values.into_iter().map(|(key, value)| (key, whole(value))).collect(),
        other => other,
    }
}

/// Whether [`whole`] would change nothing.
pub(crate) fn is_whole(value: &Value) -> bool {
    match value {
        Value::Number(number) => whole_number(number).is_none(),
        Value::Array(values) => values.iter().all(is_whole),
        Value::Object(values) => values.values().all(is_whole),
        _ => true,
    }
}

fn whole_number(number: &Number) -> Option<Number> {
    if !number.is_f64() {
        return None;
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "integral, and small enough")]
    Some((number as i64).into())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Everything {
        count: u32,
        maybe: Option<i64>,
        ratio: f64,
        any: Value,
        list: Vec<u8>,
        pair: (u8, f64),
        by_name: HashMap<String, u16>,
        by_number: BTreeMap<u8, u16>,
        tree: Option<Box<Tree>>,
        step: Step,
        either: IntOrFloat,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Tree {
        depth: i32,
        children: Vec<Tree>,
    }

    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Step {
        Count { by: u32 },
        Scale { by: f64 },
    }

    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum IntOrFloat {
        Int(i32),
        Float(f64),
    }

    fn schema() -> Map<String, Value> {
        schemars::schema_for!(Everything).to_value().as_object().cloned().unwrap()
    }

    #[test]
    fn an_integral_double_is_an_integer_where_the_schema_wants_one_and_nowhere_else() {
        let schema = schema();
        for (given, expected) in [
            (json!({ "count": 3.0 }), "{\"count\":3}"),
            (json!({ "count": -0.0 }), "{\"count\":0}"),
            (json!({ "maybe": 3.0 }), "{\"maybe\":3}"),
            (json!({ "maybe": null, "ratio": 3.0 }), "{\"maybe\":null,\"ratio\":3.0}"),
            (json!({ "any": 3.0, "unknown": [3.0] }), "{\"any\":3.0,\"unknown\":[3.0]}"),
            (json!({ "list": [1.0, 2, 3.0] }), "{\"list\":[1,2,3]}"),
            (json!({ "pair": [1.0, 2.0] }), "{\"pair\":[1,2.0]}"),
            (json!({ "by_name": { "a": 1.0 } }), "{\"by_name\":{\"a\":1}}"),
            (json!({ "by_number": { "7": 1.0 } }), "{\"by_number\":{\"7\":1}}"),
            (
                json!({ "tree": { "depth": 1.0, "children": [{ "depth": 2.0, "children": [] }] } }),
                "{\"tree\":{\"children\":[{\"children\":[],\"depth\":2}],\"depth\":1}}",
            ),
            (json!({ "step": { "kind": "Count", "by": 2.0 } }), "{\"step\":{\"by\":2,\"kind\":\"Count\"}}"),
            (json!({ "step": { "kind": "Scale", "by": 2.0 } }), "{\"step\":{\"by\":2.0,\"kind\":\"Scale\"}}"),
            (json!({ "either": 2.0 }), "{\"either\":2.0}"),
            (json!({ "count": 9_007_199_254_740_992.0 }), "{\"count\":9007199254740992}"),
            (json!({ "count": 9_007_199_254_740_994.0 }), "{\"count\":9007199254740994.0}"),
            (json!({ "count": 3.5 }), "{\"count\":3.5}"),
            (json!({ "count": "3.0" }), "{\"count\":\"3.0\"}"),
        ] {
            assert_eq!(integers(&schema, &given).to_string(), expected);
        }
    }

    #[test]
    fn nothing_is_copied_where_there_is_no_such_number() {
        let given = json!({ "count": 3, "list": [1, 2], "ratio": 0.5, "any": { "a": "3.0" } });
        assert!(matches!(integers(&schema(), &given), Cow::Borrowed(_)));
    }

    #[test]
    fn schemas_without_integers_are_known() {
        assert!(wants_integers(&schema()));
        let texts = json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } } });
        assert!(!wants_integers(texts.as_object().unwrap()));
    }

    #[test]
    fn references_in_a_circle_end() {
        let schema = json!({
            "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "anyOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#" }] } },
            "properties": { "n": { "type": "integer" }, "deep": { "anyOf": [{ "$ref": "#/$defs/a" }] } },
        });
        let given = json!({ "deep": { "deep": { "n": 1.0 } }, "n": 2.0 });
        let expected = json!({ "deep": { "deep": { "n": 1 } }, "n": 2 });
        assert_eq!(*integers(schema.as_object().unwrap(), &given), expected);
    }
}
