-- what: the settings our panes depend on, as far as this role may see them
-- since: 13
-- how often: once, by pgdeck doctor
-- parameters: none
-- columns: name, setting (null: hidden or unknown), unit, source
select n.name,
    -- Ours holds while we ask: what counts is what the session began with.
    case n.name when 'statement_timeout' then s.reset_val else pg_catalog.current_setting(n.name, true) end as setting,
    s.unit, s.source
from (values
        ('track_activities'), ('track_activity_query_size'), ('track_counts'), ('track_io_timing'), ('compute_query_id'),
        ('log_lock_waits'), ('statement_timeout'), ('idle_in_transaction_session_timeout'),
        ('default_transaction_read_only'), ('row_security'), ('search_path'), ('client_encoding'), ('TimeZone'),
        ('pg_stat_statements.max'), ('pg_stat_statements.track'), ('auto_explain.log_min_duration')) n (name)
left join pg_catalog.pg_settings s on pg_catalog.lower(s.name) = pg_catalog.lower(n.name)
where n.name <> 'compute_query_id' or pg_catalog.current_setting('server_version_num')::int4 >= 140000
union all
-- Only who may read all settings sees it: asking for its value would fail.
select 'shared_preload_libraries', s.setting, s.unit, s.source
from (select) one left join pg_catalog.pg_settings s on s.name = 'shared_preload_libraries'
