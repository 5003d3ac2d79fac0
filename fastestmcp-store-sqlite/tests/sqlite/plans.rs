use crate::file::{File, open};
use fastestmcp_core::backend::Backend;

/// The index that each statement has to use, and whether its order has to come from it.
const PLANS: [(&str, &str, &str); 12] = [
    ("task_due", include_str!("../../sql/task_due.sql"), "task_due (ns=? AND queue=? AND priority=? AND due>?)"),
    ("task_find", include_str!("../../sql/task_find.sql"), "task_name (ns=? AND name=?)"),
    (
        "task_find_idempotent",
        include_str!("../../sql/task_find_idempotent.sql"),
        "task_idempotency (ns=? AND idempotency_key=?)",
    ),
    ("task_count_open", include_str!("../../sql/task_count_open.sql"), "task_open (ns=? AND owner=?)"),
    ("task_list", include_str!("../../sql/task_list.sql"), "task_list (ns=? AND (created,name)<(?,?))"),
    (
        "task_list_owner",
        include_str!("../../sql/task_list_owner.sql"),
        "task_list_owner (ns=? AND owner=? AND (created,name)<(?,?))",
    ),
    (
        "task_list_status",
        include_str!("../../sql/task_list_status.sql"),
        "task_list_status (ns=? AND owner=? AND status=? AND (created,name)<(?,?))",
    ),
    ("task_expired", include_str!("../../sql/task_expired.sql"), "task_expiry (ns=? AND expires<?)"),
    ("entry_list", include_str!("../../sql/entry_list.sql"), "entry_key (scope=? AND key>? AND key<?)"),
    ("entry_expired", include_str!("../../sql/entry_expired.sql"), "entry_expiry (ns=? AND expires<?)"),
    ("scope_expired", include_str!("../../sql/scope_expired.sql"), "scope_expiry (ns=? AND kind=? AND expires<?)"),
    ("event_read", include_str!("../../sql/event_read.sql"), "event_topic (topic=? AND rowid>?)"),
];

#[tokio::test]
async fn every_listing_and_every_claim_walks_an_index_in_its_order() {
    let file = File::new();
    open(file.config()).await.close().await.unwrap();
    let connection = file.raw();
    for (name, sql, wanted) in PLANS {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let arguments = vec![1i64; statement.parameter_count()];
        let steps = statement.query_map(rusqlite::params_from_iter(arguments), |row| row.get::<_, String>(3)).unwrap();
        let plan = steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
        assert!(plan.contains(wanted), "{name}: {plan}");
        assert!(
            !plan.contains("TEMP B-TREE") && !plan.contains("SCAN task") && !plan.contains("SCAN entry"),
            "{name}: {plan}"
        );
    }
}
