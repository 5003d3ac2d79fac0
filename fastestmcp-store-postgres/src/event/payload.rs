//! Names of channels as the payloads of notifications: text without NUL, of fewer than 8,000 bytes.

/// A payload is closed when it has grown to this; one more name still fits.
const FULL: usize = 6_000;

/// The payloads that carry `channels`: a line that names the sender, then one line per channel.
pub(super) fn encode<'c>(sender: &str, channels: impl IntoIterator<Item = &'c str>) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for channel in channels {
        let payload = match payloads.last_mut() {
            Some(last) if last.len() < FULL => last,
            _ => {
                payloads.push(sender.to_owned());
                let Some(begun) = payloads.last_mut() else { continue };
                begun
            }
        };
        payload.push('\n');
        for character in channel.chars() {
            match character {
                '\0' => payload.push_str("\\0"),
                '\n' => payload.push_str("\\n"),
                '\\' => payload.push_str("\\\\"),
                other => payload.push(other),
            }
        }
    }
    payloads
}

/// The sender and the channels of a payload.
pub(super) fn decode(payload: &str) -> (&str, Vec<String>) {
    let mut lines = payload.split('\n');
    let sender = lines.next().unwrap_or_default();
    (sender, lines.map(unescape).collect())
}

fn unescape(line: &str) -> String {
    let mut characters = line.chars();
    let mut channel = String::with_capacity(line.len());
    while let Some(character) = characters.next() {
        channel.push(match character {
            '\\' => match characters.next() {
                Some('0') => '\0',
                Some('n') => '\n',
                Some(other) => other,
                None => break,
            },
            other => other,
        });
    }
    channel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_and_no_payload_is_too_long() {
        let names = ["", "a", "a\nb", "a\0b", "\\n", "\\", "\n", "\\\\0", "ä\u{10ffff}", &"\0".repeat(512)];
        let names: Vec<String> = names.iter().flat_map(|name| vec![(*name).to_owned(); 9]).collect();
        let payloads = encode("me", names.iter().map(String::as_str));
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() < 8_000 && !payload.contains('\0')));
        let decoded: Vec<(&str, Vec<String>)> = payloads.iter().map(|payload| decode(payload)).collect();
        assert!(decoded.iter().all(|(sender, _)| *sender == "me"));
        assert_eq!(decoded.into_iter().flat_map(|(_, channels)| channels).collect::<Vec<_>>(), names);
    }

    #[test]
    fn nothing_to_carry_needs_no_payload() {
        assert!(encode("me", []).is_empty());
    }
}
