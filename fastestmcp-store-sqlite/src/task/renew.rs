use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{Renewed, Token};

use super::head::StoredTask;
use crate::error::Failure;
use crate::snapshot::millis;
use crate::writer::{WriteOperation, WriteTx};

#[derive(Debug)]
pub(super) struct Renew {
    pub(super) leases: Vec<(TaskId, Token)>,
    pub(super) lease: Duration,
}

impl WriteOperation for Renew {
    type Answer = Vec<Renewed>;
    const NAME: &'static str = "renew";

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<Vec<Renewed>, Failure> {
        let until = tx.now.after(self.lease);
        self.leases
            .iter()
            .map(|(id, token)| {
                let held = match StoredTask::find_live(tx, id) {
                    // Whoever holds it cannot write its outcome any more, and the others of the batch must not pay for it.
                    Err(failure) if failure.is_damage() => None,
                    found => found?.filter(|task| task.is_leased_under(*token)),
                };
                let Some(task) = held else { return Ok(Renewed::Lost) };
                tx.statement(include_str!("../../sql/task_renew.sql"))?.execute((task.id, millis(until)))?;
                Ok(Renewed::Held { until, version: task.head.version })
            })
            .collect()
    }
}
