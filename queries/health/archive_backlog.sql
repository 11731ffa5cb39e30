-- what: files that wait to be archived
-- since: 13
-- how often: once a minute while Health is in use
-- parameters: none
-- columns: ready
select count(*) as ready from pg_catalog.pg_ls_archive_statusdir() where name like '%.ready'
