-- what: row-level security: is it on, and what does each policy let whom do
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the name, or NULL; $2 text, one for the schema, or NULL
-- columns: relation, row_security, policy, kind, command, roles, using, check
select n.nspname || '.' || c.relname as relation,
  case
    when not c.relrowsecurity then 'off: policies do not count'
    when c.relforcerowsecurity then 'on, for the owner too'
    else 'on, but not for the owner'
  end as row_security,
  p.polname::text as policy,
  case when p.polpermissive then 'permissive' when p.oid is not null then 'restrictive' end as kind,
  case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' when '*' then 'all' end
    as command,
  (select pg_catalog.string_agg(case o.role when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(o.role)::text end, ', ')
    from pg_catalog.unnest(p.polroles) o (role)) as roles,
  pg_catalog.pg_get_expr(p.polqual, p.polrelid) as using,
  pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as "check"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_policy p on p.polrelid = c.oid
where (c.relrowsecurity or p.oid is not null)
  and ($1::text is null or c.relname ~ $1::text)
  and ($2::text is null or n.nspname ~ $2::text)
  and ($1::text is null or $2::text is not null or pg_catalog.pg_table_is_visible(c.oid))
order by 1, 3
