-- what: everything full-text search can stand on: tsvector columns with what fills them, and the keys of indexes that serve @@ or similarity
-- since: 13
-- how often: when the Search pane is opened on a database, and on F5
-- parameters: none
-- columns: what (c column, x index), relation, name, class, expression, configuration, predicate, bytes, usable, arguments (chr(1) behind each), source
with seen as materialized (
  select c.oid, c.relkind
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm', 'v', 'f')
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and (pg_catalog.has_table_privilege(c.oid, 'select') or pg_catalog.has_any_column_privilege(c.oid, 'select'))
), kept as materialized (
  -- the arguments end in zero bytes, which no text can hold
  select t.tgrelid, (
    select pg_catalog.convert_from(
      pg_catalog.string_agg(case pg_catalog.get_byte(t.tgargs, n) when 0 then pg_catalog.decode('01', 'hex')
        else pg_catalog.substr(t.tgargs, n + 1, 1) end, pg_catalog.decode('', 'hex') order by n),
      pg_catalog.getdatabaseencoding())
    from pg_catalog.generate_series(0, pg_catalog.length(t.tgargs) - 1) n) as arguments
  from pg_catalog.pg_trigger t
  join pg_catalog.pg_proc f on f.oid = t.tgfoid
  where f.proname in ('tsvector_update_trigger', 'tsvector_update_trigger_column')
), keys as materialized (
  select x.indexrelid, x.indrelid, k.n, k.attnum, o.opcname, x.indpred, x.indisvalid and x.indisready as usable
  from pg_catalog.pg_index x
  cross join lateral rows from (
    pg_catalog.unnest(x.indkey::pg_catalog.int2[]), pg_catalog.unnest(x.indclass::pg_catalog.oid[])
  ) with ordinality as k (attnum, class, n)
  join pg_catalog.pg_opclass o on o.oid = k.class
  where o.opcname in ('tsvector_ops', 'gin_trgm_ops', 'gist_trgm_ops', 'rum_tsvector_ops', 'array_ops', 'jsonb_ops', 'jsonb_path_ops')
    and x.indrelid in (select oid from seen)
)
select 'c' as what, a.attrelid as relation, a.attname::text as name, '' as class,
  case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as expression,
  (select p.refobjid::pg_catalog.regconfig::text from pg_catalog.pg_depend p
   where p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and p.objid = d.oid
     and p.refclassid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass limit 1) as configuration,
  null::text as predicate, 0::int8 as bytes, true as usable,
  (select g.arguments from kept g where g.tgrelid = a.attrelid
     and pg_catalog.starts_with(g.arguments, a.attname || pg_catalog.chr(1)) limit 1) as arguments,
  (select f.prosrc from pg_catalog.pg_trigger t join pg_catalog.pg_proc f on f.oid = t.tgfoid
   where t.tgrelid = a.attrelid and not t.tgisinternal and f.prosrc ~* 'to_tsvector' and pg_catalog.strpos(f.prosrc, a.attname) > 0 limit 1) as source
from pg_catalog.pg_attribute a
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.atttypid = 'pg_catalog.tsvector'::pg_catalog.regtype and not a.attisdropped and a.attnum > 0
  and a.attrelid in (select oid from seen)
union all
select 'x', k.indrelid, i.relname::text, m.amname || ' ' || k.opcname,
  coalesce(pg_catalog.quote_ident(a.attname), pg_catalog.pg_get_indexdef(k.indexrelid, k.n::int4, false)),
  (select p.refobjid::pg_catalog.regconfig::text from pg_catalog.pg_depend p
   where p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and p.objid = k.indexrelid
     and p.refclassid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass limit 1),
  pg_catalog.pg_get_expr(k.indpred, k.indrelid), pg_catalog.pg_relation_size(k.indexrelid), k.usable,
  null,
  case when k.attnum = 0 then (select f.prosrc from pg_catalog.pg_depend p join pg_catalog.pg_proc f on f.oid = p.refobjid
   where p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and p.objid = k.indexrelid
     and p.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.prosrc ~* 'to_tsvector' limit 1) end
from keys k
join pg_catalog.pg_class i on i.oid = k.indexrelid
join pg_catalog.pg_am m on m.oid = i.relam
left join pg_catalog.pg_attribute a on a.attrelid = k.indrelid and a.attnum = k.attnum and k.attnum <> 0
order by 1, 2, 3
