-- what: is the server still a standby, and how far is it behind its primary? Without work on the primary that is nothing
-- since: 13
-- how often: every five seconds while the server is a standby
-- parameters: none
-- columns: standby, behind
select pg_catalog.pg_is_in_recovery() as standby,
    case
        when not pg_catalog.pg_is_in_recovery() then null
        when pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() then 0
        else extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())
    end::float8 as behind
