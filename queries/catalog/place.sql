-- what: where we are: database, search path, other databases, schemas
-- since: 13
-- how often: at connect and on demand
-- parameters: none
-- columns: database, search_path, databases, schemas
select current_database()::text as database,
  current_schemas(true)::text[] as search_path,
  array(select datname::text from pg_catalog.pg_database
    where datallowconn and pg_catalog.has_database_privilege(oid, 'CONNECT') order by 1) as databases,
  array(select nspname::text from pg_catalog.pg_namespace
    where nspname !~ '^pg_(toast|temp_)'
    order by nspname ~ '^pg_' or nspname = 'information_schema', 1) as schemas
