//! Walks over pages, the same for every listing (G13).

use std::collections::BTreeMap;
use std::fmt::Debug;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use fastestmcp_core::page::{Page, PageLimit, PageRequest, Position};

use crate::brief::brief;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

/// More pages than any walk of the suite can need.
const MAX_PAGES: usize = 500;

/// A limit of the suite's own making.
pub(crate) fn limit(rows: usize) -> Result<PageLimit, Halt> {
    PageLimit::new(rows).map_err(|error| Halt::Harness(error.to_string()))
}

/// Walks from the first page to the last; `between` runs after each page, and may change what is listed.
pub(crate) async fn walk<T: Debug>(
    scene: &Scene,
    limit: PageLimit,
    mut page: impl AsyncFnMut(PageRequest) -> StoreResult<At<Page<T>>>,
    mut between: impl AsyncFnMut(usize) -> CaseResult,
) -> Result<Vec<T>, Halt> {
    let (mut rows, mut request) = (Vec::new(), PageRequest::first(limit));
    for number in 0..MAX_PAGES {
        let got = page(request).await?.value;
        if got.items.len() > limit.get() {
            scene.violation(format!("{} rows on a page of {}", got.items.len(), limit.get()));
        }
        rows.extend(got.items);
        let Some(next) = got.next else { return Ok(rows) };
        request = PageRequest::after(limit, next);
        between(number).await?;
    }
    Err(Halt::Wrong(format!("a walk by {} did not end within {MAX_PAGES} pages", limit.get())))
}

/// Reports rows that appear twice, and rows of `throughout` that do not appear.
pub(crate) fn exactly_once<K: Ord + Debug>(scene: &Scene, what: &str, seen: Vec<K>, throughout: &[K]) {
    let mut counts: BTreeMap<&K, usize> = BTreeMap::new();
    for key in &seen {
        *counts.entry(key).or_default() += 1;
    }
    for (key, count) in counts.iter().filter(|(_, count)| **count > 1) {
        scene.violation(format!("{what}: {} appears {count} times in one walk", brief(key)));
    }
    for key in throughout.iter().filter(|key| !counts.contains_key(key)) {
        scene.violation(format!("{what}: {} was there throughout the walk and does not appear", brief(key)));
    }
}

/// Positions that no listing made.
pub(crate) fn hostile_positions(real: Option<&Position>) -> Vec<Position> {
    let mut positions: Vec<Vec<u8>> = vec![
        vec![],
        vec![0],
        vec![255; 600],
        b"' OR 1=1 --".to_vec(),
        b"\xc3\x28".to_vec(),
        vec![0; 64],
        b"[]".to_vec(),
    ];
    if let Some(Position(real)) = real {
        positions.extend((0..real.len()).map(|cut| real[..cut].to_vec()).take(64));
        for index in 0..real.len().min(64) {
            let mut flipped = real.to_vec();
            flipped[index] ^= 0x55;
            positions.push(flipped);
        }
        positions.push([real.as_ref(), b"more"].concat());
    }
    positions.into_iter().map(|bytes| Position(bytes.into())).collect()
}

/// A position of another origin either is refused or only starts somewhere in the same listing: no foreign row.
pub(crate) fn only_own_rows<T: Debug>(
    scene: &Scene,
    position: &Position,
    got: StoreResult<At<Page<T>>>,
    own: impl Fn(&T) -> bool,
) {
    match got {
        Ok(page) => {
            for row in page.value.items.iter().filter(|row| !own(row)) {
                scene.violation(format!("{position:?} shows the foreign row {}", brief(row)));
            }
        }
        Err(error) if error.kind == StoreErrorKind::InvalidCursor => {}
        Err(error) => scene.violation(format!("{position:?}: InvalidCursor was due, got {error}")),
    }
}
