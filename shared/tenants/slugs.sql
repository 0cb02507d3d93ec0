-- taken_slugs --
-- Asked before there is an organization, so of all of them.
SELECT slug FROM organization WHERE slug = ANY(%(slugs)s::text[]);
