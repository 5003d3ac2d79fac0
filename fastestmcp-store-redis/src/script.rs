use redis::Script as Hashed;

/// What a script may do, as Redis 7 wants it declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads only: goes on working when memory is full.
    Read,
    /// Writes: refused before its first step when memory is full.
    Write,
    /// Writes in order to free memory: goes on working when memory is full.
    Free,
}

/// One atomic step: a Lua script, in both forms that servers want.
///
/// From Redis 7.0 on a script begins with a `#!lua` line: without it a key of a foreign slot would be written silently,
/// and a full memory would be noticed in the middle. Older servers take such a line for a syntax error, so there it is
/// left out, and what hides the codes of errors is mended around it. The two forms have different hashes; a link knows
/// which one its server wants.
#[derive(Debug)]
pub(crate) struct Script {
    access: Access,
    declared: Form,
    plain: Form,
}

#[derive(Debug)]
struct Form {
    text: String,
    hash: String,
}

impl Form {
    fn new(text: String) -> Self {
        Self { hash: Hashed::new(&text).get_hash().to_owned(), text }
    }
}

/// What every script begins with: the clock and the check of types.
const PRELUDE: &str = include_str!("../scripts/prelude.lua");

/// What every script begins with that draws numbers.
pub(crate) const LINEAGE: &str = include_str!("../scripts/lineage.lua");

impl Script {
    /// The script in `source`, which a file of its own holds.
    pub(crate) fn new(access: Access, source: &str) -> Self {
        Self::with(access, "", source)
    }

    /// The script in `source` after what it shares with others.
    pub(crate) fn with(access: Access, shared: &str, source: &str) -> Self {
        let header = match access {
            Access::Read => "#!lua flags=no-writes",
            Access::Write => "#!lua",
            Access::Free => "#!lua flags=allow-oom",
        };
        let script = format!("{PRELUDE}{shared}{source}");
        let plain =
            [include_str!("../scripts/before_7_begin.lua"), &script, include_str!("../scripts/before_7_end.lua")];
        Self { access, declared: Form::new(format!("{header}\n{script}")), plain: Form::new(plain.concat()) }
    }

    pub(crate) const fn access(&self) -> Access {
        self.access
    }

    /// The hash that the server knows it by.
    pub(crate) fn hash(&self, declared: bool) -> &str {
        &self.form(declared).hash
    }

    /// The command that makes it known to the server.
    pub(crate) fn load(&self, declared: bool) -> redis::Cmd {
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(&self.form(declared).text);
        load
    }

    const fn form(&self, declared: bool) -> &Form {
        if declared { &self.declared } else { &self.plain }
    }
}

#[cfg(test)]
mod tests {
    use fastestmcp_core::limits::Limits;

    use super::*;

    #[test]
    fn scripts_know_the_limit_that_is_declared() {
        let limit = format!("local MOST_BYTES = {}\n", Limits::default().max_batch_bytes);
        assert!(PRELUDE.contains(&limit), "{limit}");
    }
}
