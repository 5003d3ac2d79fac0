use std::ptr;

use serde_json::{Map, Value};

use super::whole_number;

/// How many references in a row are followed to tell whether a branch of a schema is meant.
const HOPS: usize = 8;

type Schemas<'s> = Vec<&'s Map<String, Value>>;

/// A schema, in which references are followed.
pub(super) struct Schema<'s> {
    root: &'s Map<String, Value>,
}

impl<'s> Schema<'s> {
    pub(super) const fn new(root: &'s Map<String, Value>) -> Self {
        Self { root }
    }

    /// Makes integers of the integral doubles in a value that the schema describes, where it wants them.
    pub(super) fn make_whole(&self, value: &mut Value) {
        let of_all = self.reached(|reach| reach.all_of(self.root, value));
        self.make_whole_by(&of_all, value);
    }

    /// `schemas` are all that speak of `value`.
    fn make_whole_by(&self, schemas: &[&'s Map<String, Value>], value: &mut Value) {
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
                    self.make_whole_by(&of_item, item);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let of_field = self.reached(|reach| {
                        for schema in schemas {
                            reach.field(schema, name, field);
                        }
                    });
                    self.make_whole_by(&of_field, field);
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
