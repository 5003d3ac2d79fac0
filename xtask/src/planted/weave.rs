//! Puts faults into sources, each behind its switch.

use std::collections::BTreeSet;
use std::path::Path;

use super::table::Planted;
use super::tree::Tree;

/// The module that every crate with a fault gets.
const SWITCH: &str = include_str!("switch.rs.txt");
const MODULE: &str = "\nmod planted;\n";
/// In a fault that is no expression and no statement: where its switch is asked.
const ASKED: &str = "planted!()";

/// Weaves all faults into the copy of the sources.
pub(super) fn all(tree: &Tree, table: &[Planted]) -> Result<(), String> {
    let crates: BTreeSet<&str> = table.iter().filter_map(|planted| planted.file.split('/').next()).collect();
    tree.write(|path, text| {
        let here: Vec<&Planted> = table.iter().filter(|planted| Path::new(&planted.file) == path).collect();
        let mut woven = if here.is_empty() { text } else { weave(&text, &here)? };
        if crates.iter().any(|name| path == Path::new(name).join("src/lib.rs")) {
            woven.push_str(MODULE);
        }
        Ok(woven)
    })?;
    for name in crates {
        tree.put(&Path::new(name).join("src/planted.rs"), SWITCH.as_bytes()).map_err(|error| error.to_string())?;
    }
    for planted in table {
        if !tree.sources.join(&planted.file).exists() {
            return Err(format!("{}: there is no file {}", planted.name, planted.file));
        }
    }
    Ok(())
}

/// One file with its faults. Faults in the same place exclude each other.
fn weave(text: &str, faults: &[&Planted]) -> Result<String, String> {
    let mut places: Vec<(usize, &str, Vec<&Planted>)> = Vec::new();
    for fault in faults {
        let find = fault.find.trim();
        let mut found = text.match_indices(find);
        let (Some((at, _)), None) = (found.next(), found.next()) else {
            return Err(format!("{}: what it replaces is not there exactly once in {}", fault.name, fault.file));
        };
        match places.iter_mut().find(|(other, ..)| *other == at) {
            Some((_, same, others)) if *same == find => others.push(fault),
            _ => places.push((at, find, vec![fault])),
        }
    }
    places.sort_by_key(|(at, ..)| *at);
    let (mut woven, mut done) = (String::new(), 0);
    for (at, find, faults) in places {
        if at < done {
            return Err(format!("{}: another fault replaces a part of the same text", faults[0].name));
        }
        woven.push_str(&text[done..at]);
        woven.push_str(&switched(find, &faults)?);
        done = at + find.len();
    }
    woven.push_str(&text[done..]);
    Ok(woven)
}

/// The original, unless one of the faults is on.
fn switched(original: &str, faults: &[&Planted]) -> Result<String, String> {
    if let Some(fault) = faults.iter().find(|fault| fault.replace.contains(ASKED)) {
        let asked = format!("crate::planted::on({:?})", fault.name);
        let alone = faults.len() == 1;
        let woven = fault.replace.trim().replace(ASKED, &asked);
        return if alone { Ok(woven) } else { Err(format!("{}: another fault is in the same place", fault.name)) };
    }
    let statements = original.ends_with([';', '}']) && !original.starts_with('{');
    let branches: String = faults
        .iter()
        .map(|fault| format!("if crate::planted::on({:?}) {{ {} }} else ", fault.name, fault.replace.trim()))
        .collect();
    Ok(if statements { format!("{branches}{{ {original} }}") } else { format!("({branches}{{ {original} }})") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted(name: &str, find: &str, replace: &str) -> Planted {
        let text = |text: &str| text.to_owned();
        Planted {
            name: text(name),
            rule: text("C1"),
            file: text("a/src/b.rs"),
            find: text(find),
            replace: text(replace),
            store: text("memory"),
            cases: vec![text("case")],
        }
    }

    #[test]
    fn a_fault_stands_beside_the_original_behind_its_switch() {
        let (one, other) = (planted("x", "a + b", "a - b"), planted("y", "a + b", "a"));
        assert_eq!(
            weave("let c = a + b;", &[&one, &other]).unwrap(),
            "let c = (if crate::planted::on(\"x\") { a - b } else if crate::planted::on(\"y\") { a } else { a + b });"
        );
        let asked = planted("w", "let d = a;", "let d = if planted!() { b } else { a };");
        assert_eq!(weave("let d = a;", &[&asked]).unwrap(), "let d = if crate::planted::on(\"w\") { b } else { a };");
        let statement = planted("z", "touch();", "");
        assert_eq!(
            weave("f(); touch(); g();", &[&statement]).unwrap(),
            "f(); if crate::planted::on(\"z\") {  } else { touch(); } g();"
        );
    }

    #[test]
    fn what_is_replaced_is_there_once_and_by_itself() {
        let fault = planted("x", "a", "b");
        assert!(weave("a a", &[&fault]).is_err());
        assert!(weave("c", &[&fault]).is_err());
        assert!(weave("ca", &[&planted("y", "ca", "d"), &fault]).is_err());
    }
}
