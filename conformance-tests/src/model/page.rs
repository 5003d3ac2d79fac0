use fastestmcp_core::error::{StoreError, StoreErrorKind};
use fastestmcp_core::page::{Page, PageRequest, Position};

use super::{Bug, NAME, Switch};

/// One page of `rows`, which are in the order of their sort keys. A position is the kind of listing and the sort key of
/// the last row.
pub(super) fn page<T>(
    switch: &Switch,
    operation: &'static str,
    kind: u8,
    rows: Vec<(Vec<u8>, T)>,
    request: &PageRequest,
) -> Result<Page<T>, StoreError> {
    let anchor = match &request.after {
        None => None,
        Some(Position(bytes)) => match bytes.split_first() {
            Some((tag, key)) if *tag == kind => Some(key.to_vec()),
            _ => {
                let detail = "the position is not of this listing";
                return Err(StoreError::new(StoreErrorKind::InvalidCursor, NAME, operation, detail));
            }
        },
    };
    let start = match &anchor {
        None => 0,
        Some(anchor) if switch.has(Bug::PageByOffset) => by_offset(switch, &rows, anchor),
        Some(anchor) if switch.bends(Bug::PageRestart, rows.iter().all(|(key, _)| key != anchor)) => 0,
        Some(anchor) => rows.partition_point(|(key, _)| key <= anchor),
    };
    let more = rows.len() > start + request.limit.get();
    let mut last = Vec::new();
    let mut items = Vec::new();
    for (index, (key, item)) in rows.into_iter().enumerate().skip(start).take(request.limit.get()) {
        last = if switch.has(Bug::PageByOffset) { (index as u64 + 1).to_be_bytes().to_vec() } else { key };
        items.push(item);
    }
    let next = more.then(|| Position([vec![kind], last].concat().into()));
    Ok(Page { items, next })
}

fn by_offset<T>(switch: &Switch, rows: &[(Vec<u8>, T)], anchor: &[u8]) -> usize {
    switch.fire();
    let count = anchor.try_into().map_or(0, u64::from_be_bytes);
    usize::try_from(count).unwrap_or(usize::MAX).min(rows.len())
}
