-- what: settings that lose data or make the server go blind, and changes that wait for a restart
-- since: 13
-- how often: once a minute while Health is in use
-- parameters: none
-- columns: name, value, unit, source, pending, why, fix
select s.name, s.setting as value, coalesce(s.unit, '') as unit, s.source, s.pending_restart as pending, r.why,
  -- what the command line says wins over the configuration
  case when r.name is not null and s.context <> 'postmaster' and s.source in ('default', 'configuration file')
    then 'ALTER SYSTEM SET ' || s.name || ' = ''' || r.safe || '''; SELECT pg_reload_conf();' end as fix
from pg_catalog.pg_settings s
left join (values
  ('fsync', 'on', 'a crash of the machine corrupts the data'),
  ('full_page_writes', 'on', 'a crash of the machine can leave torn pages that cannot be recovered'),
  ('zero_damaged_pages', 'off', 'damaged pages are silently emptied'),
  ('ignore_checksum_failure', 'off', 'damaged pages are read as if they were whole'),
  ('autovacuum', 'on', 'dead rows are never removed and transaction ids run out'),
  ('track_counts', 'on', 'autovacuum does not know what to do'),
  ('track_activities', 'on', 'nobody sees what sessions run')
) r (name, safe, why) on r.name = s.name and r.safe <> s.setting
where r.name is not null or s.pending_restart
order by r.name is null, s.name
