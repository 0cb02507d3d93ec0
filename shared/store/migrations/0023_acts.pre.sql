-- Acts on many jobs: what was confirmed, how far it is, who confirmed it.

CREATE TABLE job_act (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    -- Made by the preview: jobs with a higher id are not in it, and a second confirmation is of the same act.
    id bigint NOT NULL,
    act text NOT NULL CHECK (act IN ('retry', 'cancel', 'delete', 'set_priority', 'move')),
    filter jsonb NOT NULL,
    arguments jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'aborted', 'failed')),
    previewed_at timestamptz NOT NULL,
    -- Jobs to act upon; of more than a preview counts they are counted when the act begins.
    matched bigint NOT NULL,
    is_counted boolean NOT NULL,
    done bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    -- The last job whose turn it was: jobs are taken by ascending id.
    reached_id bigint NOT NULL DEFAULT 0,
    -- An API key, or a person in place of one.
    key_id bigint,
    user_id bigint,
    error text,
    created_at timestamptz NOT NULL,
    -- When it last had its turn among the acts of its organization.
    turn_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (org_id, id),
    CONSTRAINT act_is_somebodys CHECK ((key_id IS NULL) <> (user_id IS NULL)),
    CONSTRAINT ended_act_has_an_end CHECK ((status IN ('pending', 'running')) = (finished_at IS NULL))
);
CREATE INDEX job_act_due ON job_act (org_id, turn_at, id) WHERE status IN ('pending', 'running');
CREATE INDEX job_act_old ON job_act (org_id, finished_at) WHERE finished_at IS NOT NULL;
CALL protect_tenant_table('job_act');
