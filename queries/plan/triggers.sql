-- what: the triggers that a write on these relations fires, foreign keys told apart
-- since: 13
-- how often: before EXPLAIN ANALYZE of a write
-- parameters: $1 text[] relations as written in SQL, $2 int bits of pg_trigger.tgtype: insert 4, delete 8, update 16
-- columns: relation, trigger, what it is
select c.relname,
       case when t.tgisinternal then coalesce(k.conname, t.tgname) else t.tgname end,
       case
         when t.tgisinternal then 'foreign key'
         else concat_ws(' ',
           case when t.tgtype & 2 <> 0 then 'before' when t.tgtype & 64 <> 0 then 'instead of' else 'after' end,
           case when t.tgtype & 1 <> 0 then 'each row' else 'the statement' end,
           'calls', p.proname)
       end
from unnest($1::text[]) as w(name)
join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(w.name)
join pg_catalog.pg_trigger t on t.tgrelid = c.oid
join pg_catalog.pg_proc p on p.oid = t.tgfoid
left join pg_catalog.pg_constraint k on k.oid = t.tgconstraint
where t.tgenabled not in ('D') and t.tgtype & $2 <> 0
order by 1, 3, 2
