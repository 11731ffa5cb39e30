-- title: Duplicate indexes
-- description: Indexes that another index of the same table makes superfluous: the same columns, or (for B-trees)
--   the beginning of its columns, with the same operator classes, collations, order, expressions and predicate.
-- read-only

with indexes as (
  select i.indexrelid,
         i.indrelid,
         i.indisunique,
         x.relam,
         x.relispartition,
         x.relname,
         x.relpages,
         i.indnkeyatts as keys_count,
         (string_to_array(i.indkey::text, ' '))[1:i.indnkeyatts] as keys,
         (string_to_array(i.indkey::text, ' '))[i.indnkeyatts + 1:] as included,
         string_to_array(i.indclass::text, ' ') as classes,
         string_to_array(i.indcollation::text, ' ') as collations,
         string_to_array(i.indoption::text, ' ') as options,
         coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') as nulls_not_distinct,
         -- before 17 the stored trees hold positions in their text, which say nothing
         regexp_replace(coalesce(i.indexprs::text, ''), ' :(location|stmt_location|stmt_len) -?\d+', '', 'g') as expressions,
         regexp_replace(coalesce(i.indpred::text, ''), ' :(location|stmt_location|stmt_len) -?\d+', '', 'g') as predicate,
         exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid) as needed
  from pg_catalog.pg_index i
  join pg_catalog.pg_class x on x.oid = i.indexrelid
  where x.relkind = 'i' and i.indisvalid and i.indrelid >= 16384
)
select n.nspname as schema,
       t.relname as "table",
       a.relname as "index",
       case when a.keys = b.keys then 'same columns as' else 'beginning of' end as relation,
       b.relname as other_index,
       pg_size_pretty(a.relpages::bigint * current_setting('block_size')::bigint) as size,
       pg_get_indexdef(a.indexrelid) as definition,
       a.relpages::bigint * current_setting('block_size')::bigint as bytes,
       a.indrelid as relid,
       -- a partition's part goes with the whole index
       case when not a.relispartition then format('DROP INDEX CONCURRENTLY %I.%I;', n.nspname, a.relname) end as remedy
from indexes a
join indexes b
  on b.indrelid = a.indrelid
 and b.indexrelid <> a.indexrelid
 and b.relam = a.relam
 and b.expressions = a.expressions
 and b.predicate = a.predicate
 and b.keys[1:a.keys_count] = a.keys
 and b.classes[1:a.keys_count] = a.classes
 and b.collations[1:a.keys_count] = a.collations
 and b.options[1:a.keys_count] = a.options
 and a.included <@ (b.keys || b.included)
 -- only a B-tree is served by an index with further columns behind
 and (a.keys_count = b.keys_count or a.relam = (select oid from pg_catalog.pg_am where amname = 'btree'))
join pg_catalog.pg_class t on t.oid = a.indrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where not a.needed
  and (not a.indisunique
       or a.keys = b.keys and b.indisunique and a.nulls_not_distinct = b.nulls_not_distinct)
  -- of two equal ones name one: the younger, unless the other is weaker
  and (a.keys_count < b.keys_count
       or cardinality(a.included) < cardinality(b.included)
       or b.needed
       or b.indisunique and not a.indisunique
       or a.indexrelid > b.indexrelid and a.indisunique = b.indisunique and cardinality(a.included) = cardinality(b.included))
order by a.relpages desc, n.nspname, t.relname, a.relname;
