use bytes::Bytes;

use crate::link::Greeting;
use crate::script::Script;
use crate::tag::Tag;

/// Arguments in one buffer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Args {
    pub(crate) fn push(&mut self, arg: impl AsRef<[u8]>) {
        self.bytes.extend_from_slice(arg.as_ref());
        self.ends.push(self.bytes.len());
    }

    /// An integer, in decimal.
    pub(crate) fn push_number(&mut self, number: u64) {
        self.push(number.to_string());
    }

    /// Several parts as one argument.
    pub(crate) fn push_parts(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

/// One run of a script on the keys of one tag. `ARGV[1]`, the test clock and the server's replication id, is put before
/// `args` by whoever runs it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) script: &'static Script,
    pub(crate) slot: u16,
    pub(crate) keys: Vec<Bytes>,
    pub(crate) args: Args,
}

impl Call {
    /// A run of `script` on the keys `names` of `tag`.
    pub(crate) fn new(script: &'static Script, tag: &Tag, names: &[&str]) -> Self {
        let keys = names.iter().map(|name| tag.key(name)).collect();
        Self { script, slot: tag.slot(), keys, args: Args::default() }
    }

    pub(crate) fn command(&self, server: &Greeting, clock: &str) -> redis::Cmd {
        let count = self.keys.len() + self.args.ends.len() + 4;
        let mut command = redis::Cmd::with_capacity(count, self.args.bytes.len() + 64 * (self.keys.len() + 2));
        command.arg("EVALSHA").arg(self.script.hash(server.declared)).arg(self.keys.len());
        for key in &self.keys {
            command.arg(&key[..]);
        }
        command.arg(format!("{clock}@{}", server.lineage));
        for arg in self.args.iter() {
            command.arg(arg);
        }
        command
    }
}
