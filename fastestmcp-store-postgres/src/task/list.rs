use std::sync::Arc;

use fastestmcp_core::backend::{At, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Listing, Page, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::TaskHead;
use sqlx::postgres::PgRow;

use super::answer::{Answer, settle};
use super::get::owner;
use crate::database::{Database, Seen};
use crate::error::{Failure, site};

const SITE: Site = site("list_tasks");

pub(super) async fn list(
    database: &Arc<Database>,
    filter: &OwnerFilter,
    status: Option<u8>,
    page: PageRequest,
) -> StoreResult<At<Page<TaskHead>>> {
    let listing = listing(database, filter, status);
    let anchor = page.after.map(|position| parse(&listing.anchor(&position)?)).transpose();
    let (created, name) =
        anchor.map_err(|failure: Failure| failure.of_read(SITE))?.unwrap_or_else(|| (i64::MAX, Vec::new()));
    // One call looks at no more rows than are on a page unless some of them are of another status.
    let examined = if status.is_some() { page.limit.examined() } else { page.limit.get() };
    let statement = database
        .statement(include_str!("../../sql/task_list.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(owner(filter))
        .bind(status.map(i16::from))
        .bind(created)
        .bind(name)
        .bind(i32::try_from(page.limit.get()).unwrap_or(i32::MAX))
        .bind(i32::try_from(examined).unwrap_or(i32::MAX));
    database.look(SITE, statement, move |database, rows| answer(database, rows, &listing)).await
}

fn listing(database: &Database, filter: &OwnerFilter, status: Option<u8>) -> Listing {
    let status = status.map_or(Vec::new(), |status| vec![status]);
    let whose = [u8::from(owner(filter).is_some())];
    let owner = owner(filter).unwrap_or_default();
    Listing::new(&[b"tasks", &database.namespace.to_be_bytes(), &whose, owner, &status])
}

fn answer(database: &Database, rows: &[PgRow], listing: &Listing) -> Result<Seen<Page<TaskHead>>, Failure> {
    let (last, rows) = rows.split_last().ok_or(Failure::Corrupt("a listing without an answer"))?;
    let (mut page, mut doubtful) = (Page::last(Vec::new()), Vec::new());
    for row in rows.iter().map(Answer) {
        match row.outcome()? {
            0 => match row.head() {
                Ok(head) => page.items.push(head),
                Err(_) => {
                    let id = TaskId::new(String::from_utf8_lossy(row.name()?));
                    SITE.stepped_over("task", &id.short().to_string());
                }
            },
            1 => page.next = Some(listing.position(&anchor(row.created()?, row.name()?))),
            2 => doubtful.push(row.id()?),
            _ => return Err(Failure::Corrupt("a listing with an unknown outcome")),
        }
    }
    Ok(Seen { answer: At::new(Answer(last).now()?, page), doubts: settle(database, doubtful) })
}

/// Creation time and id: the sort key of the listing.
fn anchor(created: i64, name: &[u8]) -> Vec<u8> {
    [&created.to_be_bytes()[..], name].concat()
}

fn parse(anchor: &[u8]) -> Result<(i64, Vec<u8>), Failure> {
    let (created, name) = anchor.split_first_chunk().ok_or(Failure::Cursor)?;
    Ok((i64::from_be_bytes(*created), name.to_vec()))
}
