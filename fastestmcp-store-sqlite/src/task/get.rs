use fastestmcp_core::ids::TaskId;
use fastestmcp_core::limits::Limits;
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
    pub(super) limits: Limits,
}

impl ReadOperation for Get {
    type Answer = Vec<Option<TaskRecord>>;
    const NAME: &'static str = "get";

    fn run(&self, snapshot: &Snapshot<'_>) -> Result<Self::Answer, Failure> {
        let (mut records, mut bytes) = (Vec::with_capacity(self.ids.len()), 0);
        for id in &self.ids {
            let found = StoredTask::find_live(snapshot, id)?.filter(|task| self.filter.admits(&task.head.owner));
            let record = found.map(|task| parts::record(snapshot, task, self.part)).transpose()?;
            bytes += record.as_ref().map_or(0, parts::bytes);
            self.limits.check_answer(bytes)?;
            records.push(record);
        }
        Ok(records)
    }
}
