//! Looking at rows as another role: what its policies let it see, and that nothing of it stays.

use crate::{console, server};

#[test]
fn rows_are_looked_at_as_another_role_with_settings() {
    let db = server::database();
    let role = format!("looker_{}", db.name);
    db.execute(&format!(
        "create role {role}; create table notes (id int primary key, owner_id int, words text);
         insert into notes select g, g % 3, 'note of ' || g % 3 from generate_series(1, 9) g;
         alter table notes enable row level security;
         create policy own on notes to {role} using (owner_id = current_setting('app.current_user_id', true)::int);
         grant select on notes to {role}; grant select (id) on notes to public"
    ));
    let (_home, mut t) = console(&db);
    t.see("notes").send("/").send("notes").see("/notes").send("\r");
    t.see("note of 0").see("note of 1").see("note of 2");
    t.send("\x1b1")
        .send("ga")
        .see("Look as")
        .send(&role)
        .send("\t")
        .send("app.current_user_id = 1")
        .send("\r");
    t.see("LOOKING AS").gone("note of 0").gone("note of 2").see("note of 1");
    // Who sets out for nowhere still looks as this role.
    t.send(":c nonsense=1\r").see("The connection stays as it is").see("LOOKING AS");
    t.send("\x1b[15~").see("note of 1").gone("note of 0");
    // What is looked at is read only, and the user's own session is as it was.
    t.send("\x1b2")
        .see("Statement")
        .send("select current_user || '!' as me, count(*) from notes")
        .send("\x1b[15~");
    t.see("postgres!").see("9");
    t.send("\x1b1").see("note of 1").send("ga").gone("LOOKING AS").see("note of 2");
    // Who can do what, and the policies.
    t.send("gp").see("\\dp public.notes").see(&role).see("superuser").see("PUBLIC");
    t.send("\x11");
    t.end();
    db.execute(&format!("drop owned by {role}; drop role {role}"));
}
