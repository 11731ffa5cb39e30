-- what: what the server is and since when, and how many sessions it lets in
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: now, version, standby, started, conf_loaded, max, reserved, autovacuum_max, superuser, role
select (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::int8 as now,
  pg_catalog.current_setting('server_version') as version, pg_catalog.pg_is_in_recovery() as standby,
  extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time())::int8 as started,
  extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_conf_load_time())::int8 as conf_loaded,
  pg_catalog.current_setting('max_connections')::int8 as max,
  pg_catalog.current_setting('superuser_reserved_connections')::int8
    /*>=16*/+ pg_catalog.current_setting('reserved_connections')::int8/*end*/ as reserved,
  pg_catalog.current_setting('autovacuum_max_workers')::int8 as autovacuum_max,
  pg_catalog.current_setting('is_superuser') = 'on' as superuser, pg_catalog.quote_ident(current_user) as role
