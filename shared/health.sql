-- missing --
-- The least that a working database can do, and what it lacks for this program.
SELECT missing_migrations(%(known)s::text[]) AS names;
