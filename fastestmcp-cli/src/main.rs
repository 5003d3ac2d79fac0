//! The fastestmcp command.

fn main() {}
