//! `resources/read`.

use std::sync::Arc;

use serde_json::Value;

use super::leg::Leg;
use super::suspend::Bound;
use crate::component::{Components, Readable, ResourceOutput};
use crate::operation::{CallError, CallOutcome, ReadResource, Requester};
use crate::runtime::task::{Serve, Tasks};

impl Serve for ReadResource {
    fn admit(&self, components: &Components) -> Result<(), CallError> {
        self.readable(components).map(drop)
    }

    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<CallOutcome<ResourceOutput>, CallError> {
        let node = &tasks.node;
        let bound = Bound { method: "resources/read", name: &self.uri, arguments: &Value::Null };
        let leg = |arguments: Value| Leg {
            bound,
            resume: self.resume.as_ref(),
            arguments: Arc::new(arguments),
            meta: self.meta.clone(),
            may_detach: false,
        };
        let (ended, caching) = match self.readable(&node.components)? {
            Readable::Resource(resource, arguments) => {
                (leg(arguments).run(node, resource, requester).await?, resource.caching())
            }
            Readable::Template(template, arguments) => {
                (leg(arguments).run(node, template, requester).await?, template.caching())
            }
        };
        ended.map(|contents| ResourceOutput::new(contents, caching)).without_task()
    }
}

impl ReadResource {
    fn readable<'c>(&self, components: &'c Components) -> Result<Readable<'c>, CallError> {
        components.readable(&self.uri).ok_or_else(|| CallError::UnknownResource(self.uri.clone()))
    }
}
