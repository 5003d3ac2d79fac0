use std::sync::Arc;

use serde_json::{Map, Value};

use super::registry::{Components, Readable, Registry};
use super::{Component, Prompt, Resource, ResourceTemplate, Tool};
use crate::visibility::{ComponentKind, Subject, VisibilityRules};

/// A component that clients may see.
pub(crate) trait Shown: Component {
    const KIND: ComponentKind;
}

impl Shown for Tool {
    const KIND: ComponentKind = ComponentKind::Tool;
}

impl Shown for Resource {
    const KIND: ComponentKind = ComponentKind::Resource;
}

impl Shown for ResourceTemplate {
    const KIND: ComponentKind = ComponentKind::ResourceTemplate;
}

impl Shown for Prompt {
    const KIND: ComponentKind = ComponentKind::Prompt;
}

/// What somebody may see: by the server's rules, else by its own, else what is not hidden from the start (contract C7).
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) own: Arc<VisibilityRules>,
    pub(crate) server: Arc<VisibilityRules>,
}

impl View {
    pub(crate) fn shows<C: Shown>(&self, component: &C) -> bool {
        let about = component.description();
        let subject = Subject { kind: C::KIND, id: component.id(), name: &about.name, tags: &about.tags };
        let decided = self.server.decide(&subject).or_else(|| self.own.decide(&subject));
        decided.unwrap_or(!about.is_hidden)
    }
}

/// The components that somebody may see. A hidden one is as one that is not there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visible<'c> {
    pub(crate) components: &'c Components,
    pub(crate) view: &'c View,
}

impl<'c> Visible<'c> {
    pub(crate) fn tool(self, name: &str) -> Option<&'c Arc<Tool>> {
        self.get(&self.components.tools, name)
    }

    pub(crate) fn prompt(self, name: &str) -> Option<&'c Arc<Prompt>> {
        self.get(&self.components.prompts, name)
    }

    pub(crate) fn resource(self, uri: &str) -> Option<&'c Arc<Resource>> {
        self.get(&self.components.resources, uri)
    }

    pub(crate) fn template(self, uri: &str) -> Option<&'c Arc<ResourceTemplate>> {
        self.get(&self.components.templates, uri)
    }

    /// The resource of a URI, or else the first template that fits it.
    pub(crate) fn readable(self, uri: &str) -> Option<Readable<'c>> {
        if let Some(resource) = self.resource(uri) {
            return Some(Readable::Resource(resource, Value::Object(Map::new())));
        }
        let mut templates = self.components.templates.iter().filter(|template| self.view.shows(&***template));
        templates.find_map(|template| Some(Readable::Template(template, template.arguments_of(uri)?)))
    }

    fn get<C: Shown>(self, registry: &'c Registry<C>, id: &str) -> Option<&'c Arc<C>> {
        registry.get(id).filter(|component| self.view.shows(&***component))
    }
}
