-- what: columns of one relation
-- since: 13
-- how often: when a relation is opened
-- parameters: $1 oid
-- columns: attrelid, attnum, name, type_oid, base_oid, type_name, category, not_null, default_expression, identity, generated, comment, loose, can_update, can_insert
select a.attrelid, a.attnum, a.attname::text as name, a.atttypid as type_oid,
  coalesce(nullif(b.oid, 0), t.oid) as base_oid,
  pg_catalog.format_type(a.atttypid, a.atttypmod)::text as type_name,
  coalesce(b.typcategory, t.typcategory)::text as category,
  a.attnotnull or (t.typtype = 'd' and t.typnotnull) as not_null,
  -- only a generated column's expression names columns; with the relation given, each of 1,600 would look at all
  pg_catalog.pg_get_expr(e.adbin, case when a.attgenerated <> '' then e.adrelid else 0 end)::text as default_expression,
  a.attidentity::text as identity,
  a.attgenerated <> '' as generated, pg_catalog.col_description(a.attrelid, a.attnum)::text as comment,
  coalesce(not l.collisdeterministic, false) as loose,
  pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'UPDATE') as can_update,
  pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT') as can_insert
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
left join pg_catalog.pg_collation l on l.oid = a.attcollation
left join pg_catalog.pg_attrdef e on e.adrelid = a.attrelid and e.adnum = a.attnum
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
