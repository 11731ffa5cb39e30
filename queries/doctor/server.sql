-- what: the server, its database and who we are there
-- since: 13
-- how often: once, by pgdeck doctor
-- parameters: none
-- columns: version, version_num, database, session_user, current_user, superuser, encoding, collate, ctype, standby, replay_lag, backend, address, max_connections, connections, system_user
select
    pg_catalog.current_setting('server_version') as version,
    pg_catalog.current_setting('server_version_num') as version_num,
    d.datname as database,
    session_user::text as session_user,
    current_user::text as current_user,
    r.rolsuper as superuser,
    pg_catalog.pg_encoding_to_char(d.encoding) as encoding,
    d.datcollate as collate,
    d.datctype as ctype,
    pg_catalog.pg_is_in_recovery() as standby,
    pg_catalog.date_trunc('second', pg_catalog.now() - pg_catalog.pg_last_xact_replay_timestamp()) as replay_lag,
    pg_catalog.pg_backend_pid() as backend,
    pg_catalog.host(pg_catalog.inet_server_addr()) || ':' || pg_catalog.inet_server_port() as address,
    pg_catalog.current_setting('max_connections') as max_connections,
    (select pg_catalog.count(*) from pg_catalog.pg_stat_get_activity(null) a where a.datid <> 0) as connections,
    /*>=16*/system_user/*else*/null::text/*end*/ as system_user
from pg_catalog.pg_database d, pg_catalog.pg_roles r
where d.datname = pg_catalog.current_database() and r.rolname = current_user
