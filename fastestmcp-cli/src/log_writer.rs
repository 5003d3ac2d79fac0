use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Events that wait to be written; further ones are lost.
const WAITING: usize = 4_096;
/// How long the end of the process waits for them.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// Standard error, written on a thread of its own: rather a log with holes than a server that stands still because
/// whoever started it does not read what it says. Each event stays on its line, whatever is in it: what a client sends
/// must not look like an event of its own.
#[derive(Clone)]
pub(crate) struct LogWriter(SyncSender<Entry>);

enum Entry {
    Event(Vec<u8>),
    /// All before it has been written when this is answered.
    Written(SyncSender<()>),
}

impl LogWriter {
    pub(crate) fn new() -> Self {
        let (entries, receiver) = sync_channel(WAITING);
        thread::spawn(move || write(&receiver, &mut io::stderr()));
        Self(entries)
    }

    /// Waits until all is written, but not for ever.
    pub(crate) fn finish(&self) {
        let (written, all) = sync_channel(1);
        if self.0.try_send(Entry::Written(written)).is_ok() {
            // Who does not read does not get it.
            let _ = all.recv_timeout(LAST_EVENTS);
        }
    }
}

fn write(entries: &Receiver<Entry>, output: &mut impl Write) {
    for entry in entries {
        // Nobody is left to be told that the output is closed.
        let _ = match entry {
            Entry::Event(line) => output.write_all(&line),
            Entry::Written(done) => done.send(()).map_err(io::Error::other),
        };
    }
}

impl Write for LogWriter {
    /// An event comes in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let _ = self.0.try_send(Entry::Event(in_one_line(event)));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn in_one_line(event: &[u8]) -> Vec<u8> {
    let event = event.strip_suffix(b"\n").unwrap_or(event);
    let mut line: Vec<u8> = event.iter().map(|byte| if b"\n\r".contains(byte) { b' ' } else { *byte }).collect();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_whatever_is_in_it() {
        for (event, line) in [("a\n", "a\n"), ("a\nINFO forged\r\n", "a INFO forged \n"), ("a\nb", "a b\n")] {
            assert_eq!(in_one_line(event.as_bytes()), line.as_bytes());
        }
    }
}
