use fastestmcp_core::component::{Resource, ResourceTemplate};
use fastestmcp_core::operation::{ResourcePage, ResourceTemplatePage};
use rmcp::model::{
    ListResourceTemplatesResult, ListResourcesResult, Resource as WireResource, ResourceTemplate as WireTemplate,
};

use super::described::{annotations, icons, meta};

/// A page of resources.
pub(crate) fn resources(page: ResourcePage) -> ListResourcesResult {
    let mut list = ListResourcesResult::with_all_items(page.resources.iter().map(|resource| shown(resource)).collect());
    list.next_cursor = page.next_cursor;
    list
}

/// A page of templates.
pub(crate) fn templates(page: ResourceTemplatePage) -> ListResourceTemplatesResult {
    let templates = page.resource_templates.iter().map(|template| shown_template(template)).collect();
    let mut list = ListResourceTemplatesResult::with_all_items(templates);
    list.next_cursor = page.next_cursor;
    list
}

fn shown(resource: &Resource) -> WireResource {
    let about = resource.about();
    let mut wire = WireResource::new(resource.uri(), about.name.clone());
    wire.title.clone_from(&about.title);
    wire.description.clone_from(&about.description);
    wire.mime_type = resource.mime_type().map(str::to_owned);
    wire.size = resource.bytes();
    wire.icons = icons(about);
    wire.annotations = annotations(about);
    wire.meta = meta(about);
    wire
}

fn shown_template(template: &ResourceTemplate) -> WireTemplate {
    let about = template.about();
    let mut wire = WireTemplate::new(template.uri_template(), about.name.clone());
    wire.title.clone_from(&about.title);
    wire.description.clone_from(&about.description);
    wire.mime_type = template.mime_type().map(str::to_owned);
    wire.icons = icons(about);
    wire.annotations = annotations(about);
    wire.meta = meta(about);
    wire
}
