use fastestmcp_core::error::{StoreError, StoreErrorKind};
use fastestmcp_core::page::{Page, PageRequest, Position};

use super::{Bug, NAME, Switch};

/// How many bytes of values a row has, and how many a page may have.
pub(super) type Weight<T> = (usize, fn(&T) -> usize);

/// One page of `rows`, which are in the order of their sort keys. A position is the kind of listing and the sort key of
/// the last row.
pub(super) fn page<T>(
    switch: &Switch,
    operation: &'static str,
    kind: u8,
    rows: Vec<(Vec<u8>, T)>,
    request: &PageRequest,
    weight: Option<Weight<T>>,
) -> Result<Page<T>, StoreError> {
    let anchor = match &request.after {
        None => None,
        Some(Position(bytes)) => match bytes.split_first() {
            Some((tag, key)) if *tag == kind => Some(key.to_vec()),
            _ => {
                let detail = "the position is not of this listing";
                if switch.is(Bug::PositionIsDamage) {
                    return Err(StoreError::new(StoreErrorKind::Corrupt, NAME, operation, detail));
                }
                return Err(StoreError::new(StoreErrorKind::InvalidCursor, NAME, operation, detail));
            }
        },
    };
    let start = match &anchor {
        None => 0,
        Some(anchor) if switch.has(Bug::PageByOffset) => by_offset(switch, &rows, anchor),
        Some(anchor) if switch.bends(Bug::PageRestart, rows.iter().all(|(key, _)| key != anchor)) => 0,
        Some(anchor) => {
            let next = rows.partition_point(|(key, _)| key <= anchor);
            next + usize::from(switch.bends(Bug::PageSkipsOne, next < rows.len()))
        }
    };
    let mut bytes = 0;
    let fits = |(_, row): &&(Vec<u8>, T)| {
        let Some((most, weigh)) = weight else { return true };
        let first = bytes == 0;
        bytes += weigh(row);
        first || bytes <= most || switch.is(Bug::AnswersWithoutBound)
    };
    let most = rows.iter().skip(start).take_while(fits).count().min(request.limit.get());
    let cut = most < request.limit.get();
    let more = rows.len() > start + most && !switch.bends(Bug::CutPageEndsWalk, cut && rows.len() > start + most);
    let mut last = Vec::new();
    let mut items = Vec::new();
    for (index, (key, item)) in rows.into_iter().enumerate().skip(start).take(most) {
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
