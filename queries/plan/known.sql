-- what: what advice on a plan stands on: rows, statistics, indexes and foreign keys of its relations, and whether hypopg is there
-- since: 13
-- how often: after a plan was read on a connection
-- parameters: $1 text[] schemas of the relations, NULL for whichever is visible; $2 text[] their names, in the same order
-- columns: one json
with wanted as (
  select distinct c.oid, n.nspname, c.relname, c.reltuples, c.relpages
  from unnest($1::text[], $2::text[]) as w (schema, name)
  join pg_catalog.pg_class c on c.relname = w.name and c.relkind in ('r', 'p', 'm', 'f')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = w.schema or (w.schema is null and pg_catalog.pg_table_is_visible(c.oid))
)
select json_build_object(
  'version', pg_catalog.current_setting('server_version_num')::int,
  'hypopg', exists (select from pg_catalog.pg_extension where extname = 'hypopg'),
  'relations', (
    select coalesce(json_agg(json_build_object(
      'schema', w.nspname,
      'name', w.relname,
      'rows', case when w.reltuples > 0 or (w.reltuples = 0 and w.relpages > 0) then w.reltuples end,
      'last_analyze', pg_catalog.date_trunc('second', greatest(
        pg_catalog.pg_stat_get_last_analyze_time(w.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(w.oid)))::text,
      'changed', pg_catalog.pg_stat_get_mod_since_analyze(w.oid),
      'partition_key', (
        select coalesce(json_agg(a.attname order by k.n), '[]')
        from pg_catalog.pg_partitioned_table p
        cross join unnest(p.partattrs::int2[]) with ordinality as k (attnum, n)
        join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = k.attnum
        where p.partrelid = w.oid),
      'indexes', (
        select coalesce(json_agg(json_build_object(
          'name', c.relname,
          'method', m.amname,
          'keys', (
            select json_agg(pg_catalog.pg_get_indexdef(i.indexrelid, n, false) order by n)
            from generate_series(1, i.indnkeyatts) as n),
          'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
          'valid', i.indisvalid) order by c.relname), '[]')
        from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid
        join pg_catalog.pg_am m on m.oid = c.relam
        where i.indrelid = w.oid)
      ) order by w.nspname, w.relname), '[]')
    from wanted w),
  'foreign_keys', (
    select coalesce(json_agg(json_build_object(
      'name', k.conname,
      'from', json_build_array(fn.nspname, f.relname),
      'to', json_build_array(tn.nspname, t.relname),
      'columns', (
        select json_agg(pg_catalog.quote_ident(a.attname) order by c.n)
        from unnest(k.conkey) with ordinality as c (attnum, n)
        join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum)
      ) order by k.conname), '[]')
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class f on f.oid = k.conrelid
    join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
    join pg_catalog.pg_class t on t.oid = k.confrelid
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    where k.contype = 'f' and k.conparentid = 0
      and (k.conrelid in (select oid from wanted) or k.confrelid in (select oid from wanted)))
)
