-- what: one relation, as in relations.sql
-- since: 13
-- how often: when a relation is opened
-- parameters: $1 oid
-- columns: oid, schema, name, kind, rows, bytes, parent, comment, can_delete
select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
  case when c.reltuples = 0 and c.relpages = 0 and current_setting('server_version_num')::int < 140000
    then -1 else c.reltuples end::float8 as rows,
  case when c.relkind in ('r', 'm', 'S') then c.relpages::int8 * current_setting('block_size')::int8
    else -1 end as bytes,
  coalesce(i.inhparent, 0)::oid as parent,
  d.description::text as comment,
  pg_catalog.has_table_privilege(c.oid, 'DELETE') as can_delete
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_inherits i on i.inhrelid = c.oid and c.relispartition
left join pg_catalog.pg_description d
  on d.objoid = c.oid and d.classoid = 'pg_catalog.pg_class'::regclass and d.objsubid = 0
where c.oid = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
