use serde_json::{Number, Value};

/// Integers up to this size are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The same value with every integral double as an integer. To JSON Schema 3.0 is an integer, and models write it so;
/// serde takes it for none.
pub(crate) fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(whole_number(&number).unwrap_or(number)),
        Value::Array(values) => values.into_iter().map(whole).collect(),
        Value::Object(values) => values.into_iter().map(|(key, value)| (key, whole(value))).collect(),
        other => other,
    }
}

/// Whether [`whole`] would change it.
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
