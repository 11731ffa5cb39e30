-- what: the labels of an enum, or of the enum an array type holds, and the delimiter of the array's elements
-- since: 13
-- how often: on demand
-- parameters: $1 oid
-- columns: typdelim, enumlabel
select t.typdelim, e.enumlabel
from pg_catalog.pg_type t
left join pg_catalog.pg_enum e on e.enumtypid = t.oid
where t.oid = coalesce(
  (select a.typelem from pg_catalog.pg_type a where a.oid = $1 and a.typcategory = 'A' and a.typelem <> 0), $1)
order by e.enumsortorder
