//! What the head of a request says of its body, and of what it takes for an answer.

use ::http::{HeaderMap, HeaderValue, Method, header};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// Whether a body is said to be JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(JSON)
}

/// Names the types that a client takes by a pattern: the protocol layer knows only names.
pub(super) fn name_accepted(method: &Method, headers: &mut HeaderMap) {
    if !headers.get_all(header::ACCEPT).iter().any(|value| value.as_bytes().contains(&b'*')) {
        return;
    }
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<_> = values.flat_map(|value| value.split(',')).filter_map(accepted).collect();
    let takes = |range: &str| ranges.iter().any(|taken| taken.eq_ignore_ascii_case(range));
    let by_pattern = |of_its_kind: &str| takes("*/*") || takes(of_its_kind);
    let json = by_pattern("application/*");
    // Whoever posts and names no more than this is answered all the same.
    let events = by_pattern("text/*") || (*method == Method::POST && json);
    for (taken, name) in [(json, JSON), (events, EVENTS)] {
        if taken {
            headers.append(header::ACCEPT, HeaderValue::from_static(name));
        }
    }
}

/// The type or pattern of an entry of `Accept` that is not ruled out.
fn accepted(entry: &str) -> Option<String> {
    let mut parts = entry.split(';').map(str::trim);
    let range = parts.next()?.to_owned();
    let weight = parts.find_map(|parameter| parameter.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
    weight.is_ok_and(|weight| weight > 0.0).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(method: &Method, accept: &str) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        name_accepted(method, &mut headers);
        headers.get_all(header::ACCEPT).iter().skip(1).map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_taken_by_a_pattern_is_named() {
        for (accept, expected) in [
            ("*/*", &[JSON, EVENTS][..]),
            ("text/html, */*;q=0.1", &[JSON, EVENTS]),
            ("application/*", &[JSON, EVENTS]),
            ("Text/*", &[EVENTS]),
            ("*/*;q=0", &[]),
            ("text/html, image/*", &[]),
            ("application/json", &[]),
        ] {
            assert_eq!(named(&Method::POST, accept), expected, "{accept}");
        }
        assert_eq!(named(&Method::GET, "application/*"), [JSON]);
    }
}
