-- what: what is known of relations besides their plan: rows, statistics, partition keys, indexes, foreign keys
-- since: 13
-- how often: once for each plan that is explained
-- parameters: $1 text[] relations as written in SQL
-- columns: one JSON document
with wanted as (
  select distinct c.oid, n.nspname, c.relname, c.reltuples
  from unnest($1::text[]) as w(name)
  join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(w.name)
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
)
select json_build_object(
  'relations', (
    select json_agg(json_build_object(
      'schema', w.nspname,
      'name', w.relname,
      'rows', case when w.reltuples >= 0 then w.reltuples end,
      'last_analyze', greatest(s.last_analyze, s.last_autoanalyze)::text,
      'changed', s.n_mod_since_analyze,
      'partition_key', (
        select json_agg(a.attname order by k.n)
        from pg_catalog.pg_partitioned_table p
        cross join unnest(p.partattrs::int2[]) with ordinality as k(attnum, n)
        join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = k.attnum
        where p.partrelid = w.oid
      ),
      'indexes', (
        select json_agg(json_build_object(
          'name', x.relname,
          'method', m.amname,
          'keys', (
            select json_agg(pg_catalog.pg_get_indexdef(i.indexrelid, g, false) order by g)
            from generate_series(1, i.indnkeyatts::int) as g
          ),
          'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
          'valid', i.indisvalid and i.indisready
        ))
        from pg_catalog.pg_index i
        join pg_catalog.pg_class x on x.oid = i.indexrelid
        join pg_catalog.pg_am m on m.oid = x.relam
        where i.indrelid = w.oid
      )
    ))
    from wanted w
    left join pg_catalog.pg_stat_all_tables s on s.relid = w.oid
  ),
  'foreign_keys', (
    select json_agg(json_build_object(
      'name', k.conname,
      'from_schema', fn.nspname,
      'from', f.relname,
      'columns', (
        select json_agg(pg_catalog.quote_ident(a.attname) order by c.n)
        from unnest(k.conkey) with ordinality as c(attnum, n)
        join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum
      ),
      'to_schema', tn.nspname,
      'to', t.relname
    ))
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class f on f.oid = k.conrelid
    join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
    join pg_catalog.pg_class t on t.oid = k.confrelid
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    where k.contype = 'f' and (k.conrelid in (select oid from wanted) or k.confrelid in (select oid from wanted))
  )
)
