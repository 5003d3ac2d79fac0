SELECT
    set_config('statement_timeout', $1, false),
    set_config('lock_timeout', $2, false),
    set_config('idle_in_transaction_session_timeout', $3, false),
    set_config('search_path', '', false),
    set_config('default_transaction_isolation', 'read committed', false),
    -- Every statement of ours looks up keys. Without these a plan made while a table was small would go on to read all
    -- of it when it is large.
    set_config('enable_seqscan', 'off', false),
    set_config('enable_hashjoin', 'off', false),
    set_config('enable_mergejoin', 'off', false),
    set_config('jit', 'off', false),
    pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS standby
