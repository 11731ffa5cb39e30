-- title: Posts by tag
-- description: The newest posts that carry a tag. The GIN index on tags serves it.
-- param: tag text from (select distinct unnest(tags) from posts order by 1)  The tag
-- param: limit int = 50  How many posts
-- read-only

select p.id,
       p.title,
       u.username as author,
       p.published_at,
       p.tags
from posts p
join users u on u.id = p.user_id
where p.tags @> array[:tag]::text[]
order by p.published_at desc nulls last, p.id desc
limit :limit;
