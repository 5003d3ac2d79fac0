use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fastestmcp_core::Stores;
use fastestmcp_core::context::Caller;
use fastestmcp_core::principal::{AuthContext, Principal};
use fastestmcp_core::runtime::{Runtime, RuntimeBuilder};
use fastestmcp_core::task::ClientAbilities;
use fastestmcp_rmcp::{SharedHttpConfig, SharedHttpService, Wire};
use fastestmcp_store_memory::MemoryStore;
use http::request::Parts;

use crate::app::App;
use crate::client::Client;

/// The newest revision with sessions.
pub(crate) const REVISION: &str = "2025-11-25";

/// Believes what a header says.
struct Named;

impl Wire for Named {
    fn caller(&self, head: &Parts) -> Caller {
        let name = head.headers.get("x-user").and_then(|name| name.to_str().ok());
        let principal = name.map_or(Principal::Anonymous, |name| Principal::Local(name.to_owned()));
        Caller::stateless(AuthContext::new(principal), ClientAbilities::default())
    }
}

pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    pub(crate) service: SharedHttpService<App>,
    app: App,
}

/// Two nodes of one server.
pub(crate) struct Nodes {
    pub(crate) a: SocketAddr,
    pub(crate) b: SocketAddr,
    pub(crate) nodes: [Node; 2],
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Nodes {
    pub(crate) fn two() -> Self {
        Self::with(SharedHttpConfig::default(), |runtime| runtime)
    }

    pub(crate) fn with(config: SharedHttpConfig, on: impl Fn(RuntimeBuilder) -> RuntimeBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let nodes = runtime.block_on(async {
            let store = MemoryStore::default();
            [Node::start(&store, &config, &on).await, Node::start(&store, &config, &on).await]
        });
        Self { a: nodes[0].address, b: nodes[1].address, nodes, runtime }
    }

    /// A client with a session that was opened on A.
    pub(crate) fn client(&self) -> Client {
        Client::opened(self.a, REVISION)
    }

    /// Handlers of tools that are running on either.
    pub(crate) fn running(&self) -> usize {
        self.nodes.iter().map(|node| node.app.running.load(Ordering::SeqCst)).sum()
    }
}

impl Node {
    async fn start(
        store: &MemoryStore,
        config: &SharedHttpConfig,
        on: impl Fn(RuntimeBuilder) -> RuntimeBuilder,
    ) -> Self {
        let runtime = on(Runtime::builder(Stores::of(store.clone()))).build().await.unwrap();
        runtime.start();
        let app = App::default();
        let service = SharedHttpService::new(app.clone(), runtime, Named, config.clone()).unwrap();
        let router = axum::Router::new().route_service("/mcp", service.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, service, app }
    }
}

/// Waits until it holds, for as long as nobody would wait.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(15), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
