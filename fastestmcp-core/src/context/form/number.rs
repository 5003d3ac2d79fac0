use serde_json::{Map, Number, Value};

/// Integers that every client carries exactly: those of a double.
const EXACT: i64 = (1 << 53) - 1;

/// What an integer of Rust may be, as far as clients can tell; the formats are schemars's.
fn range_of(format: &str) -> Option<(i64, i64)> {
    Some(match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "int" | "int64" | "int128" => (-EXACT, EXACT),
        "uint" | "uint64" | "uint128" => (0, EXACT),
        _ => return None,
    })
}

/// The bounds of an integer: those it names, and those of its Rust type, so that what fits the form fits the type.
pub(super) fn integer(schema: &mut Map<String, Value>, field: &mut Map<String, Value>) -> Result<(), String> {
    let range = schema.remove("format").and_then(|format| range_of(format.as_str()?));
    // An integral double is an integer, too: macros write bounds as they like.
    let mut bound = |word: &str| match schema.remove(word) {
        None => Ok(None),
        Some(bound) => match whole_number(&bound) {
            Some(bound) => Ok(Some(bound.clamp(-i128::from(EXACT), i128::from(EXACT)))),
            None => Err(format!("has a {word} of {bound}")),
        },
    };
    let least = bound("minimum")?.into_iter().chain(range.map(|(least, _)| least.into())).max();
    let most = bound("maximum")?.into_iter().chain(range.map(|(_, most)| most.into())).min();
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        return Err("has a least number above its greatest".to_owned());
    }
    for (word, bound) in [("minimum", least), ("maximum", most)] {
        field.extend(bound.and_then(Number::from_i128).map(|bound| (word.to_owned(), Value::Number(bound))));
    }
    Ok(())
}

/// The bounds of any number.
pub(super) fn number(schema: &mut Map<String, Value>, field: &mut Map<String, Value>) -> Result<(), String> {
    schema.remove("format");
    for word in ["minimum", "maximum"] {
        match schema.remove(word) {
            None => {}
            Some(bound) if bound.is_number() => drop(field.insert(word.to_owned(), bound)),
            Some(bound) => return Err(format!("has a {word} of {bound}")),
        }
    }
    match ["minimum", "maximum"].map(|word| field.get(word).and_then(Value::as_f64)) {
        [Some(least), Some(most)] if least > most => Err("has a least number above its greatest".to_owned()),
        _ => Ok(()),
    }
}

fn whole_number(value: &Value) -> Option<i128> {
    let Value::Number(number) = value else { return None };
    if let Some(number) = number.as_i128() {
        return Some(number);
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
    #[expect(clippy::cast_possible_truncation, reason = "bounds saturate, and are clamped further")]
    Some(number as i128)
}
