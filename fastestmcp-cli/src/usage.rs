use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The exit code of a command line that is not understood.
pub(crate) const USAGE: u8 = 2;

/// What stands for what was typed.
const HIDDEN: &str = "…";

/// Says in one sentence what is wrong with a command line, or prints the help that was asked for.
///
/// Nothing that was typed is repeated but the names of options: whatever else it is, it may be a password that the shell
/// has cut out of a URL (contract G17).
pub(crate) fn refuse(mut error: clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Whoever closed standard output does not want to know.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return ExitCode::from(USAGE);
        }
        _ => {}
    }
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidSubcommand] {
        if error.get(kind).is_some() {
            error.insert(kind, ContextValue::String(HIDDEN.to_owned()));
        }
    }
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg)
    {
        let shown = ContextValue::String(option_name(typed).to_owned());
        error.insert(ContextKind::InvalidArg, shown);
    }
    let said = error.render().to_string();
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")).collect();
    let said = lines.join(" ");
    complain(&format!("{}; try --help", said.strip_prefix("error: ").unwrap_or(&said)));
    ExitCode::from(USAGE)
}

/// The name of an option as it was typed, without what may follow it.
fn option_name(typed: &str) -> &str {
    let name = typed.split('=').next().unwrap_or_default();
    let is_name = name.starts_with('-') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if is_name { name } else { HIDDEN }
}

/// Says on one line of standard error what went wrong, if anybody listens.
pub(crate) fn complain(text: &str) {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<_> = plain.split_whitespace().collect();
    let _ = writeln!(io::stderr(), "fastestmcp: {}", words.join(" "));
}
