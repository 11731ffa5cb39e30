-- what: what this role cannot see of the tables and sequences of this database
-- since: 13
-- how often: when Health is opened, and when asked
-- parameters: none
-- columns: role, tables, sequences
select pg_catalog.quote_ident(current_user) as role,
  (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'm') and c.oid >= 16384 and not pg_catalog.has_any_column_privilege(c.oid, 'select')) as tables,
  (select count(*) from pg_catalog.pg_class c
   where case when c.relkind = 'S' then not pg_catalog.has_sequence_privilege(c.oid, 'usage, select') end) as sequences
