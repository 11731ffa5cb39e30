-- what: tables and B-trees that are larger than their rows need, estimated from the planner's statistics: nothing is read or locked
-- since: 13
-- how often: when Health is opened, and when asked
-- parameters: none
-- columns: kind, name, relid, bytes, wasted, percent, remedy
with k as (
  select pg_catalog.current_setting('block_size')::numeric as bs, 24::numeric as page, 8 as ma
), cols as (
  select a.attrelid, count(*) as ncols,
    sum((1 - coalesce(s.null_frac, 0)) * coalesce(s.avg_width, 1024)) as width,
    bool_or(coalesce(s.null_frac, 0) > 0) as nulls, bool_or(s.attname is null) as missing
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'm') and c.oid >= 16384 and c.relpages > 128
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_stats s
    on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited
  where a.attnum > 0 and not a.attisdropped
  group by 1
), tables as (
  select c.oid, c.relpages, c.reltuples, cols.missing,
    coalesce((select o.option_value::int from pg_catalog.pg_options_to_table(c.reloptions) o
      where o.option_name = 'fillfactor'), 100) as fill,
    23 + case when cols.nulls then (7 + cols.ncols) / 8 else 0 end as head, cols.width
  from pg_catalog.pg_class c join cols on cols.attrelid = c.oid
), needed as (
  select t.oid, t.relpages, t.reltuples, t.missing, k.bs,
    -- rows that fit a page: its usable part by a line pointer, the aligned header and the aligned values
    ceil(greatest(t.reltuples, 0)::numeric / greatest(1, floor((k.bs - k.page) * t.fill / 100
      / (4 + ceil(t.head::numeric / k.ma) * k.ma + ceil(t.width::numeric / k.ma) * k.ma)))) as pages
  from tables t cross join k
), index_cols as (
  select i.indexrelid, sum((1 - coalesce(s.null_frac, 0)) * coalesce(s.avg_width, 1024)) as width,
    bool_or(coalesce(s.null_frac, 0) > 0) as nulls, bool_or(s.attname is null) as missing
  from pg_catalog.pg_index i
  cross join lateral unnest(i.indkey::int2[]) with ordinality u (attnum, place)
  join pg_catalog.pg_class tc on tc.oid = i.indrelid and tc.oid >= 16384
  join pg_catalog.pg_namespace n on n.oid = tc.relnamespace
  join pg_catalog.pg_class ic on ic.oid = i.indexrelid and ic.relpages > 128
  -- columns of an expression have statistics under the index's own name
  left join pg_catalog.pg_attribute a
    on a.attrelid = case when u.attnum = 0 then i.indexrelid else i.indrelid end
    and a.attnum = case when u.attnum = 0 then u.place else u.attnum end
  left join pg_catalog.pg_stats s
    on s.schemaname = n.nspname and s.tablename = case when u.attnum = 0 then ic.relname else tc.relname end
    and s.attname = a.attname and not s.inherited
  group by 1
), index_needed as (
  select c.oid, c.relpages, c.reltuples, ic.missing, k.bs,
    1 + ceil(greatest(c.reltuples, 0)::numeric / greatest(1, floor((k.bs - 24 - 16)
      * coalesce((select o.option_value::int from pg_catalog.pg_options_to_table(c.reloptions) o
        where o.option_name = 'fillfactor'), 90) / 100
      / (4 + ceil((8 + case when ic.nulls then 4 else 0 end + ic.width)::numeric / k.ma) * k.ma)))) as pages
  from pg_catalog.pg_class c
  join index_cols ic on ic.indexrelid = c.oid
  join pg_catalog.pg_am am on am.oid = c.relam and am.amname = 'btree'
  cross join k
  where c.relkind = 'i'
), both_kinds as (
  select 'table' as kind, * from needed where not missing and reltuples > 0
  union all
  select 'index', * from index_needed where not missing and reltuples > 0
)
select b.kind, b.oid::regclass::text as name, coalesce(i.indrelid, b.oid) as relid, (b.relpages * b.bs)::int8 as bytes,
  (greatest(b.relpages - b.pages, 0) * b.bs)::int8 as wasted,
  round(100 * greatest(b.relpages - b.pages, 0) / b.relpages, 1) as percent,
  case b.kind when 'index' then 'REINDEX INDEX CONCURRENTLY ' else 'VACUUM FULL ' end || b.oid::regclass || ';' as remedy
from both_kinds b left join pg_catalog.pg_index i on i.indexrelid = b.oid
where 100 * greatest(b.relpages - b.pages, 0) / b.relpages >= 40
order by 5 desc, 2
limit 20
