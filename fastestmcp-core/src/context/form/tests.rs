use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(rename_all = "lowercase")]
enum Plain {
    Red,
    Green,
}

#[derive(Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(rename_all = "lowercase")]
enum Titled {
    /// Fits in a pocket.
    Small,
    #[schemars(title = "Quite large")]
    Large,
    Other,
}

fn fields(form: &Map<String, Value>) -> &Value {
    &form["properties"]
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Texts {
    /// What to call you.
    #[schemars(title = "Name", length(min = 1, max = 80))]
    name: String,
    #[schemars(email)]
    email: String,
    #[schemars(url)]
    site: String,
    #[schemars(extend("format" = "date"))]
    day: String,
    #[schemars(extend("format" = "date-time"))]
    at: Option<String>,
    initial: char,
    #[serde(default = "world")]
    greet: String,
    note: Option<String>,
}

fn world() -> String {
    "world".to_owned()
}

#[test]
fn text_has_lengths_formats_titles_descriptions_and_defaults() {
    let form = form_of::<Texts>().unwrap();
    let expected = json!({
        "name": {"type": "string", "title": "Name", "description": "What to call you.", "minLength": 1, "maxLength": 80},
        "email": {"type": "string", "format": "email"},
        "site": {"type": "string", "format": "uri"},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "initial": {"type": "string", "minLength": 1, "maxLength": 1},
        "greet": {"type": "string", "default": "world"},
        "note": {"type": "string"},
    });
    assert_eq!(fields(&form), &expected);
    assert_eq!(form["required"], json!(["name", "email", "site", "day", "initial"]));
    assert_eq!(form.keys().collect::<Vec<_>>(), ["properties", "required", "type"]);
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Numbers {
    byte: u8,
    half: i32,
    long: u64,
    wide: i128,
    maybe: Option<usize>,
    real: f64,
    #[schemars(range(min = 1, max = 10))]
    few: u32,
    #[schemars(range(min = 0.5))]
    share: Option<f32>,
    #[serde(default)]
    count: u16,
    #[serde(default)]
    sure: bool,
    #[serde(default)]
    unsure: Option<bool>,
}

#[test]
fn numbers_have_the_bounds_of_their_types() {
    let exact = (1_u64 << 53) - 1;
    let expected = json!({
        "byte": {"type": "integer", "minimum": 0, "maximum": 255},
        "half": {"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX},
        "long": {"type": "integer", "minimum": 0, "maximum": exact},
        "wide": {"type": "integer", "minimum": -9_007_199_254_740_991_i64, "maximum": exact},
        "maybe": {"type": "integer", "minimum": 0, "maximum": exact},
        "real": {"type": "number"},
        "few": {"type": "integer", "minimum": 1, "maximum": 10},
        "share": {"type": "number", "minimum": 0.5},
        "count": {"type": "integer", "minimum": 0, "maximum": 65535, "default": 0},
        "sure": {"type": "boolean", "default": false},
        "unsure": {"type": "boolean"},
    });
    assert_eq!(fields(&form_of::<Numbers>().unwrap()), &expected);
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Selections {
    plain: Plain,
    titled: Titled,
    maybe: Option<Plain>,
    /// How large?
    maybe_titled: Option<Titled>,
    #[schemars(length(min = 1, max = 2))]
    some: Vec<Plain>,
    titles: BTreeSet<Titled>,
    maybe_some: Option<Vec<Plain>>,
    #[serde(default)]
    none: Vec<Titled>,
    #[serde(default = "red")]
    favourite: Plain,
}

const fn red() -> Plain {
    Plain::Red
}

impl serde::Serialize for Plain {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *self == Self::Red { "red" } else { "green" })
    }
}

impl serde::Serialize for Titled {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

#[test]
fn enums_are_one_of_several_and_lists_of_them_some() {
    let titles = json!([
        {"const": "other", "title": "other"},
        {"const": "small", "title": "Fits in a pocket."},
        {"const": "large", "title": "Quite large"},
    ]);
    let plain = json!({"type": "string", "enum": ["red", "green"]});
    let expected = json!({
        "plain": plain,
        "titled": {"type": "string", "oneOf": titles},
        "maybe": plain,
        "maybe_titled": {"type": "string", "description": "How large?", "oneOf": titles},
        "some": {"type": "array", "minItems": 1, "maxItems": 2, "items": plain},
        "titles": {"type": "array", "items": {"anyOf": titles}},
        "maybe_some": {"type": "array", "items": plain},
        "none": {"type": "array", "items": {"anyOf": titles}, "default": []},
        "favourite": {"type": "string", "enum": ["red", "green"], "default": "red"},
    });
    let form = form_of::<Selections>().unwrap();
    assert_eq!(fields(&form), &expected);
    assert_eq!(form["required"], json!(["plain", "titled", "some", "titles"]));
}

#[test]
fn a_form_stays_as_it_is() {
    let written = json!({"type": "object", "required": ["a"], "properties": {
        "a": {"type": "integer"},
        "b": {"type": "string", "enum": ["x", "y"], "enumNames": ["X", "Y"], "default": "x"},
        "c": {"type": "array", "items": {"anyOf": [{"const": "x", "title": "X"}]}, "default": ["x"]},
        "d": {"type": "string", "oneOf": [{"const": "x", "title": "X"}], "title": "D"},
        "e": {"type": "number", "minimum": 0.5, "maximum": 1},
        "f": {"type": "boolean", "default": true}
    }});
    let forms =
        [Some(written), form_of::<Texts>().ok().map(Value::Object), form_of::<Selections>().ok().map(Value::Object)];
    for schema in forms {
        let schema = schema.unwrap();
        assert_eq!(form(schema.clone()).map(Value::Object), Ok(schema));
    }
}

#[derive(Deserialize, JsonSchema)]
struct Inner {
    #[expect(dead_code, reason = "only its schema is looked at")]
    a: u8,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
enum WithData {
    A(u8),
    B,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Deep {
    deeper: Option<Box<Deep>>,
}

/// What a field of a type is refused for.
fn refused<T: JsonSchema>() -> String {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct With<T> {
        field: T,
    }
    let error = form_of::<With<T>>().unwrap_err();
    let NotAForm::Field { field, reason } = error else { panic!("{error}") };
    assert_eq!(field, "field");
    reason
}

#[test]
fn what_forms_cannot_express_is_refused_with_the_reason() {
    assert_eq!(refused::<Inner>(), "is an object, and forms are flat");
    assert_eq!(refused::<std::collections::HashMap<String, u8>>(), "is an object, and forms are flat");
    assert_eq!(refused::<WithData>(), "may be one of several things that are not all plain text");
    assert_eq!(refused::<Vec<String>>(), "is a list of something else than an enum without data");
    assert_eq!(refused::<(u8, u8)>(), "is a list of something else than an enum without data");
    assert_eq!(refused::<Value>(), "may be anything");
    assert_eq!(refused::<()>(), "is of type \"null\"");
    assert!(refused::<std::net::IpAddr>().starts_with("has the format \"ip\""));
    assert!(form_of::<Deep>().is_err());
    for schema in [form_of::<String>(), form_of::<()>(), form_of::<Value>(), form_of::<WithData>()] {
        assert!(matches!(schema, Err(NotAForm::NoFields(_))), "{schema:?}");
    }
    assert!(form_of::<std::collections::HashMap<String, u8>>().is_err());
    let field = |schema: Value| form(json!({"type": "object", "properties": {"field": schema}}));
    let absurd = [
        json!(true),
        json!({}),
        json!({"type": "string", "pattern": "^a"}),
        json!({"type": "string", "minLength": 3, "maxLength": 2}),
        json!({"type": "string", "maxLength": u64::MAX}),
        json!({"type": "string", "maxLength": -1}),
        json!({"type": "integer", "minimum": 3, "maximum": 2}),
        json!({"type": "integer", "minimum": 0.5}),
        json!({"type": "integer", "default": "3"}),
        json!({"type": "integer", "maximum": 2, "default": 3}),
        json!({"type": "number", "multipleOf": 2}),
        json!({"type": ["string", "integer"]}),
        json!({"enum": []}),
        json!({"enum": [1, 2]}),
        json!({"enum": ["a"], "default": "b"}),
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"type": "array"}),
    ];
    for schema in absurd {
        assert!(field(schema.clone()).is_err(), "{schema}");
    }
    assert!(form(json!({"type": "object", "properties": {}, "required": ["ghost"]})).is_err());
    assert!(form(json!({"type": "object", "properties": [], "oneOf": []})).is_err());
}

#[test]
fn what_is_filled_in_is_read_with_integral_doubles_and_without_unasked_fields() {
    #[derive(Deserialize, JsonSchema, PartialEq, Debug)]
    #[serde(deny_unknown_fields)]
    struct Size {
        rooms: u32,
        area: f64,
    }
    let form = form_of::<Size>().unwrap();
    let mut answer = as_declared(&form, json!({"content": {"rooms": 3.0, "area": 60.0, "unasked": true}}));
    assert_eq!(answer["content"].to_string(), r#"{"area":60.0,"rooms":3,"unasked":true}"#);
    assert_eq!(filled_in::<Size>(&form, answer["content"].take()).unwrap(), Size { rooms: 3, area: 60.0 });
}
