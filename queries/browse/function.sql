-- what: the definition of one function, with its length
-- since: 13
-- how often: on demand
-- parameters: $1 oid
-- columns: length, definition
select octet_length(d) as length, d as definition
from (
  select case p.prokind
      when 'a' then 'aggregate ' || p.oid::regprocedure::text || ' returns ' || pg_catalog.format_type(p.prorettype, null)
      else pg_catalog.pg_get_functiondef(p.oid)
    end as d
  from pg_catalog.pg_proc p
  where p.oid = $1
) as one
