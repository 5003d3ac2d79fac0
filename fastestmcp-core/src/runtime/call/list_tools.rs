//! `tools/list`.

use std::sync::Arc;

use bytes::Bytes;

use crate::operation::{CallError, ListTools, Requester, ToolPage};
use crate::page::Position;
use crate::principal::OwnerFilter;
use crate::runtime::task::{Serve, Tasks};

/// Tools of one page.
const PAGE: usize = 500;
/// The name that cursors of lists of tools are bound to.
const LISTING: &str = "tools";

impl Serve for ListTools {
    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<ToolPage, CallError> {
        let node = &tasks.node;
        let filter = requester.caller.owner().map_or(OwnerFilter::Any, OwnerFilter::Is);
        let from = match &self.cursor {
            None => 0,
            Some(cursor) => {
                let place = node.keys.open_cursor(LISTING, &filter, cursor).map_err(|_| CallError::InvalidCursor)?;
                let place = place.0.as_ref().try_into().map_err(|_| CallError::InvalidCursor)?;
                usize::try_from(u64::from_be_bytes(place)).unwrap_or(usize::MAX)
            }
        };
        let (tools, next) = node.components.tools.page(from, PAGE);
        let seal = |place: usize| {
            let place = Position(Bytes::copy_from_slice(&(place as u64).to_be_bytes()));
            node.keys.seal_cursor(LISTING, &filter, &place)
        };
        Ok(ToolPage { tools: tools.to_vec(), next_cursor: next.map(seal).transpose()? })
    }
}
