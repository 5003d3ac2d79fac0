//! The suite on its own reference model: everything must pass.

use fastestmcp_conformance::model::ModelHarness;

fastestmcp_conformance::conformance_main!(ModelHarness::correct());
