//! Which values make a URI of a template, in time that grows with both and with nothing else.

use serde_json::{Map, Value};

use super::invalid::InvalidTemplate;
use super::parse::{Parsed, Step, parse};

/// Longer URIs are none that a template makes.
const LONGEST_URI: usize = 8 << 10;

/// A template, ready to be matched with.
#[derive(Debug)]
pub(super) struct UriTemplate {
    steps: Vec<Step>,
    variables: Vec<String>,
}

impl UriTemplate {
    pub(super) fn parse(template: &str) -> Result<Self, InvalidTemplate> {
        let Parsed { steps, variables, .. } = parse(template)?;
        Ok(Self { steps, variables })
    }

    pub(super) fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The values that make this URI of the template, decoded; what is not there is left out. Where there are several
    /// ways, each value is as short as it can be, from the first on.
    pub(super) fn values(&self, uri: &str) -> Option<Map<String, Value>> {
        if uri.len() > LONGEST_URI {
            return None;
        }
        if let Some(Step::Text(first)) = self.steps.first()
            && !uri.starts_with(first)
        {
            return None;
        }
        let fits = self.fits(uri);
        let (mut step, mut at) = (0, 0);
        if !fits.is(step, at) {
            return None;
        }
        let mut values = Map::new();
        while let Some(next) = self.steps.get(step) {
            step += 1;
            match next {
                Step::Text(text) => at += text.len(),
                Step::Or(other) if !fits.is(step, at) => step = *other,
                Step::Or(_) => {}
                Step::To(other) => step = *other,
                Step::Value { variable, may_be_empty, .. } => {
                    let least = at + usize::from(!may_be_empty);
                    let end = (least..=uri.len()).find(|end| fits.is(step, *end))?;
                    let value = decoded(uri.get(at..end)?)?;
                    values.insert(self.variables[*variable].clone(), Value::String(value));
                    at = end;
                }
            }
        }
        Some(values)
    }

    /// For each step and place whether the rest of the URI fits from there on: found from the end, for steps only lead
    /// forward.
    fn fits(&self, uri: &str) -> Fits {
        let (bytes, end) = (uri.as_bytes(), self.steps.len());
        let mut fits = Fits { width: uri.len() + 1, cells: vec![false; (end + 1) * (uri.len() + 1)] };
        fits.set(end, uri.len());
        for (index, step) in self.steps.iter().enumerate().rev() {
            // Within a value, from here on.
            let mut within = false;
            for at in (0..=uri.len()).rev() {
                let fit = match step {
                    Step::Text(text) => bytes[at..].starts_with(text.as_bytes()) && fits.is(index + 1, at + text.len()),
                    Step::Or(other) => fits.is(index + 1, at) || fits.is(*other, at),
                    Step::To(other) => fits.is(*other, at),
                    Step::Value { set, may_be_empty, .. } => {
                        let longer = within && bytes.get(at).is_some_and(|byte| set.has(*byte));
                        let ends = fits.is(index + 1, at) && uri.is_char_boundary(at);
                        within = longer || ends;
                        if *may_be_empty { within } else { longer }
                    }
                };
                if fit {
                    fits.set(index, at);
                }
            }
        }
        fits
    }
}

struct Fits {
    width: usize,
    cells: Vec<bool>,
}

impl Fits {
    fn is(&self, step: usize, at: usize) -> bool {
        self.cells[step * self.width + at]
    }

    fn set(&mut self, step: usize, at: usize) {
        self.cells[step * self.width + at] = true;
    }
}

/// A value as it was before it was put into the URI; `None` if it never was one.
fn decoded(text: &str) -> Option<String> {
    let (mut decoded, mut bytes) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? * 16 + hex(bytes.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(template: &str, uri: &str) -> Option<Value> {
        UriTemplate::parse(template).unwrap().values(uri).map(Value::Object)
    }

    #[test]
    fn what_a_template_expands_to_gives_its_values_back() {
        // The examples of RFC 6570 up to level 3, behind a scheme.
        let cases = [
            ("x:{var}", "x:value", json!({"var": "value"})),
            ("x:{hello}", "x:Hello%20World%21", json!({"hello": "Hello World!"})),
            ("x:{+path}/here", "x:/foo/bar/here", json!({"path": "/foo/bar"})),
            ("x:here?ref={+path}", "x:here?ref=/foo/bar", json!({"path": "/foo/bar"})),
            ("x:X{#var}", "x:X#value", json!({"var": "value"})),
            ("x:map?{x,y}", "x:map?1024,768", json!({"x": "1024", "y": "768"})),
            ("x:{+x,hello,y}", "x:1024,Hello%20World!,768", json!({"x": "1024", "hello": "Hello World!", "y": "768"})),
            ("x:{+path,x}/here", "x:/foo/bar,1024/here", json!({"path": "/foo/bar", "x": "1024"})),
            ("x:{#path,x}/here", "x:#/foo/bar,1024/here", json!({"path": "/foo/bar", "x": "1024"})),
            ("x:X{.x,y}", "x:X.1024.768", json!({"x": "1024", "y": "768"})),
            ("x:{/var,x}/here", "x:/value/1024/here", json!({"var": "value", "x": "1024"})),
            ("x:{;x,y,empty}", "x:;x=1024;y=768;empty", json!({"x": "1024", "y": "768"})),
            ("x:{?x,y,empty}", "x:?x=1024&y=768&empty=", json!({"x": "1024", "y": "768", "empty": ""})),
            ("x:?fixed=yes{&x}", "x:?fixed=yes&x=1024", json!({"x": "1024"})),
            ("x:{&x,y,empty}", "x:&x=1024&y=768&empty=", json!({"x": "1024", "y": "768", "empty": ""})),
            // What is not defined is left out.
            ("x:a{?x,y,z}", "x:a", json!({})),
            ("x:a{?x,y,z}", "x:a?z=1", json!({"z": "1"})),
            ("x:a{?x,y,z}", "x:a?x=1&z=2", json!({"x": "1", "z": "2"})),
            ("x:a{/b}{#c}", "x:a", json!({})),
            ("x:a{/b}{#c}", "x:a/b#c/d", json!({"b": "b", "c": "c/d"})),
            // Of several ways the one with the shortest values.
            ("x:{+path}{?page}", "x:a/b?page=2", json!({"path": "a/b", "page": "2"})),
            ("x:{name}{.type}", "x:a.tar.gz", json!({"name": "a", "type": "tar.gz"})),
            ("x:{a}-{b}", "x:1-2-3", json!({"a": "1", "b": "2-3"})),
            ("x:{name}.json", "x:a.json.json", json!({"name": "a.json"})),
            ("x:{name}", "x:äß%C3%A4", json!({"name": "äßä"})),
            ("x:{a}", "x:..%2F..%2Fetc", json!({"a": "../../etc"})),
        ];
        for (template, uri, expected) in cases {
            assert_eq!(values(template, uri), Some(expected), "{template} {uri}");
        }
    }

    #[test]
    fn other_uris_are_not_of_a_template() {
        let cases = [
            ("x:users/{id}", "x:users/"),
            ("x:users/{id}", "x:users/1/2"),
            ("x:users/{id}", "x:users/1?a=b"),
            ("x:users/{id}", "x:users/1 2"),
            ("x:users/{id}", "x:users/1\0"),
            ("x:users/{id}", "x:users/%4"),
            ("x:users/{id}", "x:users/%zz"),
            ("x:users/{id}", "x:users/%ff"),
            ("x:users/{id}", "X:users/1"),
            ("x:users/{id}", "users/1"),
            ("x:users/{id}", ""),
            ("x:a{?x,y}", "x:a?"),
            ("x:a{?x,y}", "x:a?z=1"),
            ("x:a{?x,y}", "x:a?x=1&x=2"),
            ("x:a{?x,y}", "x:a&y=1"),
        ];
        for (template, uri) in cases {
            assert_eq!(values(template, uri), None, "{template} {uri}");
        }
    }

    #[test]
    fn templates_that_tell_nothing_apart_are_refused_with_the_reason() {
        use InvalidTemplate as Invalid;
        let cases = [
            ("", Invalid::NoScheme),
            ("{+all}", Invalid::NoScheme),
            ("{scheme}://a", Invalid::NoScheme),
            ("users/{id}", Invalid::NoScheme),
            ("1:{id}", Invalid::NoScheme),
            ("x:a", Invalid::NoVariable),
            ("x:{a", Invalid::Unbalanced),
            ("x:a}", Invalid::Unbalanced),
            ("x:{a}}", Invalid::Unbalanced),
            ("x:a b{c}", Invalid::NotOfAUri(' ')),
            ("x:{}", Invalid::Name(String::new())),
            ("x:{a,}", Invalid::Name(String::new())),
            ("x:{ä}", Invalid::Operator('ä')),
            ("x:{aä}", Invalid::Name("aä".to_owned())),
            ("x:{a{b}}", Invalid::Name("a{b".to_owned())),
            ("x:{!a}", Invalid::Operator('!')),
            ("x:{a:3}", Invalid::Modifier("a".to_owned())),
            ("x:{/a*}", Invalid::Modifier("a".to_owned())),
            ("x:{a}/{a}", Invalid::Twice("a".to_owned())),
            ("x:{a}{b}", Invalid::Adjacent("a".to_owned())),
            ("x:{+a}{b}", Invalid::Adjacent("a".to_owned())),
        ];
        for (template, expected) in cases {
            assert_eq!(UriTemplate::parse(template).unwrap_err(), expected, "{template}");
        }
        let many = (0..40).map(|index| format!("/{{a{index}}}")).collect::<String>();
        assert_eq!(UriTemplate::parse(&format!("x:{many}")).unwrap_err(), Invalid::TooMany);
        assert_eq!(UriTemplate::parse(&format!("x:{}{{a}}", "y".repeat(2_000))).unwrap_err(), Invalid::TooLong);
    }

    #[test]
    fn no_uri_takes_a_template_long() {
        let names = (0..16).map(|index| format!("a{index}")).collect::<Vec<_>>().join(",");
        let template = UriTemplate::parse(&format!("x:{{+b}}a{{+c}}a{{+d}}a{{+e}}a{{?{names}}}")).unwrap();
        // What grows with every variable would not come to an end.
        assert_eq!(template.values(&format!("x:{}", "a".repeat(8_000))).map(|values| values.len()), Some(4));
        assert_eq!(template.values(&format!("x:{}\n", "a".repeat(8_000))), None);
        assert_eq!(template.values(&format!("x:{}", "a".repeat(1 << 20))), None, "too long for any");
    }
}
