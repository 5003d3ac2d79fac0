//! Page positions: a tag for the listing, then the sort key of the last row examined (G13).

use bytes::Bytes;
use fastestmcp_core::page::Position;
use fastestmcp_core::time::StoreTime;

const ENTRY: u8 = b'e';
const SCOPE: u8 = b's';
const TASK: u8 = b't';

/// After a key of a scope.
pub(crate) fn of_entry(key: &str) -> Position {
    tagged(ENTRY, &[key.as_bytes()])
}

/// The key that [`of_entry`] named.
pub(crate) fn entry(position: &Position) -> Option<&str> {
    std::str::from_utf8(untagged(ENTRY, position)?).ok()
}

/// At a slot of a shard of a kind's scopes: the next one to look at.
pub(crate) fn of_scope(kind: u8, shard: usize, slot: usize) -> Position {
    tagged(SCOPE, &[&[kind], &(shard as u64).to_be_bytes(), &(slot as u64).to_be_bytes()])
}

/// The shard and slot that [`of_scope`] named, if it was for this kind.
pub(crate) fn scope(position: &Position, kind: u8) -> Option<(usize, usize)> {
    let (found, rest) = untagged(SCOPE, position)?.split_first()?;
    let (shard, slot) = rest.split_first_chunk::<8>()?;
    let number = |bytes: [u8; 8]| usize::try_from(u64::from_be_bytes(bytes)).ok();
    (*found == kind).then_some(())?;
    Some((number(*shard)?, number(slot.try_into().ok()?)?))
}

/// After a task.
pub(crate) fn of_task(created: StoreTime, id: &str) -> Position {
    tagged(TASK, &[&created.as_millis().to_be_bytes(), id.as_bytes()])
}

/// The creation time and id that [`of_task`] named.
pub(crate) fn task(position: &Position) -> Option<(StoreTime, &str)> {
    let (created, id) = untagged(TASK, position)?.split_first_chunk::<8>()?;
    Some((StoreTime::from_millis(u64::from_be_bytes(*created)), std::str::from_utf8(id).ok()?))
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Position {
    let mut bytes = vec![tag];
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    Position(Bytes::from(bytes))
}

fn untagged(tag: u8, position: &Position) -> Option<&[u8]> {
    position.0.strip_prefix(&[tag])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_and_no_listing_accepts_another_ones() {
        let (entry_at, scope_at, task_at) = (of_entry("a\0"), of_scope(2, 63, 7), of_task(StoreTime::EPOCH, ""));
        assert_eq!(entry(&entry_at), Some("a\0"));
        assert_eq!(scope(&scope_at, 2), Some((63, 7)));
        assert_eq!(task(&task_at), Some((StoreTime::EPOCH, "")));
        assert_eq!((entry(&scope_at), scope(&task_at, 2), task(&entry_at)), (None, None, None));
        assert_eq!(scope(&scope_at, 1), None, "another kind's");
        assert_eq!(task(&Position(task_at.0.slice(..8))), None, "truncated");
        assert_eq!(entry(&Position(Bytes::from_static(b"e\xff"))), None, "not UTF-8");
    }
}
