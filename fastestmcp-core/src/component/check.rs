use std::sync::Arc;

use serde_json::{Map, Value};

use super::template::{InvalidTemplate, has_scheme, no_uri_has};
use super::{Completer, Description, Icon, Prompt, Resource, ResourceTemplate, Tool};
use crate::json::is_deeper;
use crate::limits::{Refused, check_delay, check_line, check_span, check_text};
use crate::time::is_rfc3339;

/// Bytes of a prompt's name at most, as of a tool's.
const LONGEST_NAME: usize = 128;
/// Bytes of a title, a type or a size at most.
const LONGEST_LINE: usize = 512;
/// Bytes of a URI at most, and of the name of what it leads to.
const LONGEST_URI: usize = 2_048;
/// Bytes of a description at most: models read all of them.
const LONGEST_DESCRIPTION: usize = 64 << 10;
/// Bytes of the URI of an icon at most: it may be the icon itself, and is a part of every list.
const LARGEST_ICON: usize = 256 << 10;
/// Bytes of `_meta` at most, and how deep it may be nested.
const LARGEST_META: usize = 256 << 10;
const DEEPEST_META: usize = 64;

/// A component that cannot be shown to clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {id:?} {problem}")]
#[non_exhaustive]
pub struct InvalidComponent {
    /// `tool`, `resource`, `resource template` or `prompt`.
    pub kind: &'static str,
    /// What clients would know it by.
    pub id: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is another that clients know by the same.
    #[error("is there twice")]
    Duplicate,
    /// A text of it.
    #[error("cannot be shown: {0}")]
    Text(Refused),
    /// What should be a URI.
    #[error("is no URI: a scheme, `:`, and no spaces")]
    NotAUri,
    /// Its template.
    #[error(transparent)]
    Template(InvalidTemplate),
    /// Its priority.
    #[error("has a priority that is not within 0 to 1")]
    Priority,
    /// When it was changed is no time that clients take; they would refuse the whole list.
    #[error("was last modified at what is no time such as 2026-11-01T12:00:00Z")]
    Time,
    /// Its `_meta`.
    #[error("has a _meta that is nested deeper than 64 or larger than 256 KiB")]
    Meta,
    /// What its handler takes.
    #[error("takes what is no struct, no map and not nothing")]
    Arguments,
    /// What is to be completed.
    #[error("cannot complete {0:?}, which it does not have")]
    NothingToComplete(String),
    /// What is to be completed by two functions.
    #[error("is told twice how to complete {0:?}")]
    CompletedTwice(String),
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Text(refused)
    }
}

impl InvalidComponent {
    pub(crate) fn new(kind: &'static str, id: &str, problem: Problem) -> Self {
        // It may be what is too long.
        Self { kind, id: id.chars().take(LONGEST_NAME).collect(), problem }
    }
}

/// What a component of any kind is checked for before a server is built of it.
pub(crate) trait Check {
    const KIND: &'static str;

    /// What clients are shown of it.
    fn check(&self) -> Result<(), Problem>;
}

impl Check for Tool {
    const KIND: &'static str = "tool";

    /// The rest of it has an error of its own.
    fn check(&self) -> Result<(), Problem> {
        check_description(self.about())
    }
}

impl Check for Resource {
    const KIND: &'static str = "resource";

    fn check(&self) -> Result<(), Problem> {
        check_uri(self.uri())?;
        check_type(self.mime_type())?;
        check_delay("its time in caches", self.caching().fresh)?;
        check_line("its name", &self.about().name, LONGEST_URI)?;
        check_description(self.about())
    }
}

impl Check for ResourceTemplate {
    const KIND: &'static str = "resource template";

    fn check(&self) -> Result<(), Problem> {
        self.fault().map_or(Ok(()), |fault| Err(Problem::Template(fault.clone())))?;
        check_type(self.mime_type())?;
        check_delay("its time in caches", self.caching().fresh)?;
        check_line("its name", &self.about().name, LONGEST_URI)?;
        check_completers(&self.completers, |variable| self.takes(variable))?;
        check_description(self.about())
    }
}

impl Check for Prompt {
    const KIND: &'static str = "prompt";

    fn check(&self) -> Result<(), Problem> {
        check_line("its name", self.name(), LONGEST_NAME)?;
        if self.schema.get("type").is_none_or(|name| name != "object") {
            return Err(Problem::Arguments);
        }
        for argument in self.arguments() {
            check_line("the name of an argument", &argument.name, LONGEST_NAME)?;
            check_text(
                "the description of an argument",
                argument.description.as_deref().unwrap_or_default(),
                LONGEST_DESCRIPTION,
            )?;
        }
        check_completers(&self.completers, |argument| self.takes(argument))?;
        check_description(self.about())
    }
}

fn check_uri(uri: &str) -> Result<(), Problem> {
    check_line("its URI", uri, LONGEST_URI)?;
    let whole = has_scheme(uri) && !uri.ends_with(':') && !uri.contains(no_uri_has);
    if whole { Ok(()) } else { Err(Problem::NotAUri) }
}

fn check_type(mime_type: Option<&str>) -> Result<(), Problem> {
    mime_type.map_or(Ok(()), |mime_type| Ok(check_line("its type", mime_type, LONGEST_LINE)?))
}

fn check_completers(completers: &[Arc<Completer>], has: impl Fn(&str) -> bool) -> Result<(), Problem> {
    for (place, completer) in completers.iter().enumerate() {
        let argument = completer.argument();
        if !has(argument) {
            return Err(Problem::NothingToComplete(argument.to_owned()));
        }
        if completers[..place].iter().any(|other| other.argument() == argument) {
            return Err(Problem::CompletedTwice(argument.to_owned()));
        }
    }
    Ok(())
}

fn check_description(about: &Description) -> Result<(), Problem> {
    let line = |what: &str, text: &Option<String>| match text {
        Some(text) => check_line(what, text, LONGEST_LINE),
        None => Ok(()),
    };
    line("its title", &about.title)?;
    check_text("its description", about.description.as_deref().unwrap_or_default(), LONGEST_DESCRIPTION)?;
    for Icon { src, mime_type, sizes, .. } in &about.icons {
        check_line("the URI of an icon", src, LARGEST_ICON)?;
        line("the type of an icon", mime_type)?;
        sizes.iter().try_for_each(|size| check_line("the size of an icon", size, LONGEST_LINE))?;
    }
    about.tags.iter().try_for_each(|tag| check_line("a tag", tag, LONGEST_LINE))?;
    if about.annotations.last_modified.as_deref().is_some_and(|time| !is_rfc3339(time)) {
        return Err(Problem::Time);
    }
    if about.annotations.priority.is_some_and(|priority| !(0.0..=1.0).contains(&priority)) {
        return Err(Problem::Priority);
    }
    about.timeout.map_or(Ok(()), |timeout| check_span("its timeout", timeout))?;
    check_meta(&about.meta)
}

fn check_meta(meta: &Map<String, Value>) -> Result<(), Problem> {
    let deep = meta.values().any(|value| is_deeper(value, DEEPEST_META));
    if deep || serde_json::to_vec(meta).map_or(usize::MAX, |bytes| bytes.len()) > LARGEST_META {
        return Err(Problem::Meta);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::context::Context;

    #[derive(Deserialize, JsonSchema)]
    struct User {
        #[expect(dead_code, reason = "only its name is looked at")]
        id: u64,
    }

    fn resource(uri: &str) -> Resource {
        Resource::new(uri, async |_cx| Ok("text"))
    }

    fn template(uri: &str) -> ResourceTemplate {
        ResourceTemplate::new(uri, async |_cx, (): ()| Ok("text"))
    }

    fn prompt(name: &str) -> Prompt {
        Prompt::new(name, async |_cx, _: User| Ok("text"))
    }

    #[test]
    fn a_resource_has_a_uri() {
        for good in ["shop://config", "file:///a", "urn:isbn:0", "x:ä", "a+b-c.d:e%20f?g#h"] {
            assert_eq!(resource(good).check(), Ok(()), "{good}");
        }
        for bad in ["config", "/a", ":a", "1:a", "x:", "x y:z", "x:y z", "x:{a}", "ä:b", "x:\u{a0}"] {
            assert_eq!(resource(bad).check(), Err(Problem::NotAUri), "{bad}");
        }
        for bad in ["", "x:\n", &format!("x:{}", "y".repeat(1 << 20))] {
            let problem = resource(bad).check().unwrap_err();
            assert!(matches!(problem, Problem::Text(_)), "{problem}");
        }
        let told = InvalidComponent::new("resource", &"y".repeat(1 << 20), Problem::NotAUri).to_string();
        assert!(told.len() < 1_000, "{told}");
    }

    #[test]
    fn absurd_texts_and_numbers_are_refused_of_every_kind() {
        let deep = (0..200).fold(json!({}), |inner, _| json!({ "a": inner }));
        let absurd = [
            resource("a:b").name("").check(),
            resource("a:b").title("").check(),
            resource("a:b").description("a\0").check(),
            resource("a:b").mime("").check(),
            resource("a:b").mime("text/plain\r\nx: y").check(),
            resource("a:b").icon(Icon::new("")).check(),
            resource("a:b").icon(Icon::new(format!("data:{}", "x".repeat(1 << 20)))).check(),
            resource("a:b").icon(Icon::new("a:b").size("")).check(),
            resource("a:b").tags([""]).check(),
            resource("a:b").meta("a", deep).check(),
            resource("a:b").meta("a", "x".repeat(1 << 20)).check(),
            resource("a:b").priority(f32::NAN).check(),
            resource("a:b").priority(1.5).check(),
            resource("a:b").last_modified("").check(),
            resource("a:b").last_modified("2026-11-01").check(),
            resource("a:b").timeout(Duration::ZERO).check(),
            resource("a:b").timeout(Duration::MAX).check(),
            resource("a:b").cache(Duration::MAX).check(),
            template("a:{b}").priority(f32::NEG_INFINITY).check(),
            template("a:{b}").cache(Duration::MAX).check(),
            prompt("").check(),
            prompt("a\nb").check(),
            prompt(&"x".repeat(200)).check(),
            prompt("p").title("x".repeat(1_000)).check(),
            Prompt::new("p", async |_cx, _: String| Ok("x")).check(),
            Check::check(&Tool::new("t", async |_cx, (): ()| Ok("x")).icon(Icon::new(""))),
        ];
        for (place, absurd) in absurd.into_iter().enumerate() {
            assert!(absurd.is_err(), "{place}");
        }
        let fine = resource("a:b").name("n").title("t").mime("a/b").icon(Icon::new("a:b").size("any")).tags(["t"]);
        assert_eq!(fine.meta("a", 1).priority(0.0).cache(Duration::from_secs(60)).check(), Ok(()));
    }

    #[test]
    fn a_template_gives_what_its_handler_needs() {
        let of_user = |uri: &str| ResourceTemplate::new(uri, async |_cx: Context, _: User| Ok("text"));
        assert_eq!(of_user("shop://{id}").check(), Ok(()));
        assert_eq!(of_user("shop://{?id}").check(), Ok(()));
        let missing = Problem::Template(InvalidTemplate::Missing("id".to_owned()));
        assert_eq!(of_user("shop://{ident}").check(), Err(missing));
        assert_eq!(template("{+all}").check(), Err(Problem::Template(InvalidTemplate::NoScheme)));
    }

    #[test]
    fn only_what_there_is_is_completed_and_by_one() {
        let none = async |_cx: Context, _: &str| Ok(Vec::<String>::new());
        let nothing = |name: &str| Err(Problem::NothingToComplete(name.to_owned()));
        assert_eq!(prompt("p").complete("id", none).check(), Ok(()));
        assert_eq!(prompt("p").complete("ident", none).check(), nothing("ident"));
        assert_eq!(template("a:{b}").complete("b", none).check(), Ok(()));
        assert_eq!(template("a:{b}").complete("c", none).check(), nothing("c"));
        let twice = Err(Problem::CompletedTwice("id".to_owned()));
        assert_eq!(
            prompt("p").complete("id", none).complete_with("id", 7, async |_: u8, _cx, _: &str| Ok([""])).check(),
            twice
        );
    }
}
