-- title: Foreign keys without an index
-- description: Foreign keys whose referencing columns are not the first columns of any index: deleting or changing
--   a referenced row reads the whole table, and joins from the other side do too. Largest tables first.
-- read-only

select n.nspname as schema,
       t.relname as "table",
       k.conname as foreign_key,
       (select string_agg(quote_ident(a.attname), ', ' order by c.place)
        from unnest(k.conkey) with ordinality c (attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum) as columns,
       k.confrelid::regclass::text as "references",
       case when t.reltuples >= 0 then t.reltuples::bigint end as rows_estimated,
       pg_size_pretty(t.relpages::bigint * current_setting('block_size')::bigint) as heap,
       t.oid as relid,
       format(
         'CREATE INDEX%s ON %s (%s);',
         case when t.relkind = 'r' then ' CONCURRENTLY' else '' end,
         k.conrelid::regclass,
         (select string_agg(quote_ident(a.attname), ', ' order by c.place)
          from unnest(k.conkey) with ordinality c (attnum, place)
          join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum)
       ) as remedy
from pg_catalog.pg_constraint k
join pg_catalog.pg_class t on t.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where k.contype = 'f'
  and k.conparentid = 0
  and not exists (
    select
    from pg_catalog.pg_index i
    where i.indrelid = k.conrelid
      and i.indisvalid
      and i.indpred is null
      and i.indnkeyatts >= cardinality(k.conkey)
      and (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)] @> k.conkey
  )
order by t.relpages desc, n.nspname, t.relname, k.conname;
