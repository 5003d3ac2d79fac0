//! Hostile cursors: invalid, every one of them, and they say nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Client, Client2025, Http, Link};

/// So many tasks that their list has a second page.
const TASKS: usize = 101;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn only_the_cursor_of_ones_own_list_opens_it() {
    let mut owner = Client2025::new(Http::open());
    let mut other = Client2025::new(owner.link().another());
    let own = first_cursor(&mut owner);
    let foreign = first_cursor(&mut other);
    let genuine = |client: &mut Client2025<Http>, cursor: &str| {
        let answer = client.request("tasks/list", json!({ "cursor": cursor }));
        answer.result()["tasks"].as_array().unwrap().len()
    };
    assert_eq!(genuine(&mut owner, &own), 1);

    let mut hostile: BTreeSet<String> = forged(&own).collect();
    hostile.insert(foreign.clone());
    assert!(hostile.len() > 300 && !hostile.contains(&own));
    let mut refusals = BTreeSet::new();
    for cursor in &hostile {
        let answer = owner.request("tasks/list", json!({ "cursor": cursor }));
        assert_eq!(answer.code(), -32602, "{cursor:?}");
        refusals.insert(answer.message["error"].to_string());
    }
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    for wrong in [json!(7), json!([]), json!({ "cursor": own }), json!(true)] {
        assert_eq!(owner.request("tasks/list", json!({ "cursor": wrong })).code(), -32602);
    }
    assert_eq!((genuine(&mut owner, &own), genuine(&mut other, &foreign)), (1, 1));
}

fn first_cursor<L: Link>(client: &mut Client2025<L>) -> String {
    (0..TASKS).for_each(|_| drop(client.start("countdown", json!({ "from": 0 }))));
    let page: Value = client.request("tasks/list", json!({})).result().clone();
    page["nextCursor"].as_str().unwrap().to_owned()
}

/// Cut at every place, changed at every place, lengthened, and made up.
fn forged(genuine: &str) -> impl Iterator<Item = String> {
    let cut = (0..genuine.len()).flat_map(|at| [genuine[..at].to_owned(), genuine[genuine.len() - at..].to_owned()]);
    let changed = (0..genuine.len()).map(|at| {
        let mut bytes = genuine.as_bytes().to_vec();
        let place = ALPHABET.iter().position(|letter| *letter == bytes[at]).unwrap_or(0);
        bytes[at] = ALPHABET[(place + 1) % ALPHABET.len()];
        String::from_utf8(bytes).unwrap()
    });
    let longer = ["A", "=", "==", " ", "\0", "\n", "%00", "é"].map(|end| format!("{genuine}{end}"));
    let longer = longer.into_iter().chain([" ", "A"].map(|start| format!("{start}{genuine}")));
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let made_up = (0..200).map(move |round| {
        let letters = (0..round).map(|_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            char::from(ALPHABET[(random % 64) as usize])
        });
        letters.collect()
    });
    let odd = ["null", "0", "1", "{}", "' OR 1=1 --", "../../etc/passwd", "task-", "\u{0}", "😀"].map(str::to_owned);
    let long = ["A".repeat(1 << 10), "A".repeat(1 << 20)];
    cut.chain(changed).chain(longer).chain(made_up).chain(odd).chain(long)
}
