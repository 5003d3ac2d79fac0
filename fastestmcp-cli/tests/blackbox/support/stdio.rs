use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Broken, Link, Process, Store};

/// One client on the standard input and output of a process of its own.
pub(crate) struct Stdio {
    store: Arc<Store>,
    process: Process,
}

impl Stdio {
    pub(crate) fn on(store: &Arc<Store>) -> Self {
        Self { store: store.clone(), process: Process::start(&store.arguments(&["--stdio"])) }
    }

    /// The process on the other end.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The next message. Anything else on standard output fails the test.
    pub(crate) fn read(&self) -> Option<Value> {
        let line = self.process.line()?;
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not protocol: {line:?}"));
        assert_eq!(message["jsonrpc"], "2.0", "not protocol: {line:?}");
        Some(message)
    }

    fn write(&mut self, message: &Value) -> Result<(), Broken> {
        self.process.write(message.to_string().as_bytes()).map_err(|error| Broken(error.to_string()))
    }
}

impl Link for Stdio {
    const HTTP: bool = false;

    fn open() -> Self {
        Self::on(&Store::new())
    }

    fn exchange(
        &mut self,
        _headers: &[(&str, &str)],
        message: &Value,
        meanwhile: &mut dyn FnMut(&Value) -> Option<Value>,
    ) -> Result<(Answer, Option<String>), Broken> {
        self.write(message)?;
        let Some(id) = message.get("id") else {
            return Ok((Answer { status: 202, message: json!(null) }, None));
        };
        while let Some(received) = self.read() {
            if received.get("method").is_none() {
                assert_eq!(&received["id"], id, "{received}");
                return Ok((Answer { status: 200, message: received }, None));
            }
            if let Some(reply) = meanwhile(&received) {
                self.write(&reply)?;
            }
        }
        Err(Broken("the output ended without the answer".to_owned()))
    }

    fn kill_and_restart(&mut self) {
        self.process.kill();
        *self = Self::on(&self.store);
    }
}
