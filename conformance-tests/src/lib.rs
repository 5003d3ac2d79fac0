//! The public conformance suite for fastestmcp backends.
