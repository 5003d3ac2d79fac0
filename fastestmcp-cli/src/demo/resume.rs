//! What an earlier process left behind.

use std::fmt;
use std::time::Duration;

use fastestmcp::Stores;
use fastestmcp::core::error::StoreError;
use fastestmcp::core::page::{PageLimit, PageRequest};
use fastestmcp::core::principal::OwnerFilter;
use fastestmcp::core::task::TaskStatus;

/// Tasks that were running or queued, and when the last of them is free to go on.
pub(crate) struct Waiting {
    tasks: usize,
    within: Duration,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One form for any number: people read it, and so do scripts.
        write!(f, "{} tasks resume in {:.1} s", self.tasks, self.within.as_secs_f64())
    }
}

/// Looks for them; `None` if there are none.
pub(crate) async fn waiting(stores: &Stores) -> Result<Option<Waiting>, StoreError> {
    let mut waiting = Waiting { tasks: 0, within: Duration::ZERO };
    let mut page = PageRequest::first(PageLimit::MAX);
    loop {
        let answer = stores.tasks.list_tasks(&OwnerFilter::Any, Some(TaskStatus::Working.code()), page).await?;
        for due in answer.value.items.iter().filter_map(|head| head.due) {
            waiting.tasks += 1;
            waiting.within = waiting.within.max(due.since(answer.now));
        }
        match answer.value.next {
            Some(next) => page = PageRequest::after(PageLimit::MAX, next),
            None => return Ok((waiting.tasks > 0).then_some(waiting)),
        }
    }
}
