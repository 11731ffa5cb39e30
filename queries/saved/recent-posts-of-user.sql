-- title: Recent posts of a user
-- description: What somebody wrote lately, drafts included.
-- param: user text  User name or e-mail address
-- param: days int = 365  How far back
-- param: limit int = 50  How many posts
-- read-only

select p.id,
       p.title,
       p.created_at,
       p.published_at,
       p.tags,
       length(p.content) as characters
from posts p
join users u on u.id = p.user_id
where (u.username = :user or u.email = :user)
  and p.created_at >= now() - make_interval(days => :days)
order by p.created_at desc, p.id desc
limit :limit;
