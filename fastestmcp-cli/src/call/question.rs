use std::collections::HashMap;
use std::io::{BufRead, IsTerminal};

use serde_json::{Map, Value, json};

use super::field;
use super::plain;
use super::stop::Stop;

/// What a question is answered with: by its key, else by whoever sits at the terminal.
pub(super) struct Answers(HashMap<String, Value>);

impl Answers {
    /// Each is `KEY=JSON`, `KEY=decline` or `KEY=cancel`.
    pub(super) fn parse(options: &[String]) -> Result<Self, Stop> {
        let mut answers = HashMap::new();
        for option in options {
            let (key, answer) =
                option.split_once('=').ok_or_else(|| Stop::Usage(format!("--answer {option:?} is not KEY=JSON")))?;
            let answer = match answer {
                "decline" | "cancel" => json!({ "action": answer }),
                fields => match serde_json::from_str(fields) {
                    Ok(Value::Object(fields)) => json!({ "action": "accept", "content": fields }),
                    _ => {
                        let wrong =
                            format!("--answer {key}: {fields:?} is neither a JSON object nor decline nor cancel");
                        return Err(Stop::Usage(wrong));
                    }
                },
            };
            if answers.insert(key.to_owned(), answer).is_some() {
                return Err(Stop::Usage(format!("--answer {key} is given twice")));
            }
        }
        Ok(Self(answers))
    }

    /// Whether a person can be asked again.
    pub(super) fn are_typed(&self) -> bool {
        self.0.is_empty() && std::io::stdin().is_terminal()
    }

    /// The answers to what is asked.
    pub(super) fn to(&self, asked: &Map<String, Value>) -> Result<Map<String, Value>, Stop> {
        let unanswered: Vec<_> = asked.iter().filter(|(key, _)| !self.0.contains_key(*key)).collect();
        if !unanswered.is_empty() && !std::io::stdin().is_terminal() {
            let questions = unanswered.iter().map(|(key, request)| described(key, request)).collect::<Vec<_>>();
            let questions = questions.join("\n  ");
            return Err(Stop::Usage(format!("answer what is asked with --answer KEY=JSON:\n  {questions}")));
        }
        asked.iter().map(|(key, request)| Ok((key.clone(), self.one(key, request)?))).collect()
    }

    fn one(&self, key: &str, request: &Value) -> Result<Value, Stop> {
        match self.0.get(key) {
            Some(answer) => Ok(answer.clone()),
            None => typed(request, &mut std::io::stdin().lock()),
        }
    }
}

/// `confirm: Book a trip to Rome? (ok: boolean)`
fn described(key: &str, request: &Value) -> String {
    let fields = fields(request).map(|(name, schema)| format!("{name}: {}", field::kind(schema)));
    format!("{key}: {} ({})", message(request), fields.collect::<Vec<_>>().join(", "))
}

fn message(request: &Value) -> &str {
    request.get("params").and_then(|params| params.get("message")?.as_str()).unwrap_or_default()
}

fn schema(request: &Value) -> Option<&Value> {
    request.get("params")?.get("requestedSchema")
}

fn fields(request: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema(request).and_then(|schema| schema.get("properties")?.as_object()).into_iter().flatten()
}

/// Asks for each field. `!` declines; the end of the input cancels.
fn typed(request: &Value, input: &mut impl BufRead) -> Result<Value, Stop> {
    eprintln!("{}", plain::lines(message(request)));
    let required = schema(request).and_then(|schema| schema.get("required")?.as_array()).into_iter().flatten();
    let required: Vec<_> = required.filter_map(Value::as_str).collect();
    let mut content = Map::new();
    for (name, schema) in fields(request) {
        let must = required.contains(&name.as_str());
        loop {
            eprint!("{}", plain::lines(&field::prompt(name, schema, must)));
            let mut line = String::new();
            match input.read_line(&mut line) {
                Ok(0) => return Ok(json!({ "action": "cancel" })),
                Ok(_) => {}
                Err(error) => return Err(Stop::Usage(format!("the terminal cannot be read: {error}"))),
            }
            match line.trim() {
                "!" => return Ok(json!({ "action": "decline" })),
                "" if !must => break,
                text => match field::value(schema, text) {
                    Ok(value) => {
                        content.insert(name.clone(), value);
                        break;
                    }
                    Err(reason) => eprintln!("  {reason}"),
                },
            }
        }
    }
    Ok(json!({ "action": "accept", "content": content }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Value {
        json!({ "method": "elicitation/create", "params": { "message": "Book?", "requestedSchema": {
            "type": "object", "required": ["ok"], "properties": {
                "ok": { "type": "boolean" }, "seats": { "type": "integer", "default": 1 }
            }
        } } })
    }

    #[test]
    fn a_person_fills_in_field_by_field_and_is_asked_again_for_what_does_not_fit() {
        let typed = |text: &str| typed(&question(), &mut text.as_bytes()).unwrap();
        assert_eq!(typed("\nperhaps\ny\n\n"), json!({ "action": "accept", "content": { "ok": true } }));
        assert_eq!(typed("no\n2\n"), json!({ "action": "accept", "content": { "ok": false, "seats": 2 } }));
        assert_eq!(typed("y\n!\n"), json!({ "action": "decline" }));
        assert_eq!(typed("y\n"), json!({ "action": "cancel" }));
    }

    #[test]
    fn options_are_answers_by_key() {
        let parse = |options: &[&str]| Answers::parse(&options.iter().map(|&o| o.to_owned()).collect::<Vec<_>>());
        let answers = parse(&["a={\"ok\":true}", "b=decline"]).unwrap();
        assert_eq!(answers.0["a"], json!({ "action": "accept", "content": { "ok": true } }));
        assert_eq!(answers.0["b"], json!({ "action": "decline" }));
        for wrong in [&["a"][..], &["a=yes"], &["a=[1]"], &["a={}", "a={}"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(described("k", &question()), "k: Book? (ok: boolean, seats: integer)");
    }
}
