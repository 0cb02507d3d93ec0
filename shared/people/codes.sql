-- note_mail --
-- One code for each address: the new one takes the place of the old one, a mail without a code leaves it. No
-- row comes back when the address was sent one less than half a minute ago, or enough within the hour: this
-- holds across processes.
INSERT INTO email_code AS pending (email, code_hash, expires_at, sent_at)
VALUES (%(email)s, %(code_hash)s, %(expires_at)s, ARRAY[%(now)s::timestamptz])
ON CONFLICT (email) DO UPDATE SET
    code_hash = coalesce(excluded.code_hash, pending.code_hash),
    attempts = CASE WHEN excluded.code_hash IS NULL THEN pending.attempts ELSE 0 END,
    expires_at = CASE WHEN excluded.code_hash IS NULL THEN pending.expires_at ELSE excluded.expires_at END,
    sent_at = (array_prepend(%(now)s::timestamptz, pending.sent_at))[1:%(mails_per_window)s::integer]
WHERE pending.sent_at[1] <= %(paused_since)s::timestamptz
  AND (
      pending.sent_at[%(mails_per_window)s::integer] IS NULL
      OR pending.sent_at[%(mails_per_window)s::integer] <= %(window_began)s::timestamptz
  )
RETURNING email;

-- sent_mails --
SELECT sent_at FROM email_code WHERE email = %(email)s;

-- count_guess --
UPDATE email_code SET attempts = attempts + 1
WHERE email = %(email)s AND code_hash IS NOT NULL AND expires_at > %(now)s AND attempts < %(guesses)s
RETURNING code_hash, attempts;

-- use_code --
-- Of two callers with the right code one gets a row.
UPDATE email_code SET code_hash = NULL
WHERE email = %(email)s AND code_hash = %(code_hash)s
RETURNING email;

-- forget_codes hot --
-- What still counts towards the limit of an address stays.
DELETE FROM email_code
WHERE email_code.email IN (
    SELECT old.email FROM email_code AS old
    WHERE old.expires_at <= %(now)s::timestamptz AND old.sent_at[1] <= %(window_began)s::timestamptz
    ORDER BY old.expires_at
    LIMIT %(limit)s
)
RETURNING email_code.email;

-- forget_signup_tokens hot --
DELETE FROM signup_token
WHERE signup_token.email IN (
    SELECT old.email FROM signup_token AS old
    WHERE old.expires_at <= %(now)s::timestamptz
    ORDER BY old.expires_at
    LIMIT %(limit)s
)
RETURNING signup_token.email;
