//! What components of all kinds say of themselves, as the protocol layer has it.

use fastestmcp_core::component::{Annotations, Description, Icon, IconTheme};
use rmcp::model::{Annotations as WireAnnotations, Icon as WireIcon, IconTheme as WireTheme, MetaObject};

use crate::wire::content::role;

pub(super) fn icons(about: &Description) -> Option<Vec<WireIcon>> {
    (!about.icons.is_empty()).then(|| about.icons.iter().map(icon).collect())
}

pub(super) fn meta(about: &Description) -> Option<MetaObject> {
    (!about.meta.is_empty()).then(|| MetaObject(about.meta.clone()))
}

pub(super) fn annotations(about: &Description) -> Option<WireAnnotations> {
    let Annotations { audience, priority, last_modified, .. } = &about.annotations;
    let mut annotations = WireAnnotations::default();
    annotations.audience = (!audience.is_empty()).then(|| audience.iter().copied().map(role).collect());
    annotations.priority = *priority;
    annotations.last_modified.clone_from(last_modified);
    (annotations != WireAnnotations::default()).then_some(annotations)
}

fn icon(icon: &Icon) -> WireIcon {
    let mut wire = WireIcon::new(icon.src.clone());
    wire.mime_type.clone_from(&icon.mime_type);
    wire.sizes = (!icon.sizes.is_empty()).then(|| icon.sizes.clone());
    wire.theme = icon.theme.map(|theme| match theme {
        IconTheme::Light => WireTheme::Light,
        IconTheme::Dark => WireTheme::Dark,
    });
    wire
}
