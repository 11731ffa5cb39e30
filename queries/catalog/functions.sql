-- what: functions and procedures that a statement may call by name
-- since: 13
-- how often: at connect and on demand
-- parameters: none
-- columns: oid, schema, name, arguments, result, kind
select p.oid, n.nspname::text as schema, p.proname::text as name,
  pg_catalog.pg_get_function_identity_arguments(p.oid)::text as arguments,
  case when p.prokind = 'p' then '' else pg_catalog.format_type(p.prorettype, null) end::text as result,
  p.prokind::text as kind
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname !~ '^pg_(toast|temp_)' and n.nspname <> 'information_schema'
  -- what only the server itself calls: type input and output, trigger and index support
  and p.prorettype not in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype,
    'pg_catalog.cstring'::regtype, 'pg_catalog.language_handler'::regtype, 'pg_catalog.fdw_handler'::regtype)
  and not p.proargtypes::oid[] && array['pg_catalog.internal'::regtype::oid, 'pg_catalog.cstring'::regtype::oid]
order by 2, 3, 4
