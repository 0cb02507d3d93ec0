-- Who stopped a queue: the public id of an API key or of a person. NULL for a queue that was stopped before
-- this was noted, or by a process that does not note it yet.
ALTER TABLE queue ADD COLUMN paused_by text, ADD COLUMN disabled_at timestamptz, ADD COLUMN disabled_by text;
