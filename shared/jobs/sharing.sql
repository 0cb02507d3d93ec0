-- wait_briefly hot --
-- Before a statement that several requests share: what one of them waits for must not hold up the others.
SELECT set_config('lock_timeout', '100ms', true);
