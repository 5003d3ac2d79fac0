use std::sync::Arc;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Listing, Page, PageLimit, PageRequest, successor};
use fastestmcp_core::session::{Entry, Scope};
use sqlx::postgres::PgRow;

use super::entry::{self, Found};
use super::scope;
use crate::database::{Database, Seen, moment, number};
use crate::error::{Failure, site};
use crate::row::{get, only, text};
use crate::statement::Statement;

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
    let settle = scope::settle(database, scope.kind, [scope.id.as_bytes()]);
    let answer = move |_: &Database, rows: &[PgRow]| answer(&listing, limit, rows, &settle);
    database.look(site, statement, answer).await
}

fn answer(
    listing: &Listing,
    limit: PageLimit,
    rows: &[PgRow],
    settle: &[Statement],
) -> Result<Seen<Page<(String, Entry)>>, Failure> {
    let first = only(rows)?;
    let now = moment(get(first, "moment")?);
    let mut doubtful = get::<Option<bool>>(first, "late")?.unwrap_or(false);
    let mut page = Page::last(Vec::new());
    let mut last: Option<&[u8]> = None;
    for (examined, row) in rows.iter().enumerate() {
        let Some(key) = get::<Option<&[u8]>>(row, "key")? else { break };
        let live: bool = get(row, "live")?;
        let found = if live { entry::from_row(row)? } else { Found::Nothing };
        let full = page.items.len() == limit.get() || examined == limit.examined() || matches!(found, Found::Large);
        if let Some(anchor) = last.filter(|_| full) {
            page.next = Some(listing.position(anchor));
            break;
        }
        doubtful |= !live;
        if let Found::Entry(entry) = found {
            page.items.push((text(key)?, entry));
        }
        last = Some(key);
    }
    Ok(Seen { answer: At::new(now, page), doubts: if doubtful { settle.to_vec() } else { Vec::new() } })
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
