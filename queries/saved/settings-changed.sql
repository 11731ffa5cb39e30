-- title: Changed settings
-- description: Server settings that differ from their built-in default: value, where it was set, and whether it
--   waits for a restart.
-- read-only

select s.name,
       current_setting(s.name) as value,
       s.boot_val || case when s.unit is null or s.boot_val in ('0', '-1') then '' else ' x ' || s.unit end as "default",
       s.source,
       coalesce(s.sourcefile || ':' || s.sourceline, '') as set_in,
       s.context as changed_by,
       s.pending_restart,
       s.short_desc as description
from pg_catalog.pg_settings s
where s.setting is distinct from s.boot_val
  and s.source not in ('default', 'override', 'client', 'session')
   or s.pending_restart
order by s.pending_restart desc, s.name;
