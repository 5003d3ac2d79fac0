//! Forms: the schemas that MCP lets a server ask a user with, flat objects of a few kinds of fields.
//!
//! What Rust types describe is richer than that, and clients refuse a form as a whole if one field of it is of no kind
//! they know. So schemas are brought into the exact words of the specification, and what has none is refused here.

mod choice;
mod field;
mod number;
mod present;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::integers::integers;

/// Why a type or a schema is no form that a client can show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAForm {
    /// It does not describe a flat object.
    #[error("a form is a struct with named fields, and this {0}")]
    NoFields(String),
    /// A field is of no kind that forms have: strings, numbers, booleans, enums without data and lists of such enums.
    #[error("field {field:?} of the form {reason}")]
    Field {
        /// Its name.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Words about a form as a whole that a client has no place for.
const IGNORED: [&str; 5] = ["$schema", "title", "description", "$defs", "examples"];

/// The form that a type describes, as `requestedSchema` of `elicitation/create` has it.
///
/// | field | kind of input |
/// |---|---|
/// | `String`, `char` | text; with `#[schemars(length(min = 1, max = 80))]` and `#[schemars(email)]`, `#[schemars(url)]` or `#[schemars(extend("format" = "date"))]` (or `"date-time"`) |
/// | `f64`, integers | a number; with `#[schemars(range(min = 1, max = 10))]` |
/// | `bool` | yes or no |
/// | an enum without data | one of its variants; their docs, or `#[schemars(title = "…")]`, are what the user sees |
/// | `Vec` or a set of such an enum | some of its variants; with `#[schemars(length(min = 1))]` |
/// | `Option` of these | the same, and it may be left out |
///
/// Docs of a field are its description, `#[schemars(title = "…")]` its title, and `#[serde(default)]` makes it one that
/// may be left out and tells the client the default.
///
/// ```
/// use fastestmcp_core::context::form_of;
/// use schemars::JsonSchema;
///
/// #[derive(JsonSchema)]
/// struct Confirm {
///     /// Book it?
///     ok: bool,
///     note: Option<String>,
/// }
/// let form = form_of::<Confirm>()?;
/// assert_eq!(form["properties"]["note"]["type"], "string");
/// assert_eq!(form["required"], serde_json::json!(["ok"]));
/// # Ok::<_, fastestmcp_core::context::NotAForm>(())
/// ```
///
/// # Errors
/// A field is of no such kind (a nested struct, a map, a number that must match a pattern …), or the type has no fields
/// of its own.
pub fn form_of<T: JsonSchema>() -> Result<Map<String, Value>, NotAForm> {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    form(settings.into_generator().into_root_schema_for::<T>().to_value())
}

/// A schema in the words of a form. What is a form already stays as it is.
pub(crate) fn form(schema: Value) -> Result<Map<String, Value>, NotAForm> {
    let Value::Object(mut schema) = schema else { return Err(no_fields("may be anything")) };
    match schema.remove("type") {
        Some(Value::String(name)) if name == "object" => {}
        Some(Value::String(name)) => return Err(no_fields(format!("is of type {name}"))),
        _ => return Err(no_fields("is not one object")),
    }
    let properties = match schema.remove("properties") {
        None => Map::new(),
        Some(Value::Object(properties)) => properties,
        Some(_) => return Err(no_fields("has properties that are no object")),
    };
    let required = schema.remove("required");
    match schema.remove("additionalProperties") {
        None | Some(Value::Bool(false)) => {}
        Some(_) => return Err(no_fields("takes fields of any name")),
    }
    if let Some(word) = schema.keys().find(|word| !IGNORED.contains(&word.as_str())) {
        return Err(no_fields(format!("says {word:?}, which forms do not know")));
    }
    let mut form = Map::new();
    form.insert("type".to_owned(), "object".into());
    if let Some(required) = required {
        let names = required.as_array().map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        if !names.is_some_and(|names| names.iter().all(|name| properties.contains_key(*name))) {
            return Err(no_fields("requires what is not among its fields"));
        }
        form.insert("required".to_owned(), required);
    }
    let fields = properties.into_iter().map(|(name, schema)| match field::field(schema) {
        Ok(schema) => Ok((name, Value::Object(schema))),
        Err(reason) => Err(NotAForm::Field { field: name, reason }),
    });
    form.insert("properties".to_owned(), Value::Object(fields.collect::<Result<_, _>>()?));
    Ok(form)
}

fn no_fields(reason: impl Into<String>) -> NotAForm {
    NotAForm::NoFields(reason.into())
}

/// What a user filled in, as a `T`: fields that were not asked for are left out.
pub(crate) fn filled_in<T: DeserializeOwned>(form: &Map<String, Value>, content: Value) -> serde_json::Result<T> {
    let Value::Object(mut content) = content else { return serde_json::from_value(content) };
    if let Some(fields) = form.get("properties").and_then(Value::as_object) {
        content.retain(|name, _| fields.contains_key(name));
    }
    serde_json::from_value(Value::Object(content))
}

/// An answer to `form` as its fields are declared: `3.0` is 3 in a field of integers.
pub(crate) fn as_declared(form: &Map<String, Value>, mut answer: Value) -> Value {
    if let Some(content) = answer.get_mut("content") {
        *content = integers(form, content).into_owned();
    }
    answer
}

#[cfg(test)]
mod tests;
