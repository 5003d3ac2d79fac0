use http::{HeaderMap, header};
use rmcp::model::ProtocolVersion;

use super::Refusal;
use crate::envelope::{REVISION, SESSION};

/// Whether the client takes a type of answer, `kind/sub`.
pub(super) fn accepts(headers: &HeaderMap, kind: &str, sub: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    accepted.flat_map(|accept| accept.split(',')).any(|range| {
        let range = range.split(';').next().unwrap_or_default().trim();
        range.split_once('/').is_some_and(|(its_kind, its_sub)| {
            (its_kind == "*" && its_sub == "*")
                || (its_kind.eq_ignore_ascii_case(kind) && (its_sub == "*" || its_sub.eq_ignore_ascii_case(sub)))
        })
    })
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json"))
}

/// The revision that the request names, if any.
///
/// # Errors
/// It is none that has sessions, or none at all.
pub(super) fn revision(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(named) = headers.get(REVISION) else { return Ok(None) };
    let named = named.to_str().unwrap_or_default();
    let is_known = ProtocolVersion::KNOWN_VERSIONS.iter().any(|known| known.as_str() == named);
    if is_known { Ok(Some(named)) } else { Err(Refusal::unsupported_revision(named)) }
}

/// The session that the request names, if any.
///
/// # Errors
/// What it names can be none.
pub(super) fn session(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    headers.get(SESSION).map(|id| id.to_str().map_err(|_| Refusal::no_session())).transpose()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_range_takes_what_it_says() {
        let takes = |accept: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            (accepts(&headers, "application", "json"), accepts(&headers, "text", "event-stream"))
        };
        assert_eq!(takes("application/json, text/event-stream"), (true, true));
        assert_eq!(takes("*/*"), (true, true));
        assert_eq!(takes("application/*;q=0.5,TEXT/Event-Stream ; q=1"), (true, true));
        assert_eq!(takes("application/json"), (true, false));
        assert_eq!(takes("text/plain, application/jsonx"), (false, false));
        assert_eq!(takes(""), (false, false));
        assert!(!accepts(&HeaderMap::new(), "application", "json"));
    }

    #[test]
    fn json_is_json_whatever_its_parameters() {
        let json = |kind: &'static str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]))
        };
        assert!(json("application/json") && json("Application/JSON; charset=utf-8"));
        assert!(!json("text/plain") && !json("application/jsonx") && !json(""));
        assert!(!is_json(&HeaderMap::new()));
    }
}
