use std::io::{self, BufRead};

use tokio::sync::mpsc;

use crate::wire::BYTE_ORDER_MARK;

/// A line of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its bytes without the end of line.
    Whole(Vec<u8>),
    /// It was longer than allowed; it has been skipped.
    TooLong,
}

/// Reads lines on a thread of their own, so that nothing else waits for the input to end: neither a message that is
/// half read when the reader is dropped, nor the end of the process.
pub(super) fn read(input: impl FnOnce() -> Box<dyn BufRead> + Send + 'static, max: usize) -> mpsc::Receiver<Line> {
    let (lines, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        let mut input = input();
        let mut begun = false;
        while let Ok(Some(mut line)) = next(&mut *input, max) {
            let is_first = !std::mem::replace(&mut begun, true);
            if let Line::Whole(line) = &mut line
                && is_first
                && line.starts_with(BYTE_ORDER_MARK)
            {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn next(input: &mut dyn BufRead, max: usize) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            // A last line without an end is still a line.
            return Ok((!line.is_empty()).then_some(Line::Whole(line)));
        }
        let end = memchr::memchr(b'\n', chunk);
        let taken = end.unwrap_or(chunk.len());
        if too_long || line.len() + taken > max {
            too_long = true;
            line.clear();
        } else if let Some(chunk) = chunk.get(..taken) {
            line.extend_from_slice(chunk);
        }
        input.consume(taken + usize::from(end.is_some()));
        if end.is_some() {
            return Ok(Some(if too_long { Line::TooLong } else { Line::Whole(line) }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[tokio::test]
    async fn a_byte_order_mark_at_the_start_is_read_over() {
        let input = b"\xef\xbb\xbfab\n\xef\xbb\xbfcd\n";
        let mut lines = read(|| Box::new(&input[..]), 9);
        assert_eq!(lines.recv().await, Some(Line::Whole(b"ab".to_vec())));
        assert_eq!(lines.recv().await, Some(Line::Whole(b"\xef\xbb\xbfcd".to_vec())), "elsewhere it is none");
        assert_eq!(lines.recv().await, None);
    }

    #[test]
    fn lines_are_whole_or_skipped_and_the_next_one_is_read() {
        let mut input = BufReader::with_capacity(3, &b"ab\n\ntoolongtoolong\nlast"[..]);
        let whole = |text: &str| Some(Line::Whole(text.as_bytes().to_vec()));
        assert_eq!(next(&mut input, 4).unwrap(), whole("ab"));
        assert_eq!(next(&mut input, 4).unwrap(), whole(""));
        assert_eq!(next(&mut input, 4).unwrap(), Some(Line::TooLong));
        assert_eq!(next(&mut input, 4).unwrap(), whole("last"));
        assert_eq!(next(&mut input, 4).unwrap(), None);
    }
}
