-- title: Sequences near their end
-- description: How much of each sequence is used up, counting the type of the column that it feeds: a bigint
--   sequence on an integer column ends with the integer. Sequences that you may not read are left out.
-- param: percent numeric = 50  Used at least, in percent
-- read-only

select s.schemaname as schema,
       s.sequencename as sequence,
       o.column_name as feeds,
       o.type_name as column_type,
       s.last_value,
       e.last_possible,
       round(100 * u.used, 2) as used_percent,
       s.cycle,
       o.relid,
       case when o.type_name in ('smallint', 'integer')
         then format('ALTER TABLE %s ALTER COLUMN %I TYPE bigint; ALTER SEQUENCE %I.%I AS bigint; -- rewrites the table',
           o.relid::regclass, o.attname, s.schemaname, s.sequencename)
         when s.data_type in ('smallint'::regtype, 'integer'::regtype)
         then format('ALTER SEQUENCE %I.%I AS bigint;', s.schemaname, s.sequencename) end as remedy
from pg_catalog.pg_sequences s
join pg_catalog.pg_namespace n on n.nspname = s.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = s.sequencename and c.relkind = 'S'
left join lateral (
  select d.refobjid::regclass || '.' || quote_ident(a.attname) as column_name,
         format_type(a.atttypid, null) as type_name,
         d.refobjid as relid,
         a.attname
  from pg_catalog.pg_depend d
  join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where d.classid = 'pg_catalog.pg_class'::regclass
    and d.objid = c.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.deptype in ('a', 'i')
  limit 1
) o on true
cross join lateral (
  select case
           when s.increment_by > 0 then
             least(s.max_value, case o.type_name when 'smallint' then 32767 when 'integer' then 2147483647 end)
           else greatest(s.min_value, case o.type_name when 'smallint' then -32768 when 'integer' then -2147483648 end)
         end as last_possible
) e
cross join lateral (
  select abs(s.last_value::numeric - s.start_value) / nullif(abs(e.last_possible::numeric - s.start_value), 0) as used
) u
where s.last_value is not null
  and 100 * u.used >= :percent
order by u.used desc, s.schemaname, s.sequencename;
