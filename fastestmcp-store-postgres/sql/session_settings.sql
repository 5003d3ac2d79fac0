-- `{…}` are milliseconds. Sent without parameters, so that one round trip does all of it.
SET statement_timeout = '{statement}ms';
SET lock_timeout = '{lock}ms';
SET idle_in_transaction_session_timeout = '{idle}ms';
SET search_path = '';
SET default_transaction_isolation = 'read committed';
-- Every statement of ours looks up keys. Without these a plan made while a table was small would go on to read all of it
-- when it is large.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET jit = off;
SELECT
    pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS standby,
    current_setting('synchronous_commit') <> 'off' AS waits,
    current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean AS flushes;
