use std::sync::Arc;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Listing, Page, PageLimit, PageRequest, successor};
use fastestmcp_core::session::{Entry, Scope};
use sqlx::postgres::PgRow;

use super::{entry, scope};
use crate::database::{Database, moment, number};
use crate::error::{Failure, site};
use crate::row::{get, only, text};

/// The entries of a scope, by the bytes of their keys.
pub(super) async fn run(
    database: &Arc<Database>,
    scope: &Scope,
    prefix: &str,
    page: PageRequest,
) -> StoreResult<At<Page<(String, Entry)>>> {
    let listing = Listing::new(&[
        b"entries",
        &database.namespace.to_be_bytes(),
        &[scope.kind.code()],
        scope.id.as_bytes(),
        prefix.as_bytes(),
    ]);
    let site = site("list_entries");
    let from = match &page.after {
        None => prefix.as_bytes().to_vec(),
        Some(position) => successor(&listing.anchor(position).map_err(|invalid| Failure::from(invalid).of_read(site))?),
    };
    let limit = page.limit;
    let statement = database
        .statement(include_str!("../../sql/entry_list.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(scope::code(scope.kind))
        .bind(scope.id.as_bytes())
        .bind(from)
        .bind(end_of(prefix))
        // One more than may be examined tells whether the walk goes on.
        .bind(number(limit.examined() as u64 + 1))
        .bind(number(limit.get() as u64))
        .bind(number(database.limits.max_batch_bytes as u64));
    database.read(site, statement, move |rows| answer(&listing, limit, &rows)).await
}

fn answer(listing: &Listing, limit: PageLimit, rows: &[PgRow]) -> Result<At<Page<(String, Entry)>>, Failure> {
    let now = moment(get(only(rows)?, "moment")?);
    let mut items = Vec::new();
    let mut last: Option<&[u8]> = None;
    for (examined, row) in rows.iter().enumerate() {
        let Some(key) = get::<Option<&[u8]>>(row, "key")? else { break };
        let live: bool = get(row, "live")?;
        let too_large = live && get::<Option<&[u8]>>(row, "value")?.is_none();
        let full = items.len() == limit.get() || examined == limit.examined() || too_large;
        if let Some(anchor) = last.filter(|_| full) {
            return Ok(At::new(now, Page { items, next: Some(listing.position(anchor)) }));
        }
        if live && let Some(entry) = entry::from_row(row)? {
            items.push((text(key)?, entry));
        }
        last = Some(key);
    }
    Ok(At::new(now, Page::last(items)))
}

/// The end of the range of keys that start with `prefix`. UTF-8 never holds a byte 0xFF.
fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    match end.last_mut() {
        Some(byte) => *byte += 1,
        None => end.push(0xFF),
    }
    end
}
