//! The lists of components.

use std::sync::Arc;

use bytes::Bytes;

use crate::component::{Registry, Shown};
use crate::operation::{
    CallError, ListPrompts, ListResourceTemplates, ListResources, ListTools, PromptPage, Requester, ResourcePage,
    ResourceTemplatePage, ToolPage,
};
use crate::page::Position;
use crate::principal::OwnerFilter;
use crate::runtime::node::Node;
use crate::runtime::task::{Serve, Tasks};

/// Components of one page.
const PAGE: usize = 500;

/// A page of the components of one kind. `listing` is the name that cursors of their lists are bound to.
fn page<C: Shown>(
    node: &Node,
    requester: &Requester,
    (listing, registry): (&str, &Registry<C>),
    cursor: Option<&str>,
) -> Result<(Vec<Arc<C>>, Option<String>), CallError> {
    let filter = requester.caller.owner().map_or(OwnerFilter::Any, OwnerFilter::Is);
    let from = match cursor {
        None => 0,
        Some(cursor) => {
            let place = node.keys.open_cursor(listing, &filter, cursor).map_err(|_| CallError::InvalidCursor)?;
            let place = place.0.as_ref().try_into().map_err(|_| CallError::InvalidCursor)?;
            usize::try_from(u64::from_be_bytes(place)).unwrap_or(usize::MAX)
        }
    };
    let (components, next) = registry.page(from, PAGE, |component| requester.view.shows(component));
    let seal = |place: usize| {
        let place = Position(Bytes::copy_from_slice(&(place as u64).to_be_bytes()));
        node.keys.seal_cursor(listing, &filter, &place)
    };
    Ok((components, next.map(seal).transpose()?))
}

macro_rules! listed {
    ($($request:ident -> $page:ident { $items:ident: $registry:ident };)*) => {
        $(impl Serve for $request {
            const IS_OF_COMPONENTS: bool = true;

            async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<$page, CallError> {
                let node = &tasks.node;
                let listing = (stringify!($registry), &node.components.$registry);
                let ($items, next_cursor) = page(node, &requester, listing, self.cursor.as_deref())?;
                Ok($page { $items, next_cursor })
            }
        })*
    };
}

listed! {
    ListTools -> ToolPage { tools: tools };
    ListResources -> ResourcePage { resources: resources };
    ListResourceTemplates -> ResourceTemplatePage { resource_templates: templates };
    ListPrompts -> PromptPage { prompts: prompts };
}
