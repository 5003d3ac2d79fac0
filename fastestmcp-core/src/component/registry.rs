use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::{Component, Prompt, Resource, ResourceTemplate, Tool};

/// All components of a server: a registry per kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Components {
    pub(crate) tools: Registry<Tool>,
    pub(crate) resources: Registry<Resource>,
    pub(crate) templates: Registry<ResourceTemplate>,
    pub(crate) prompts: Registry<Prompt>,
}

/// A [`Resource`] or a [`ResourceTemplate`], for what takes either.
#[derive(Clone, Debug)]
pub enum AnyResource {
    /// One.
    Resource(Resource),
    /// Many.
    Template(ResourceTemplate),
}

impl From<Resource> for AnyResource {
    fn from(resource: Resource) -> Self {
        Self::Resource(resource)
    }
}

impl From<ResourceTemplate> for AnyResource {
    fn from(template: ResourceTemplate) -> Self {
        Self::Template(template)
    }
}

/// What a URI is read by, and with what.
pub(crate) enum Readable<'c> {
    Resource(&'c Arc<Resource>, Value),
    Template(&'c Arc<ResourceTemplate>, Value),
}

/// The components of one kind: found by what clients know them by, shown in the order they were added.
#[derive(Clone)]
pub(crate) struct Registry<C> {
    ordered: Vec<Arc<C>>,
    by_id: HashMap<String, usize>,
}

impl<C> Default for Registry<C> {
    fn default() -> Self {
        Self { ordered: Vec::new(), by_id: HashMap::new() }
    }
}

impl<C: Component> Registry<C> {
    /// # Errors
    /// What two of them are known by.
    pub(crate) fn new(components: Vec<C>) -> Result<Self, String> {
        let mut by_id = HashMap::with_capacity(components.len());
        for (place, component) in components.iter().enumerate() {
            let id = component.id();
            if by_id.insert(id.to_owned(), place).is_some() {
                return Err(id.to_owned());
            }
        }
        Ok(Self { ordered: components.into_iter().map(Arc::new).collect(), by_id })
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<C>> {
        self.by_id.get(id).and_then(|place| self.ordered.get(*place))
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Arc<C>> {
        self.ordered.iter()
    }

    /// At most `most` of those that are shown from a place on, and the place where the next page begins if there is one.
    /// Places are those of this release of the server: a walk that goes on over a deploy may skip what was put in between.
    pub(crate) fn page(&self, from: usize, most: usize, is_shown: impl Fn(&C) -> bool) -> (Vec<Arc<C>>, Option<usize>) {
        let shown = self.ordered.iter().enumerate().skip(from).filter(|(_, component)| is_shown(component));
        let mut page = Vec::new();
        for (place, component) in shown {
            if page.len() == most {
                return (page, Some(place));
            }
            page.push(component.clone());
        }
        (page, None)
    }
}

impl<C: Component> fmt::Debug for Registry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ordered.iter().map(|component| component.id())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::NoArgs;

    fn registry(count: usize) -> Registry<Tool> {
        let tool = |index| Tool::new(format!("t{index}"), async |_cx, _: NoArgs| Ok(""));
        Registry::new((0..count).map(tool).collect()).unwrap()
    }

    #[test]
    fn pages_show_every_component_once_in_order_and_end() {
        for (count, most) in [(0, 3), (1, 3), (3, 3), (7, 3), (7, 100), (7, usize::MAX)] {
            let registry = registry(count);
            let (mut seen, mut from) = (Vec::new(), Some(0));
            while let Some(place) = from {
                let (page, next) = registry.page(place, most, |_| true);
                seen.extend(page.iter().map(|tool| tool.name().to_owned()));
                from = next;
            }
            assert_eq!(seen, (0..count).map(|index| format!("t{index}")).collect::<Vec<_>>(), "{count} by {most}");
        }
        assert_eq!(registry(3).page(usize::MAX, 3, |_| true).0.len(), 0, "a place of a larger release");
    }

    #[test]
    fn pages_are_full_of_what_is_shown_and_the_last_has_no_next() {
        let (registry, even) = (registry(9), |tool: &Tool| tool.name().ends_with(['0', '2', '4', '6', '8']));
        let names = |page: Vec<Arc<Tool>>| page.iter().map(|tool| tool.name().to_owned()).collect::<Vec<_>>();
        let (first, next) = registry.page(0, 3, even);
        assert_eq!((names(first), next), (vec!["t0".to_owned(), "t2".to_owned(), "t4".to_owned()], Some(6)));
        let (second, next) = registry.page(6, 2, even);
        assert_eq!((names(second), next), (vec!["t6".to_owned(), "t8".to_owned()], None));
        assert!(matches!(registry.page(0, 3, |_| false), (page, None) if page.is_empty()));
    }

    #[test]
    fn two_of_one_name_are_refused_and_one_is_found_by_it() {
        let tool = || Tool::new("same", async |_cx, _: NoArgs| Ok(""));
        assert_eq!(Registry::new(vec![tool(), tool()]).unwrap_err(), "same");
        assert_eq!(registry(9).get("t7").map(|tool| tool.name()), Some("t7"));
        assert!(registry(9).get("t9").is_none());
    }
}
