//! Templates of RFC 6570, up to level 3, as steps that URIs are matched by.

use std::ops::Range;

use super::invalid::InvalidTemplate;

const LONGEST: usize = 1_024;
const MOST_VARIABLES: usize = 32;
/// Of level 3; a variable without one is of level 1.
const OPERATORS: &str = "+#./;&?";

/// A step of a match. Steps only lead forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This text.
    Text(String),
    /// The value of a variable.
    Value { variable: usize, set: Set, may_be_empty: bool },
    /// The next step, or else that one.
    Or(usize),
    /// That step.
    To(usize),
}

/// The characters of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// Up to whatever delimits the parts of a URI.
    Segment,
    /// Up to the next parameter of a query.
    Query,
    /// Everything.
    Reserved,
}

impl Set {
    pub(super) const fn has(self, byte: u8) -> bool {
        if byte <= b' ' || byte == 0x7f {
            return false;
        }
        match self {
            Self::Segment => !matches!(byte, b'/' | b'?' | b'#' | b',' | b'&' | b';'),
            Self::Query => !matches!(byte, b'&' | b'#'),
            Self::Reserved => true,
        }
    }
}

/// The steps of a template and its variables.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) steps: Vec<Step>,
    pub(super) variables: Vec<String>,
    /// The variable whose value the last step is, if nothing ends it.
    open: Option<usize>,
}

pub(super) fn parse(template: &str) -> Result<Parsed, InvalidTemplate> {
    if template.len() > LONGEST {
        return Err(InvalidTemplate::TooLong);
    }
    if !has_scheme(template) {
        return Err(InvalidTemplate::NoScheme);
    }
    let (mut parsed, mut rest) = (Parsed::default(), template);
    while !rest.is_empty() {
        let (text, after) = rest.split_once('{').unwrap_or((rest, ""));
        parsed.text(text)?;
        if text.len() == rest.len() {
            break;
        }
        let (expression, after) = after.split_once('}').ok_or(InvalidTemplate::Unbalanced)?;
        parsed.expression(expression)?;
        rest = after;
    }
    if parsed.variables.is_empty() { Err(InvalidTemplate::NoVariable) } else { Ok(parsed) }
}

/// Whether a text begins with the scheme of a URI.
pub(in crate::component) fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// A character that stands in no URI, not even in one of other scripts.
pub(in crate::component) fn no_uri_has(c: char) -> bool {
    c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

impl Parsed {
    fn text(&mut self, text: &str) -> Result<(), InvalidTemplate> {
        if text.contains('}') {
            return Err(InvalidTemplate::Unbalanced);
        }
        if let Some(c) = text.chars().find(|c| no_uri_has(*c)) {
            return Err(InvalidTemplate::NotOfAUri(c));
        }
        if !text.is_empty() {
            self.push_text(text);
        }
        Ok(())
    }

    fn expression(&mut self, expression: &str) -> Result<(), InvalidTemplate> {
        let operator = expression.chars().next().filter(|c| !is_of_a_name(*c));
        if let Some(other) = operator.filter(|operator| !OPERATORS.contains(*operator)) {
            return Err(InvalidTemplate::Operator(other));
        }
        let names = operator.map_or(expression, |operator| &expression[operator.len_utf8()..]);
        let from = self.variables.len();
        for name in names.split(',') {
            self.declare(name)?;
        }
        let variables = from..self.variables.len();
        match operator {
            None => self.list(Set::Segment, variables),
            Some('+') => self.list(Set::Reserved, variables),
            Some('#') => {
                let or = self.reserve();
                self.push_text("#");
                self.list(Set::Reserved, variables)?;
                self.end_option(or);
                Ok(())
            }
            Some(operator @ ('.' | '/')) => {
                for variable in variables {
                    let or = self.reserve();
                    self.push_text(operator.encode_utf8(&mut [0; 4]));
                    self.push_value(variable, Set::Segment, false)?;
                    self.end_option(or);
                }
                Ok(())
            }
            Some(';') => {
                for variable in variables {
                    let or = self.reserve();
                    self.push_text(&format!(";{}", self.variables[variable]));
                    // Without a value it has no `=` either.
                    let or_value = self.reserve();
                    self.push_text("=");
                    self.push_value(variable, Set::Segment, false)?;
                    self.end_option(or_value);
                    self.end_option(or);
                }
                Ok(())
            }
            Some('&') => {
                for variable in variables {
                    self.parameter('&', variable)?;
                }
                Ok(())
            }
            Some(_) => self.query(variables),
        }
    }

    fn declare(&mut self, name: &str) -> Result<(), InvalidTemplate> {
        if let Some((name, _)) = name.split_once([':', '*']) {
            return Err(InvalidTemplate::Modifier(name.to_owned()));
        }
        if name.is_empty() || !name.chars().all(|c| is_of_a_name(c) || c == '.') || name.starts_with('.') {
            return Err(InvalidTemplate::Name(name.to_owned()));
        }
        if self.variables.iter().any(|known| known == name) {
            return Err(InvalidTemplate::Twice(name.to_owned()));
        }
        if self.variables.len() == MOST_VARIABLES {
            return Err(InvalidTemplate::TooMany);
        }
        self.variables.push(name.to_owned());
        Ok(())
    }

    /// Values with commas between them.
    fn list(&mut self, set: Set, variables: Range<usize>) -> Result<(), InvalidTemplate> {
        for variable in variables.clone() {
            if variable > variables.start {
                self.push_text(",");
            }
            self.push_value(variable, set, false)?;
        }
        Ok(())
    }

    /// Parameters in their order, each of which may be left out: the first that is there begins with `?`.
    fn query(&mut self, variables: Range<usize>) -> Result<(), InvalidTemplate> {
        let mut to_rest = Vec::new();
        for variable in variables.clone() {
            let or = self.reserve();
            self.push_text(&format!("?{}=", self.variables[variable]));
            self.push_value(variable, Set::Query, true)?;
            to_rest.push((self.reserve(), variable));
            self.end_option(or);
        }
        let to_end = self.reserve();
        // Of all but the first: after any of them.
        let mut places = Vec::new();
        for variable in variables.clone().skip(1) {
            places.push((variable, self.steps.len()));
            self.parameter('&', variable)?;
        }
        let end = self.steps.len();
        self.steps[to_end] = Step::To(end);
        for (step, variable) in to_rest {
            let rest = places.iter().find(|(next, _)| *next == variable + 1).map_or(end, |(_, place)| *place);
            self.steps[step] = Step::To(rest);
        }
        self.open = None;
        Ok(())
    }

    fn parameter(&mut self, before: char, variable: usize) -> Result<(), InvalidTemplate> {
        let or = self.reserve();
        self.push_text(&format!("{before}{}=", self.variables[variable]));
        self.push_value(variable, Set::Query, true)?;
        self.end_option(or);
        Ok(())
    }

    fn push_text(&mut self, text: &str) {
        self.open = None;
        self.steps.push(Step::Text(text.to_owned()));
    }

    fn push_value(&mut self, variable: usize, set: Set, may_be_empty: bool) -> Result<(), InvalidTemplate> {
        if let Some(open) = self.open {
            return Err(InvalidTemplate::Adjacent(self.variables[open].clone()));
        }
        self.open = Some(variable);
        self.steps.push(Step::Value { variable, set, may_be_empty });
        Ok(())
    }

    /// A place for a step that is not known yet.
    fn reserve(&mut self) -> usize {
        self.steps.push(Step::To(self.steps.len() + 1));
        self.steps.len() - 1
    }

    /// What was put since then may be left out.
    fn end_option(&mut self, since: usize) {
        self.steps[since] = Step::Or(self.steps.len());
    }
}

const fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
