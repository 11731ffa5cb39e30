-- what: columns of all relations but partitions (those have their parent's), without defaults and comments
-- since: 13
-- how often: at connect and on demand
-- parameters: none
-- columns: attrelid, attnum, name, type_oid, base_oid, type_name, category, not_null, default_expression, identity, generated, comment
select a.attrelid, a.attnum, a.attname::text as name, a.atttypid as type_oid,
  coalesce(nullif(b.oid, 0), t.oid) as base_oid,
  pg_catalog.format_type(a.atttypid, a.atttypmod)::text as type_name,
  coalesce(b.typcategory, t.typcategory)::text as category,
  a.attnotnull or (t.typtype = 'd' and t.typnotnull) as not_null,
  null::text as default_expression, a.attidentity::text as identity, a.attgenerated <> '' as generated, null::text as comment
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_type t on t.oid = a.atttypid
-- a domain over a domain is walked down to its base
left join lateral (
  with recursive down as (
    select t.typbasetype as oid, 1 as depth where t.typtype = 'd'
    union all
    select x.typbasetype, down.depth + 1 from down
    join pg_catalog.pg_type x on x.oid = down.oid where x.typtype = 'd')
  select y.oid, y.typcategory from down join pg_catalog.pg_type y on y.oid = down.oid
  order by depth desc limit 1) b on t.typtype = 'd'

where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
