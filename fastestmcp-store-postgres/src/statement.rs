use sqlx::postgres::{PgArguments, Postgres};
use sqlx::{Arguments, Encode, SqlStr, Type};

/// A statement with its arguments. Every operation is one: a query, or the call of one of our functions.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: SqlStr,
    pub(crate) arguments: PgArguments,
    /// An argument could not be encoded: it is larger than the protocol has room for.
    pub(crate) too_large: bool,
}

impl Statement {
    pub(crate) fn new(sql: SqlStr) -> Self {
        Self { sql, arguments: PgArguments::default(), too_large: false }
    }

    /// Adds the next argument.
    #[must_use]
    pub(crate) fn bind<'t, T: Encode<'t, Postgres> + Type<Postgres>>(mut self, value: T) -> Self {
        self.too_large |= self.arguments.add(value).is_err();
        self
    }
}
