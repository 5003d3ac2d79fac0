//! Integers as JSON Schema has them: 3.0 is one, and models write it so. Rust's types take it for none.

use std::borrow::Cow;
use std::ptr;

use serde_json::{Map, Number, Value};

/// Integers up to this size are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// How many references in a row are followed to tell whether a branch of a schema is meant.
const HOPS: usize = 8;

/// The same value with integral doubles as integers wherever `schema` says that an integer is wanted, and nowhere else.
pub(crate) fn integers<'v>(schema: &Map<String, Value>, value: &'v Value) -> Cow<'v, Value> {
    if is_whole(value) {
        return Cow::Borrowed(value);
    }
    let mut changed = value.clone();
    let schema = Schema { root: schema };
    schema.make_whole(&schema.reached(|reach| reach.all_of(schema.root, value)), &mut changed);
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

type Schemas<'s> = Vec<&'s Map<String, Value>>;

/// A schema, in which references are followed.
struct Schema<'s> {
    root: &'s Map<String, Value>,
}

impl<'s> Schema<'s> {
    /// `schemas` are all that speak of `value`.
    fn make_whole(&self, schemas: &[&'s Map<String, Value>], value: &mut Value) {
        match value {
            Value::Number(number) => {
                let says = |name| schemas.iter().any(|schema| has_type(schema, name));
                // Where either will do it stays as it was written.
                if let Some(whole) = whole_number(number).filter(|_| says("integer") && !says("number")) {
                    *number = whole;
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let of_item = self.reached(|reach| {
                        for schema in schemas {
                            let tuple = schema.get("prefixItems").and_then(|items| items.get(index));
                            reach.all(tuple.or_else(|| schema.get("items")), item);
                        }
                    });
                    self.make_whole(&of_item, item);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let of_field = self.reached(|reach| {
                        for schema in schemas {
                            reach.field(schema, name, field);
                        }
                    });
                    self.make_whole(&of_field, field);
                }
            }
            _ => {}
        }
    }

    fn reached(&self, look: impl FnOnce(&mut Reach<'_, 's>)) -> Schemas<'s> {
        let mut reach = Reach { schema: self, reached: Vec::new() };
        look(&mut reach);
        reach.reached
    }

    fn referred(&self, schema: &Map<String, Value>) -> Option<&'s Map<String, Value>> {
        let path = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        let Some(path) = path.strip_prefix('/') else { return path.is_empty().then_some(self.root) };
        let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        self.root.get(first)?.pointer(rest)?.as_object()
    }

    /// Whether a value may be meant by one of several branches: of its type, and with the constants and fields that tell
    /// it from the others.
    fn may_be(&self, branch: &'s Map<String, Value>, value: &Value) -> bool {
        let mut schema = Some(branch);
        for _ in 0..HOPS {
            let Some(said) = schema else { break };
            let is_of_type = !said.contains_key("type") || type_names(value).iter().any(|name| has_type(said, name));
            if !is_of_type || !has_what_tells_it(said, value) {
                return false;
            }
            schema = self.referred(said);
        }
        true
    }
}

fn has_what_tells_it(schema: &Map<String, Value>, value: &Value) -> bool {
    let Value::Object(fields) = value else { return true };
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut constants = properties.filter_map(|(name, property)| Some((name, property.get("const")?)));
    let mut required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    constants.all(|(name, constant)| fields.get(name).is_none_or(|value| value == constant))
        && required.all(|name| name.as_str().is_none_or(|name| fields.contains_key(name)))
}

fn has_type(schema: &Map<String, Value>, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(names)) => names.iter().any(|known| known == name),
        Some(known) => known == name,
        None => false,
    }
}

const fn type_names(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(_) => &["integer", "number"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    }
}

/// Collects the schemas that speak of one value, each once.
struct Reach<'a, 's> {
    schema: &'a Schema<'s>,
    reached: Schemas<'s>,
}

impl<'s> Reach<'_, 's> {
    fn all(&mut self, schema: Option<&'s Value>, value: &Value) {
        if let Some(schema) = schema.and_then(Value::as_object) {
            self.all_of(schema, value);
        }
    }

    fn all_of(&mut self, schema: &'s Map<String, Value>, value: &Value) {
        if self.reached.iter().any(|known| ptr::eq(*known, schema)) {
            return;
        }
        self.reached.push(schema);
        if let Some(referred) = self.schema.referred(schema) {
            self.all_of(referred, value);
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            for branch in schema.get(word).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
            {
                if word == "allOf" || self.schema.may_be(branch, value) {
                    self.all_of(branch, value);
                }
            }
        }
    }

    fn field(&mut self, schema: &'s Map<String, Value>, name: &str, value: &Value) {
        if let Some(property) = schema.get("properties").and_then(|properties| properties.get(name)) {
            return self.all(Some(property), value);
        }
        self.all(schema.get("additionalProperties"), value);
        // schemars describes maps with numbers for keys so, by one pattern.
        for pattern in schema.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::values) {
            self.all(Some(pattern), value);
        }
    }
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
