//! Typed values out of named texts: what MCP gives a prompt and what a URI gives a template are texts only.

use std::fmt::Display;

use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// Reads a struct, a map or nothing out of an object of texts. A field that is no text reads its own out of one: `7` for a
/// number, `true`, the name of a variant, JSON for a list or an object. What is no text is read as it is.
pub(super) fn decode<A: DeserializeOwned>(arguments: &Value) -> Result<A, String> {
    match arguments {
        Value::Object(texts) => A::deserialize(Texts(texts)).map_err(|error| error.to_string()),
        _ => Err("they are no object".to_owned()),
    }
}

struct Texts<'t>(&'t Map<String, Value>);

impl<'de> Deserializer<'de> for Texts<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let named = self.0.iter().map(|(name, value)| (name.as_str(), Text { name, value }));
        visitor.visit_map(MapDeserializer::new(named))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// One of them.
#[derive(Clone, Copy)]
struct Text<'t> {
    name: &'t str,
    value: &'t Value,
}

impl Text<'_> {
    fn wrong(self, reason: impl Display) -> Error {
        Error::custom(format_args!("{}: {reason}", self.name))
    }
}

impl<'de> IntoDeserializer<'de, Error> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads a value out of a text by `FromStr`.
macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let Some(text) = self.value.as_str() else { return self.deserialize_any(visitor) };
            let value = text.parse::<$type>().map_err(|error| self.wrong(error))?;
            visitor.$visit(value).map_err(|error: Error| self.wrong(error))
        })*
    };
}

/// Reads a number that JSON has a word for.
macro_rules! finite {
    ($($method:ident $visit:ident $type:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let Some(text) = self.value.as_str() else { return self.deserialize_any(visitor) };
            let value = text.parse::<$type>().map_err(|error| self.wrong(error))?;
            if !value.is_finite() {
                return Err(self.wrong("is no finite number"));
            }
            visitor.$visit(value).map_err(|error: Error| self.wrong(error))
        })*
    };
}

/// Reads what only JSON has a form for.
macro_rules! nested {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Error> {
            $(let _ = $argument;)*
            let Some(text) = self.value.as_str() else { return self.deserialize_any(visitor) };
            let value: Value = serde_json::from_str(text).map_err(|error| self.wrong(error))?;
            value.deserialize_any(visitor).map_err(|error| self.wrong(error))
        })*
    };
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::String(text) => visitor.visit_str(text).map_err(|error: Error| self.wrong(error)),
            value => value.deserialize_any(visitor).map_err(|error| self.wrong(error)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.value.deserialize_enum(name, variants, visitor).map_err(|error| self.wrong(error))
    }

    parsed! {
        deserialize_bool visit_bool bool;
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_i128 visit_i128 i128;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
    }

    finite! {
        deserialize_f32 visit_f32 f32;
        deserialize_f64 visit_f64 f64;
    }

    nested! {
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::component::NoArgs;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Language {
        Rust,
        Ada,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Id(u64);

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Fields {
        text: String,
        id: Option<Id>,
        small: i8,
        ratio: f64,
        sure: bool,
        letter: Option<char>,
        language: Option<Language>,
        list: Vec<u8>,
        map: BTreeMap<String, u8>,
        any: Value,
    }

    #[test]
    fn a_field_of_any_type_is_read_out_of_a_text_or_out_of_what_it_is() {
        let texts = json!({
            "text": "7", "id": "7", "small": "-7", "ratio": "0.5", "sure": "true", "letter": "ä", "language": "ada",
            "list": "[1,2]", "map": r#"{"a":1}"#, "any": "[1]"
        });
        let values = json!({
            "text": "7", "id": 7, "small": -7, "ratio": 0.5, "sure": true, "letter": "ä", "language": "ada",
            "list": [1, 2], "map": { "a": 1 }, "any": "[1]"
        });
        let expected = Fields {
            text: "7".to_owned(),
            id: Some(Id(7)),
            small: -7,
            ratio: 0.5,
            sure: true,
            letter: Some('ä'),
            language: Some(Language::Ada),
            list: vec![1, 2],
            map: BTreeMap::from([("a".to_owned(), 1)]),
            any: json!("[1]"),
        };
        assert_eq!(decode::<Fields>(&texts).as_ref(), Ok(&expected));
        assert_eq!(decode::<Fields>(&values).as_ref(), Ok(&expected));
        assert_eq!(decode::<Fields>(&json!({ "id": null })), Ok(Fields::default()));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_the_name_of_the_field() {
        let absurd = [
            json!({ "small": "128" }),
            json!({ "small": "" }),
            json!({ "small": "1.5" }),
            json!({ "small": [] }),
            json!({ "ratio": "NaN" }),
            json!({ "ratio": "inf" }),
            json!({ "ratio": "1e999" }),
            json!({ "ratio": "x" }),
            json!({ "sure": "yes" }),
            json!({ "letter": "ab" }),
            json!({ "language": "Cobol" }),
            json!({ "text": 7 }),
            json!({ "list": "1,2" }),
            json!({ "list": "[300]" }),
            json!({ "map": "[]" }),
            json!({ "list": "[".repeat(100_000) }),
        ];
        for absurd in absurd {
            let error = decode::<Fields>(&absurd).unwrap_err();
            let name = absurd.as_object().unwrap().keys().next().unwrap();
            assert!(error.starts_with(&format!("{name}: ")) && error.len() < 200, "{error}");
        }
        for no_object in [json!(null), json!([]), json!("a")] {
            assert!(decode::<Fields>(&no_object).is_err());
        }
    }

    #[test]
    fn nothing_is_read_out_of_whatever_there_is() {
        assert!(decode::<()>(&json!({ "a": "b" })).is_ok() && decode::<NoArgs>(&json!({ "a": "b" })).is_ok());
        let all = decode::<BTreeMap<String, String>>(&json!({ "a": "b" }));
        assert_eq!(all, Ok(BTreeMap::from([("a".to_owned(), "b".to_owned())])));
    }
}
