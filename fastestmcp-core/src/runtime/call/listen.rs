use std::sync::Arc;

use crate::operation::{CallError, Listen, Listening, Requester};
use crate::runtime::task::{Serve, Tasks};

impl Serve for Listen {
    async fn serve(self, _: &Arc<Tasks>, requester: Requester) -> Result<Listening, CallError> {
        Ok(Listening::new(requester.slots))
    }
}
