use std::sync::Arc;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Listing, Page, PageLimit, PageRequest, successor};
use fastestmcp_core::session::{Scope, ScopeInfo, ScopeKind};
use sqlx::postgres::PgRow;

use super::scope;
use crate::database::{Database, moment, number};
use crate::error::{Failure, site};
use crate::row::{get, only, text};

/// The live scopes of a kind, by the bytes of their ids.
pub(super) async fn run(
    database: &Arc<Database>,
    kind: ScopeKind,
    page: PageRequest,
) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
    let listing = Listing::new(&[b"scopes", &database.namespace.to_be_bytes(), &[kind.code()]]);
    let site = site("list_scopes");
    let from = match &page.after {
        None => Vec::new(),
        Some(position) => successor(&listing.anchor(position).map_err(|invalid| Failure::from(invalid).of_read(site))?),
    };
    let limit = page.limit;
    let statement = database
        .statement(include_str!("../../sql/scope_list.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(scope::code(kind))
        .bind(from)
        .bind(number(limit.examined() as u64 + 1));
    database.read(site, statement, move |rows| answer(&listing, kind, limit, &rows)).await
}

fn answer(
    listing: &Listing,
    kind: ScopeKind,
    limit: PageLimit,
    rows: &[PgRow],
) -> Result<At<Page<(Scope, ScopeInfo)>>, Failure> {
    let now = moment(get(only(rows)?, "moment")?);
    let mut items = Vec::new();
    let mut last: Option<&[u8]> = None;
    for (examined, row) in rows.iter().enumerate() {
        let Some(name) = get::<Option<&[u8]>>(row, "name")? else { break };
        let full = items.len() == limit.get() || examined == limit.examined();
        if let Some(anchor) = last.filter(|_| full) {
            return Ok(At::new(now, Page { items, next: Some(listing.position(anchor)) }));
        }
        if get(row, "listed")?
            && let Some(info) = scope::info(kind, row)?
        {
            items.push((Scope::new(kind, text(name)?), info));
        }
        last = Some(name);
    }
    Ok(At::new(now, Page::last(items)))
}
