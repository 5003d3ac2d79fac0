use std::fmt::{self, Debug, Write};

/// A value as a report shows it: never a megabyte of it.
pub(crate) fn brief(value: &impl Debug) -> String {
    let mut text = Brief(String::new());
    if write!(text, "{value:?}").is_err() {
        text.0.push('…');
    }
    text.0
}

/// Takes the first few hundred bytes and then stops the writer.
struct Brief(String);

impl Write for Brief {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        if self.0.len() > 400 { Err(fmt::Error) } else { Ok(()) }
    }
}
