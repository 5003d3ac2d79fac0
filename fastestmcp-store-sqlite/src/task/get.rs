use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{Part, TaskRecord};

use super::head::StoredTask;
use super::parts;
use crate::error::Failure;
use crate::reader::ReadOperation;
use crate::snapshot::Snapshot;

#[derive(Debug)]
pub(super) struct Get {
    pub(super) ids: Vec<TaskId>,
    pub(super) filter: OwnerFilter,
    pub(super) part: Part,
}

impl ReadOperation for Get {
    type Answer = Vec<Option<TaskRecord>>;
    const NAME: &'static str = "get";

    fn run(&self, snapshot: &Snapshot<'_>) -> Result<Self::Answer, Failure> {
        self.ids
            .iter()
            .map(|id| {
                let found = StoredTask::find_live(snapshot, id)?.filter(|task| self.filter.admits(&task.head.owner));
                found.map(|task| parts::record(snapshot, task, self.part)).transpose()
            })
            .collect()
    }
}
