use serde_json::{Map, Value, json};

/// Values that one can choose from.
pub(super) struct Choices {
    choices: Vec<(String, Option<String>)>,
    /// What an older revision puts beside untitled choices.
    names: Option<Value>,
}

impl Choices {
    /// Takes what says so out of a schema; `None` if nothing does.
    pub(super) fn take(schema: &mut Map<String, Value>) -> Result<Option<Self>, String> {
        let mut choices = Vec::new();
        if let Some(branches) = schema.remove("oneOf").or_else(|| schema.remove("anyOf")) {
            for branch in branches.as_array().into_iter().flatten() {
                branch_of(branch, &mut choices).ok_or("may be one of several things that are not all plain text")?;
            }
        } else if schema.contains_key("enum") || schema.contains_key("const") {
            let mut branch = Map::new();
            for word in ["enum", "const"] {
                branch.extend(schema.remove(word).map(|value| (word.to_owned(), value)));
            }
            branch_of(&Value::Object(branch), &mut choices).ok_or("is an enum of something else than text")?;
        } else {
            return Ok(None);
        }
        match schema.remove("type") {
            None => {}
            Some(name) if name == "string" => {}
            Some(name) => return Err(format!("is an enum of type {name}")),
        }
        if choices.is_empty() {
            return Err("has nothing to choose from".to_owned());
        }
        Ok(Some(Self { choices, names: schema.remove("enumNames") }))
    }

    fn are_titled(&self) -> bool {
        self.choices.iter().any(|(_, title)| title.is_some())
    }

    fn titled(self) -> Value {
        let choice = |(value, title): (String, Option<String>)| {
            let title = title.unwrap_or_else(|| value.clone());
            json!({ "const": value, "title": title })
        };
        self.choices.into_iter().map(choice).collect()
    }

    fn untitled(self) -> Value {
        self.choices.into_iter().map(|(value, _)| value).collect()
    }

    /// A field with one of them.
    pub(super) fn into_one(mut self, field: &mut Map<String, Value>) {
        field.extend(self.names.take().map(|names| ("enumNames".to_owned(), names)));
        if self.are_titled() {
            field.insert("oneOf".to_owned(), self.titled());
        } else {
            field.insert("enum".to_owned(), self.untitled());
        }
    }

    /// The items of a list of them.
    pub(super) fn into_items(self) -> Map<String, Value> {
        if self.are_titled() {
            Map::from_iter([("anyOf".to_owned(), self.titled())])
        } else {
            Map::from_iter([("type".to_owned(), "string".into()), ("enum".to_owned(), self.untitled())])
        }
    }
}

/// The choices of one branch: one with its title or docs, or several without; `None` if they are not all text.
fn branch_of(branch: &Value, choices: &mut Vec<(String, Option<String>)>) -> Option<()> {
    if let Some(value) = branch.get("const") {
        let words = ["title", "description"].into_iter().find_map(|word| branch.get(word)?.as_str());
        choices.push((value.as_str()?.to_owned(), words.map(str::to_owned)));
        return Some(());
    }
    for value in branch.get("enum")?.as_array()? {
        choices.push((value.as_str()?.to_owned(), None));
    }
    Some(())
}
