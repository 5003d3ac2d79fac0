//! `resources/read`.

use std::sync::Arc;

use serde_json::Value;

use super::leg::Leg;
use super::suspend::Bound;
use crate::component::{Readable, ResourceOutput, Visible};
use crate::operation::{CallError, CallOutcome, ReadResource, Requester};
use crate::runtime::task::{Serve, Tasks};

impl Serve for ReadResource {
    const IS_OF_COMPONENTS: bool = true;

    fn admit(&self, visible: Visible<'_>) -> Result<(), CallError> {
        self.readable(visible).map(drop)
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
        let (ended, caching) =
            match self.readable(Visible { components: &node.components, view: &requester.view.clone() })? {
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
    fn readable<'c>(&self, visible: Visible<'c>) -> Result<Readable<'c>, CallError> {
        visible.readable(&self.uri).ok_or_else(|| CallError::UnknownResource(self.uri.clone()))
    }
}
