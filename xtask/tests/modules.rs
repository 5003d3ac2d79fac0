//! Modules point one way: each imports only from those before it, so that there is no circle among them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// The modules of a crate in the order of who may import whom: only from those before. Modules with a `|` between them
/// know nothing of each other. What is not listed by itself belongs to the module around it.
const ORDERS: &[(&str, &str)] = &[
    (
        "fastestmcp-core",
        "ids time json integers error limits record principal page backend visibility session task|event stores seal
         context component telemetry operation middleware
         runtime/node runtime/state runtime/task runtime/call runtime",
    ),
    (
        "fastestmcp-rmcp",
        "body config error place topic notification envelope decode session wire outbox exchange exchanges node drive sse http direction service",
    ),
    (
        "fastestmcp-server",
        "stop telemetry signal config error auth wire peer_client incoming catalog era2025|era2026 handler outbound http|stdio bound server builder",
    ),
    (
        "conformance-tests",
        "rules seam harness options random pulse halt brief journal step_clock scene
         stage refusal hostile walk broom again abandon brink sequence history
         case model planted cases engine storm chaos",
    ),
];

/// The only files of core and the server that ask the host for the time: everything else waits by tokio's clock, which
/// tests can stop and move.
const HOST_TIME: &[&str] = &["fastestmcp-core/src/time.rs", "fastestmcp-server/src/http/endpoint.rs"];

/// A path of names from the root of a crate.
type Names = Vec<String>;

/// A file, the module that it is, and what it names of its own crate.
struct Source {
    file: PathBuf,
    module: Names,
    named: Vec<Names>,
    /// Whether it names a clock of the standard library.
    host_time: bool,
}

fn sources(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|ending| ending == "rs") && !is_test(&file) {
                let module = module_of(file.strip_prefix(root).unwrap());
                let parsed = syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap();
                let mut names = Named { children: children(&parsed.items), ..Named::of(&module) };
                names.visit_file(&parsed);
                let Named { named, host_time, .. } = names;
                sources.push(Source { file, module, named, host_time });
            }
        }
    }
    sources
}

/// Whole files of tests: `tests.rs` and `…_tests.rs`.
fn is_test(file: &Path) -> bool {
    file.file_stem().unwrap().to_string_lossy().ends_with("tests")
}

fn module_of(file: &Path) -> Names {
    let mut module: Names = file.with_extension("").iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    module.pop_if(|last| last == "mod" || last == "lib");
    module
}

fn children(items: &[Item]) -> Names {
    let names = items.iter().filter_map(|item| match item {
        Item::Mod(module) => Some(module.ident.to_string()),
        _ => None,
    });
    names.collect()
}

/// Collects paths into the own crate from imports, code and the insides of macros; tests may use what they like.
struct Named<'m> {
    children: Names,
    module: &'m [String],
    named: Vec<Names>,
    host_time: bool,
}

impl<'m> Named<'m> {
    const fn of(module: &'m [String]) -> Self {
        Self { children: Vec::new(), module, named: Vec::new(), host_time: false }
    }

    fn add(&mut self, path: &[String]) {
        let path_is = |names: &[&str]| path.iter().map(String::as_str).eq(names.iter().copied());
        self.host_time |= path_is(&["std", "time", "Instant"]) || path.join("::").starts_with("SystemTime::now");
        let mut path = path.iter().map(String::as_str).peekable();
        let mut resolved = match path.peek() {
            Some(&"crate") => Vec::new(),
            Some(&("super" | "self")) => self.module.to_vec(),
            Some(&first) if self.children.iter().any(|child| child == first) => self.module.to_vec(),
            _ => return,
        };
        for name in path {
            match name {
                "crate" | "self" => {}
                "super" => drop(resolved.pop()),
                name => resolved.push(name.to_owned()),
            }
        }
        self.named.push(resolved);
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Names>();
        match tree {
            UseTree::Path(path) => self.add_tree(&with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => self.add(&with(name.ident.to_string())),
            UseTree::Rename(rename) => self.add(&with(rename.ident.to_string())),
            UseTree::Glob(_) => self.add(before),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons) = (Names::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.add_written(&std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                }
                other => {
                    self.add_written(&std::mem::take(&mut path));
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
            colons = 0;
        }
        self.add_written(&path);
    }

    /// A path in code: one name alone is a thing at hand.
    fn add_written(&mut self, path: &[String]) {
        if path.len() > 1 {
            self.add(path);
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.to_token_stream().to_string().replace(' ', "") == "#[cfg(test)]")
}

impl<'a> Visit<'a> for Named<'_> {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.add_tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add_written(&names);
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        self.add_tokens(call.tokens.clone());
    }
}

/// Names at the root of a crate, and the modules that they come from.
fn reexports(sources: &[Source]) -> BTreeMap<String, Names> {
    let root = sources.iter().find(|source| source.module.is_empty()).unwrap();
    root.named.iter().filter_map(|path| Some((path.last()?.clone(), path.clone()))).collect()
}

/// The module that a path leads into: its place in the order, and its place there.
fn place(order: &[Vec<&str>], path: &[String]) -> Option<(usize, usize)> {
    (0..=path.len()).rev().find_map(|length| {
        let module = path[..length].join("/");
        let at = |beside: &Vec<&str>| beside.iter().position(|listed| *listed == module);
        order.iter().enumerate().find_map(|(place, beside)| Some((place, at(beside)?)))
    })
}

#[test]
fn no_module_imports_from_one_after_it() {
    let mut wrong = Vec::new();
    for (package, order) in ORDERS {
        let order: Vec<Vec<_>> = order.split_whitespace().map(|beside| beside.split('|').collect()).collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package).join("src");
        let sources = sources(&root);
        let at_root = reexports(&sources);
        for source in sources.iter().filter(|source| !source.module.is_empty()) {
            let file = source.file.strip_prefix(&root).unwrap().display();
            let Some(own) = place(&order, &source.module) else {
                wrong.push(format!("{package}: {file} has no place"));
                continue;
            };
            for path in &source.named {
                let path = if path.len() == 1 { at_root.get(&path[0]).unwrap_or(path) } else { path };
                if place(&order, path).is_none_or(|other| other != own && other.0 >= own.0) {
                    wrong.push(format!("{package}: {file} must not import {}", path.join("::")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
}

#[test]
fn nothing_above_the_seams_waits_by_the_hosts_clock() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for package in ["fastestmcp-core", "fastestmcp-server"] {
        for source in sources(&workspace.join(package).join("src")) {
            let file = source.file.strip_prefix(&workspace).unwrap();
            let may = HOST_TIME.iter().any(|allowed| Path::new(allowed) == file);
            assert!(may || !source.host_time, "{} asks the host for the time", file.display());
        }
    }
}
