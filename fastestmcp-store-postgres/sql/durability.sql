SELECT
    current_setting('synchronous_commit') <> 'off' AS waits,
    current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean AS flushes
