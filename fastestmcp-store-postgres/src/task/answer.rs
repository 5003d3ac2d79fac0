use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{Lease, TaskHead, TaskRecord, Token};
use fastestmcp_core::time::StoreTime;
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Decode, Row, Type};

use crate::database::{Database, count, moment};
use crate::error::Failure;
use crate::statement::Statement;

/// A row of the type `task_answer`.
#[derive(Debug)]
pub(super) struct Answer<'r>(pub(super) &'r PgRow);

impl<'r> Answer<'r> {
    /// Which item of the call it answers, counted from 0; `None` in a row that speaks for the whole call.
    pub(super) fn item(&self) -> Result<Option<usize>, Failure> {
        let item: Option<i32> = self.get(0)?;
        item.map(|item| usize::try_from(item - 1).map_err(|_| Failure::Corrupt("an answer to no item"))).transpose()
    }

    pub(super) fn outcome(&self) -> Result<i16, Failure> {
        self.get(1)
    }

    pub(super) fn now(&self) -> Result<StoreTime, Failure> {
        self.get(2).map(moment)
    }

    pub(super) fn open_tasks(&self) -> Result<u32, Failure> {
        Ok(u32::try_from(self.get::<i64>(3)?).unwrap_or(u32::MAX))
    }

    /// When the first task of each lane of a claim is due.
    pub(super) fn dues(&self) -> Result<Vec<Option<i64>>, Failure> {
        self.get(4)
    }

    /// The number of the task in our tables.
    pub(super) fn id(&self) -> Result<i64, Failure> {
        self.get(5)
    }

    pub(super) fn version(&self) -> Result<Version, Failure> {
        self.get(19).map(|version| Version(count(version)))
    }

    pub(super) fn head(&self) -> Result<TaskHead, Failure> {
        let lease = match (self.optional_text(17)?, self.get::<Option<i64>>(18)?) {
            (Some(worker), Some(token)) => Some(Lease { worker, token: Token(count(token)) }),
            _ => None,
        };
        Ok(TaskHead {
            id: TaskId::new(self.text(6)?),
            owner: Owner::new(self.text(7)?),
            session: self.optional_text(8)?,
            queue: self.text(9)?,
            priority: self.byte(10)?,
            status: self.byte(11)?,
            created: moment(self.get(12)?),
            updated: moment(self.get(13)?),
            expires: self.get::<Option<i64>>(14)?.map(moment),
            open: self.get(15)?,
            due: self.get::<Option<i64>>(16)?.map(moment),
            lease,
            version: self.version()?,
            claims: u32::try_from(self.get::<i32>(20)?).unwrap_or(0),
        })
    }

    /// The head and what else was read.
    pub(super) fn record(&self) -> Result<TaskRecord, Failure> {
        let bytes = |index| Ok::<_, Failure>(self.get::<Option<&[u8]>>(index)?.map(Bytes::copy_from_slice));
        Ok(TaskRecord { head: self.head()?, spec: bytes(21)?, state: bytes(22)? })
    }

    fn get<T: Decode<'r, Postgres> + Type<Postgres>>(&self, index: usize) -> Result<T, Failure> {
        self.0.try_get(index).map_err(Failure::Sent)
    }

    fn byte(&self, index: usize) -> Result<u8, Failure> {
        u8::try_from(self.get::<i16>(index)?).map_err(|_| Failure::Corrupt("a status or priority is no byte"))
    }

    fn text(&self, index: usize) -> Result<String, Failure> {
        self.optional_text(index)?.ok_or(Failure::Corrupt("a task lacks a field"))
    }

    fn optional_text(&self, index: usize) -> Result<Option<String>, Failure> {
        let bytes = self.get::<Option<&[u8]>>(index)?;
        bytes
            .map(|bytes| {
                String::from_utf8(bytes.to_vec()).map_err(|_| Failure::Corrupt("a field of a task is no UTF-8"))
            })
            .transpose()
    }
}

/// A statement that waits for the writes under way to tasks, if there are any.
pub(super) fn settle(database: &Database, ids: Vec<i64>) -> Vec<Statement> {
    let statement = || database.statement(include_str!("../../sql/task_settle.sql"));
    if ids.is_empty() { Vec::new() } else { vec![statement().bind(ids)] }
}

/// The answers to a call of `count` items, in their order, each made by `outcome` of its row.
pub(super) fn answers<T>(
    rows: &[PgRow],
    count: usize,
    outcome: impl Fn(usize, &Answer<'_>) -> Result<T, Failure>,
) -> Result<Vec<At<T>>, Failure> {
    let mut answers: Vec<Option<At<T>>> = (0..count).map(|_| None).collect();
    for answer in rows.iter().map(Answer) {
        let Some(item) = answer.item()? else { continue };
        let place = answers.get_mut(item).ok_or(Failure::Corrupt("an answer to no item"))?;
        *place = Some(At::new(answer.now()?, outcome(item, &answer)?));
    }
    answers.into_iter().collect::<Option<_>>().ok_or(Failure::Corrupt("an item without an answer"))
}
