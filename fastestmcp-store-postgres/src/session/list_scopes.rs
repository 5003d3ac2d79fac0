use std::sync::Arc;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Listing, Page, PageLimit, PageRequest, successor};
use fastestmcp_core::session::{Scope, ScopeInfo, ScopeKind};
use sqlx::postgres::PgRow;

use super::scope;
use crate::database::{Database, Seen, moment, number};
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
    let answer = move |database: &Database, rows: &[PgRow]| answer(database, &listing, kind, limit, rows);
    database.look(site, statement, answer).await
}

fn answer(
    database: &Database,
    listing: &Listing,
    kind: ScopeKind,
    limit: PageLimit,
    rows: &[PgRow],
) -> Result<Seen<Page<(Scope, ScopeInfo)>>, Failure> {
    let now = moment(get(only(rows)?, "moment")?);
    let (mut page, mut doubtful) = (Page::last(Vec::new()), Vec::new());
    let mut last: Option<&[u8]> = None;
    for (examined, row) in rows.iter().enumerate() {
        let Some(name) = get::<Option<&[u8]>>(row, "name")? else { break };
        let full = page.items.len() == limit.get() || examined == limit.examined();
        if let Some(anchor) = last.filter(|_| full) {
            page.next = Some(listing.position(anchor));
            break;
        }
        if !get::<bool>(row, "listed")? {
            doubtful.push(name);
        } else if let Some(info) = scope::info(kind, row)? {
            page.items.push((Scope::new(kind, text(name)?), info));
        }
        last = Some(name);
    }
    Ok(Seen { answer: At::new(now, page), doubts: scope::settle(database, kind, doubtful) })
}
