use std::marker::PhantomData;

use serde_json::Value;

use super::{Answer, Broken, Engine, Http, Link, Server, Store};

/// An engine that nodes share, as a type.
pub(crate) trait Shared: Send + 'static {
    const ENGINE: Engine;
}

pub(crate) struct OnRedis;

impl Shared for OnRedis {
    const ENGINE: Engine = Engine::Redis;
}

pub(crate) struct OnPostgres;

impl Shared for OnPostgres {
    const ENGINE: Engine = Engine::Postgres;
}

/// One HTTP client behind a plain round-robin before two processes: no request goes where the last one went.
pub(crate) struct Both<S> {
    http: Http,
    engine: PhantomData<S>,
}

impl<S: Shared> Link for Both<S> {
    const HTTP: bool = true;

    fn open() -> Self {
        let store = Store::on(S::ENGINE);
        let servers = vec![Server::on(&store), Server::on(&store)];
        Self { http: Http::round(servers), engine: PhantomData }
    }

    fn exchange(
        &mut self,
        headers: &[(&str, &str)],
        message: &Value,
        meanwhile: &mut dyn FnMut(&Value) -> Option<Value>,
    ) -> Result<(Answer, Option<String>), Broken> {
        self.http.exchange(headers, message, meanwhile)
    }

    fn kill_and_restart(&mut self) {
        self.http.kill_and_restart();
    }
}
