//! How deep JSON may be nested that comes from authors and clients (contract R8).
//!
//! What is stored is wrapped in records of our own, and a parser reads only so many levels: what is nested deeper than
//! this could be written and never be read again, so it is refused before it is stored.

use serde::Serialize;
use serde_json::Value;

/// Levels that a value of an author or client may have; the rest is for what we wrap around it.
pub const MAX_DEPTH: usize = 100;
/// Levels that the parser reads.
const READABLE: usize = 127;

/// A value is nested deeper than [`MAX_DEPTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value is nested deeper than {MAX_DEPTH} levels")]
pub struct TooDeep;

/// Checks a value.
///
/// # Errors
/// It is nested too deeply.
pub fn check_depth(value: &Value) -> Result<(), TooDeep> {
    if is_deeper(value, MAX_DEPTH) { Err(TooDeep) } else { Ok(()) }
}

/// Writes a value down, if it is nested at most `levels` deep.
fn to_vec_within<T: Serialize + ?Sized>(value: &T, levels: usize) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(value)?;
    check_written(&json, levels).map_err(serde::ser::Error::custom)?;
    Ok(json)
}

/// Writes down a value of an author.
///
/// # Errors
/// It does not serialize, or is nested too deeply.
pub(crate) fn value_to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    to_vec_within(value, MAX_DEPTH)
}

/// Writes down a record of ours.
///
/// # Errors
/// It does not serialize, or could not be read back.
pub(crate) fn record_to_vec<T: Serialize + ?Sized>(record: &T) -> Result<Vec<u8>, serde_json::Error> {
    to_vec_within(record, READABLE)
}

fn check_written(json: &[u8], levels: usize) -> Result<(), TooDeep> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' if depth == levels => return Err(TooDeep),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a value is nested deeper than `levels`.
pub(crate) fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(fields) => levels == 0 || fields.values().any(|field| is_deeper(field, levels - 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(
            json!("]}\\\"[{"),
            |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "k[": inner }) },
        )
    }

    #[test]
    fn a_value_has_at_most_a_hundred_levels_also_as_it_is_written() {
        for (levels, expected) in [(0, Ok(())), (99, Ok(())), (100, Ok(())), (101, Err(TooDeep)), (120, Err(TooDeep))] {
            let value = nested(levels);
            assert_eq!(check_depth(&value), expected, "{levels}");
            assert_eq!(value_to_vec(&value).is_ok(), expected.is_ok(), "{levels}");
        }
    }

    #[test]
    fn brackets_side_by_side_are_not_nested() {
        assert!(value_to_vec(&vec![json!([{}]); 1_000]).is_ok());
    }

    #[test]
    fn what_is_written_as_a_record_is_read_back_and_what_could_not_be_is_refused() {
        let written = record_to_vec(&nested(READABLE)).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), nested(READABLE));
        assert!(record_to_vec(&nested(READABLE + 1)).is_err());
        let unread = serde_json::to_vec(&nested(READABLE + 1)).unwrap();
        assert!(serde_json::from_slice::<Value>(&unread).is_err(), "the limit is the parser's");
    }
}
