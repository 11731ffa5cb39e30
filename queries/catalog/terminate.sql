-- what: ends a backend
-- since: 13
-- how often: when the user asks for it because a cancel did not help
-- parameters: $1 process id
-- columns: sent
select pg_catalog.pg_terminate_backend($1::int4) as sent
