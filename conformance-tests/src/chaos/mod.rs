//! A bad network between a node and its store: [`ChaosProxy`].
//!
//! A harness whose backend talks to a server gives each node a proxy of its own, and passes its hooks on:
//!
//! ```
//! # use fastestmcp_conformance::chaos::{ChaosProxies, Cut};
//! # use fastestmcp_conformance::{Cluster, Fault, HarnessError, Node};
//! # async fn open(_address: std::net::SocketAddr) -> Result<Node, HarnessError> { Ok(Node::default()) }
//! struct DataSet { proxies: ChaosProxies }
//!
//! #[async_trait::async_trait]
//! impl Cluster for DataSet {
//!     async fn node(&self, index: usize) -> Result<Node, HarnessError> {
//!         open(self.proxies.address(index, "db.internal:5432")?).await
//!     }
//!
//!     async fn inject(&self, index: usize, fault: Fault) -> Result<(), HarnessError> {
//!         self.proxies.inject(index, fault)
//!     }
//!
//!     async fn cut(&self, index: usize) -> Result<(), HarnessError> {
//!         self.proxies.cut(index, Cut::Reset);
//!         Ok(())
//!     }
//!
//!     async fn heal(&self, index: usize) -> Result<(), HarnessError> {
//!         self.proxies.heal(index);
//!         Ok(())
//!     }
//! }
//! ```

mod nodes;
mod proxy;
mod relay;
mod state;
mod takeover;

pub use nodes::ChaosProxies;
pub use proxy::ChaosProxy;
pub use state::{Cut, Mishap};
pub use takeover::takeover;
