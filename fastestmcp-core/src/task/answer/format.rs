//! The formats of text that a form knows.

/// Whether a text has a format; any text has one that is not known here.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "email" => is_email(text),
        "uri" => is_uri(text),
        "date" => is_date(text),
        "date-time" => is_date_time(text),
        _ => true,
    }
}

/// As people have them: no comments, no quoted spaces.
fn is_email(text: &str) -> bool {
    let visible = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        let labels =
            domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.contains('@'));
        visible(local) && !local.contains('@') && visible(domain) && labels
    })
}

/// A scheme and something after it, in the characters of RFC 3986.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    named && !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c))
}

/// `2026-01-31`.
fn is_date(text: &str) -> bool {
    let [year, month, day] = numbers(text, "-", [4, 2, 2]).unwrap_or_default();
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// `2026-01-31T12:00:00Z`, with a fraction of a second or an offset if wanted (RFC 3339).
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't', ' ']) else { return false };
    let Some(zone) = time.find(['Z', 'z', '+', '-']) else { return false };
    let (clock, zone) = time.split_at(zone);
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, rest)| (clock, Some(rest)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A leap second ends a day, in some zone.
    let on_clock = numbers(clock, ":", [2, 2, 2]).is_some_and(|[h, m, s]| h < 24 && m < 60 && s <= 60);
    let offset = zone.strip_prefix(['+', '-']).and_then(|offset| numbers(offset, ":", [2, 2]));
    let in_zone = zone.eq_ignore_ascii_case("z") || offset.is_some_and(|[hours, minutes]| hours < 24 && minutes < 60);
    is_date(date) && on_clock && fraction.is_none_or(digits) && in_zone
}

/// Numbers of so many digits with something between them, and nothing else.
fn numbers<const N: usize>(text: &str, between: &str, digits: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part =
            parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn each_format_takes_what_it_names_and_nothing_else() {
        let cases: [(&str, &[&str], &[&str]); 4] = [
            (
                "email",
                &["a@b.example", "first.last+tag@sub.example", "ü@example"],
                &["", "a", "@b", "a@", "a b@c", "a@b..c", "a@b@c", "a@b\n"],
            ),
            (
                "uri",
                &["https://a.example/b?c=d#e", "mailto:a@b", "urn:isbn:1"],
                &["", "a", "/a", "://a", "1:a", "http:", "http://a b", "http://{a}"],
            ),
            (
                "date",
                &["2026-01-31", "2024-02-29", "2000-02-29"],
                &[
                    "",
                    "2026-1-31",
                    "2026-02-29",
                    "1900-02-29",
                    "2026-04-31",
                    "2026-13-01",
                    "2026-00-10",
                    "2026-01-00",
                    "2026-01-01Z",
                ],
            ),
            (
                "date-time",
                &["2026-01-31T23:59:59Z", "2026-01-31t00:00:00.123+05:30", "2016-12-31T23:59:60Z"],
                &[
                    "",
                    "2026-01-31",
                    "2026-01-31T12:00Z",
                    "2026-01-31T12:00:00",
                    "2026-01-31T24:00:00Z",
                    "2026-01-31T12:00:00.Z",
                    "2026-01-31T12:00:00+25:00",
                    "2026-01-31T12:00:00Zé",
                    "2026-01-31T12:00:00é",
                ],
            ),
        ];
        for (format, good, bad) in cases {
            for text in good {
                assert!(fits(format, text), "{format} {text:?}");
            }
            for text in bad {
                assert!(!fits(format, text), "{format} {text:?}");
            }
        }
    }
}
