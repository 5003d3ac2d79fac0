//! Who may depend on whom: the edges between our crates, as `docs/adr` and the architecture have them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Normal edges that are allowed. Anything else between our crates fails.
const ALLOWED: &[(&str, &[&str])] = &[
    ("fastestmcp-core", &[]),
    ("fastestmcp-store-memory", &["fastestmcp-core"]),
    ("fastestmcp-store-sqlite", &["fastestmcp-core"]),
    ("fastestmcp-store-redis", &["fastestmcp-core"]),
    ("fastestmcp-store-postgres", &["fastestmcp-core"]),
    ("fastestmcp-conformance", &["fastestmcp-core"]),
    ("fastestmcp-test-servers", &[]),
    ("fastestmcp-rmcp", &["fastestmcp-core"]),
    ("fastestmcp-server", &["fastestmcp-core", "fastestmcp-rmcp"]),
    (
        "fastestmcp",
        &[
            "fastestmcp-core",
            "fastestmcp-server",
            "fastestmcp-store-memory",
            "fastestmcp-store-sqlite",
            "fastestmcp-store-redis",
            "fastestmcp-store-postgres",
        ],
    ),
    ("fastestmcp-cli", &["fastestmcp", "fastestmcp-conformance"]),
    ("fastestmcp-examples", &["fastestmcp"]),
    (
        "fastestmcp-benches",
        &[
            "fastestmcp",
            "fastestmcp-core",
            "fastestmcp-store-memory",
            "fastestmcp-store-postgres",
            "fastestmcp-store-redis",
            "fastestmcp-store-sqlite",
            "fastestmcp-test-servers",
        ],
    ),
    ("xtask", &[]),
];

/// Drivers and protocol libraries, and the only crates of ours that may name them.
const RESERVED: &[(&str, &[&str])] = &[
    ("rmcp", &["fastestmcp-rmcp", "fastestmcp-server"]),
    ("axum", &["fastestmcp-server"]),
    ("rusqlite", &["fastestmcp-store-sqlite", "fastestmcp-benches"]),
    ("redis", &["fastestmcp-store-redis", "fastestmcp-benches"]),
    ("sqlx", &["fastestmcp-store-postgres", "fastestmcp-benches"]),
];

fn normal_edges() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
            let names = normal.map(|dependency| dependency["name"].as_str().unwrap().to_owned());
            (package["name"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect()
}

#[test]
fn our_crates_depend_on_each_other_only_as_designed() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let edges = normal_edges();
    let ours: BTreeSet<&String> = edges.keys().collect();
    for (package, dependencies) in &edges {
        let allowed = allowed.get(package.as_str()).unwrap_or_else(|| panic!("{package} has no rule"));
        for dependency in dependencies.iter().filter(|dependency| ours.contains(dependency)) {
            assert!(allowed.contains(&dependency.as_str()), "{package} must not depend on {dependency}");
        }
    }
}

#[test]
fn drivers_and_the_protocol_library_stay_where_they_belong() {
    for (package, dependencies) in normal_edges() {
        for (reserved, users) in RESERVED {
            let uses = dependencies.contains(*reserved);
            assert!(!uses || users.contains(&package.as_str()), "{package} must not depend on {reserved}");
        }
    }
}
