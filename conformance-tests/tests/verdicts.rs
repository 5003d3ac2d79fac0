//! What the engine makes of backends and harnesses that misbehave.

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError, Node, Options, Suite, Verdict, cases};
use fastestmcp_core::time::Clock;

/// Opens a cluster, or does not, in one of the ways there are.
#[derive(Clone, Copy)]
enum Odd {
    Panics,
    Breaks,
    Declines,
    HasNoSeams,
}

#[async_trait]
impl Harness for Odd {
    const NAME: &'static str = "odd";

    async fn cluster(&self, _clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        match self {
            Self::Panics => panic!("on purpose"),
            Self::Breaks => Err(HarnessError::failed("no server")),
            Self::Declines => Err(HarnessError::Unsupported("not here".to_owned())),
            Self::HasNoSeams => Ok(Box::new(Empty)),
        }
    }
}

struct Empty;

#[async_trait]
impl Cluster for Empty {
    async fn node(&self, _index: usize) -> Result<Node, HarnessError> {
        Ok(Node::default())
    }
}

/// The verdict of the first case, which is about sessions.
fn verdict(odd: Odd) -> Verdict {
    let case = cases().next().unwrap_or_else(|| panic!("there are cases"));
    Suite::new(odd, Options::default()).run(case).verdict
}

#[test]
fn a_panic_fails_its_case_and_nothing_else() {
    assert_eq!(verdict(Odd::Panics), Verdict::Failed(vec!["panicked: on purpose".to_owned()]));
}

#[test]
fn a_broken_harness_is_neither_passed_nor_skipped() {
    assert_eq!(verdict(Odd::Breaks), Verdict::HarnessError("no server".to_owned()));
}

#[test]
fn what_cannot_be_tried_is_skipped_with_its_reason() {
    assert_eq!(verdict(Odd::Declines), Verdict::Skipped("not here".to_owned()));
    assert_eq!(verdict(Odd::HasNoSeams), Verdict::Skipped("the backend has no session seam".to_owned()));
}
