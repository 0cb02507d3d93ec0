-- ping --
-- The least that a working database can do.
SELECT 1 AS one;
