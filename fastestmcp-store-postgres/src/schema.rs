use std::collections::HashMap;
use std::sync::Arc;

use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use parking_lot::RwLock;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::error::BACKEND;

/// The longest name Postgres keeps whole.
const MAX_BYTES: usize = 63;

/// The schema that holds everything of ours. Our SQL names it `fastestmcp`, and reaches everything by that name, so that
/// no search path matters.
#[derive(Debug)]
pub(crate) struct Schema {
    name: String,
    /// Statements with another schema's name in them, by the address of what they were made from.
    rendered: RwLock<HashMap<usize, SqlStr>>,
}

impl Schema {
    pub(crate) const DEFAULT: &'static str = "fastestmcp";

    pub(crate) fn new(name: &str) -> StoreResult<Self> {
        let refused = |detail| Err(StoreError::new(StoreErrorKind::InvalidInput, BACKEND, "open", detail));
        if name.is_empty() || name.len() > MAX_BYTES {
            return refused("the name of a schema has 1 to 63 bytes");
        }
        // It stands in strings, comments and the bodies of functions, too, where quoting is not the same.
        if name.contains(['\'', '"', '$', '\\']) || name.contains(char::is_control) {
            return refused("the name of a schema holds no control character, quote, dollar or backslash");
        }
        if name.starts_with("pg_") {
            return refused("names of schemas that begin with pg_ belong to Postgres");
        }
        Ok(Self { name: name.to_owned(), rendered: RwLock::default() })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// One of our statements for this schema.
    pub(crate) fn render(&self, sql: &'static str) -> SqlStr {
        if self.name == Self::DEFAULT {
            return SqlStr::from_static(sql);
        }
        let key = sql.as_ptr() as usize;
        if let Some(known) = self.rendered.read().get(&key) {
            return known.clone();
        }
        let rendered = self.render_text(sql);
        self.rendered.write().insert(key, rendered.clone());
        rendered
    }

    /// As [`Schema::render`], for a statement with a number of ours in it.
    pub(crate) fn render_text(&self, sql: &str) -> SqlStr {
        let text = sql.replace("fastestmcp.", &format!("{}.", self.quoted()));
        AssertSqlSafe(Arc::<str>::from(text)).into_sql_str()
    }

    /// `CREATE SCHEMA` takes no parameter for the name.
    pub(crate) fn create(&self) -> SqlStr {
        AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {}", self.quoted())).into_sql_str()
    }

    fn quoted(&self) -> String {
        format!("\"{}\"", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_schema_stands_quoted_in_every_statement() {
        const SQL: &str = "SELECT fastestmcp.load($1) FROM fastestmcp.scope";
        let render = |name: &str| Schema::new(name).unwrap().render(SQL).as_str().to_owned();
        assert_eq!(render("fastestmcp"), SQL);
        assert_eq!(render("Ä b; DROP"), "SELECT \"Ä b; DROP\".load($1) FROM \"Ä b; DROP\".scope");
    }

    #[test]
    fn names_that_cannot_be_kept_or_quoted_are_refused() {
        for name in [
            "",
            "pg_mine",
            "a\0b",
            "a\nb",
            "a\rb",
            "a\u{7f}",
            "a\u{85}b",
            "a\"b",
            "a'b",
            "a$$b",
            "a\\b",
            &"x".repeat(64),
        ] {
            assert!(Schema::new(name).is_err(), "{name:?}");
        }
    }
}
