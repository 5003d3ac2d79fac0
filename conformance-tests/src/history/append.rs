use std::collections::{BTreeMap, BTreeSet};

/// A transaction that read some lists as one snapshot and appended its own number to some of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Append {
    pub(crate) number: u64,
    /// What it read, by key, before its own appends.
    pub(crate) read: BTreeMap<String, Vec<u64>>,
    pub(crate) appended: Vec<String>,
}

/// What contradicts serializability: appends that are lost, doubled or invented, lists that were never a prefix of the
/// final ones, and cycles among the transactions (who wrote before whom, who read whom, who read before whom wrote).
pub(crate) fn anomalies(committed: &[Append], last: &BTreeMap<String, Vec<u64>>) -> Vec<String> {
    let mut problems = Vec::new();
    let empty = Vec::new();
    let last_of = |key: &str| last.get(key).unwrap_or(&empty);
    for (key, list) in last {
        let appended: BTreeSet<u64> =
            committed.iter().filter(|one| one.appended.contains(key)).map(|one| one.number).collect();
        let listed: BTreeSet<u64> = list.iter().copied().collect();
        if appended != listed || listed.len() != list.len() {
            let (lost, invented) = (&appended - &listed, &listed - &appended);
            problems.push(format!("{key}: lost {lost:?}, invented {invented:?}, list {list:?}"));
        }
    }
    let mut edges: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let mut before = |a: u64, b: u64| {
        if a != b {
            edges.entry(a).or_default().insert(b);
        }
    };
    for list in last.values() {
        list.windows(2).for_each(|pair| before(pair[0], pair[1]));
    }
    for one in committed {
        for (key, read) in &one.read {
            let list = last_of(key);
            if !list.starts_with(read) {
                problems.push(format!("{key}: transaction {} read {read:?}, never a prefix of {list:?}", one.number));
                continue;
            }
            if let Some(writer) = read.last() {
                before(*writer, one.number);
            }
            if let Some(next) = list[read.len()..].iter().find(|next| **next != one.number) {
                before(one.number, *next);
            }
        }
    }
    if let Some(cycle) = cycle(&edges) {
        problems.push(format!("transactions {cycle:?} each come before the next and the last before the first"));
    }
    problems
}

/// A cycle, if there is one.
fn cycle(edges: &BTreeMap<u64, BTreeSet<u64>>) -> Option<Vec<u64>> {
    let mut finished: BTreeSet<u64> = BTreeSet::new();
    for start in edges.keys() {
        // Depth first, without recursion: the path, and for each node on it the neighbours still to visit.
        let mut path: Vec<u64> = vec![*start];
        let mut to_visit: Vec<Vec<u64>> = vec![neighbours(edges, *start)];
        while let (Some(node), Some(rest)) = (path.last().copied(), to_visit.last_mut()) {
            match rest.pop() {
                Some(next) if finished.contains(&next) => {}
                Some(next) => {
                    if let Some(at) = path.iter().position(|on_path| *on_path == next) {
                        return Some(path[at..].to_vec());
                    }
                    path.push(next);
                    to_visit.push(neighbours(edges, next));
                }
                None => {
                    finished.insert(node);
                    path.pop();
                    to_visit.pop();
                }
            }
        }
    }
    None
}

fn neighbours(edges: &BTreeMap<u64, BTreeSet<u64>>, node: u64) -> Vec<u64> {
    edges.get(&node).into_iter().flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(number: u64, read: &[(&str, &[u64])], appended: &[&str]) -> Append {
        let read = read.iter().map(|(key, list)| ((*key).to_owned(), list.to_vec())).collect();
        Append { number, read, appended: appended.iter().map(ToString::to_string).collect() }
    }

    fn lists(lists: &[(&str, &[u64])]) -> BTreeMap<String, Vec<u64>> {
        lists.iter().map(|(key, list)| ((*key).to_owned(), list.to_vec())).collect()
    }

    #[test]
    fn one_after_the_other_is_serializable() {
        let history = [transaction(1, &[("x", &[])], &["x"]), transaction(2, &[("x", &[1]), ("y", &[])], &["y"])];
        assert_eq!(anomalies(&history, &lists(&[("x", &[1]), ("y", &[2])])), Vec::<String>::new());
    }

    #[test]
    fn write_skew_is_a_cycle() {
        let history =
            [transaction(1, &[("x", &[]), ("y", &[])], &["x"]), transaction(2, &[("x", &[]), ("y", &[])], &["y"])];
        assert_eq!(anomalies(&history, &lists(&[("x", &[1]), ("y", &[2])])).len(), 1);
    }

    #[test]
    fn a_torn_snapshot_is_a_cycle() {
        let history = [transaction(1, &[], &["x", "y"]), transaction(2, &[("x", &[1]), ("y", &[])], &[])];
        assert_eq!(anomalies(&history, &lists(&[("x", &[1]), ("y", &[1])])).len(), 1);
    }

    #[test]
    fn a_lost_append_is_seen() {
        let history = [transaction(1, &[("x", &[])], &["x"]), transaction(2, &[("x", &[])], &["x"])];
        assert!(!anomalies(&history, &lists(&[("x", &[2])])).is_empty());
    }
}
