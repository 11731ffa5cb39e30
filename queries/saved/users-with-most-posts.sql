-- title: Users with most posts
-- description: Who writes, how much of it is published, and when they last wrote.
-- param: limit int = 20  How many users
-- read-only

select u.id,
       u.username,
       u.email,
       u.is_active,
       count(p.id) as posts,
       count(p.published_at) as published,
       max(p.created_at) as last_post
from users u
left join posts p on p.user_id = u.id
group by u.id
order by posts desc, u.id
limit :limit;
