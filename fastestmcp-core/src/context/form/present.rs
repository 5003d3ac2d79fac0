use serde_json::{Map, Value};

/// The schema of what is there: a field that may be left out is left out in a form, and never `null`.
pub(super) fn present(mut schema: Map<String, Value>) -> Map<String, Value> {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(mut branches)) = schema.remove(word) {
            branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
            match branches.pop() {
                // What is said around a schema goes before what it says of itself.
                Some(Value::Object(only)) if branches.is_empty() && !is_choice(&only) => {
                    for (word, value) in present(only) {
                        schema.entry(word).or_insert(value);
                    }
                }
                last => {
                    branches.extend(last);
                    schema.insert(word.to_owned(), Value::Array(branches));
                }
            }
        }
    }
    schema
}

/// Whether it is one of several values to choose from, which happens to be the only one.
fn is_choice(schema: &Map<String, Value>) -> bool {
    schema.contains_key("const")
}
