-- what: what one type consists of, with the length of that text
-- since: 13
-- how often: on demand
-- parameters: $1 oid
-- columns: length, definition
select octet_length(d) as length, d as definition
from (
  select pg_catalog.format_type(t.oid, null) || E'\n\n' || coalesce(case t.typtype
      when 'e' then 'enum of' || (
        select string_agg(E'\n  ' || pg_catalog.quote_literal(e.enumlabel), '' order by e.enumsortorder)
        from pg_catalog.pg_enum e where e.enumtypid = t.oid)
      when 'c' then 'composite of' || (
        select string_agg(E'\n  ' || a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), '' order by a.attnum)
        from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
      when 'd' then 'domain over ' || pg_catalog.format_type(t.typbasetype, t.typtypmod)
        || case when t.typnotnull then ' not null' else '' end
        || coalesce(' default ' || t.typdefault, '')
        || coalesce((
          select string_agg(E'\n  ' || c.conname || ' ' || pg_catalog.pg_get_constraintdef(c.oid), '' order by c.conname)
          from pg_catalog.pg_constraint c where c.contypid = t.oid), '')
      when 'r' then 'range of ' || (
        select pg_catalog.format_type(r.rngsubtype, null) from pg_catalog.pg_range r where r.rngtypid = t.oid)
    end, 'a base type') as d
  from pg_catalog.pg_type t
  where t.oid = $1
) as one
