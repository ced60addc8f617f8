-- Which words and numbers a column may hold is said once, by its type in `store::sql`. A table that
-- lists them as well has to be copied, row by row, whenever a state is added; so the lists go. Their
-- text alone is taken out of the schema: no row is touched, whatever the size of the table.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
SET sql = replace(sql, ' CHECK (origin IN (''built_in'', ''file'', ''api''))', '')
WHERE type = 'table' AND name = 'profiles';

UPDATE sqlite_schema
SET sql = replace(sql, ' CHECK (plan IN (''free'', ''pro'', ''enterprise''))', '')
WHERE type = 'table' AND name = 'workspaces';

UPDATE sqlite_schema
SET sql = replace(replace(replace(sql,
    ' CHECK (kind IN (''registered'', ''one_off'', ''alert''))', ''),
    ' CHECK (status IN (''active'', ''disabled'', ''revoked''))', ''),
    ' CHECK (disabled_reason IN (''manual'', ''circuit_breaker'', ''gone''))', '')
WHERE type = 'table' AND name = 'webhooks';

UPDATE sqlite_schema
SET sql = replace(sql, ' CHECK (kind BETWEEN 0 AND 2)', '')
WHERE type = 'table' AND name = 'events';

UPDATE sqlite_schema
SET sql = replace(replace(replace(replace(replace(sql,
    ' CHECK (status BETWEEN 0 AND 4)', ''),
    ' CHECK (trigger BETWEEN 0 AND 3)', ''),
    ' CHECK (manual_fallback BETWEEN 0 AND 2)', ''),
    ',' || char(10) || '    CHECK ((status < 2) = (next_attempt_at IS NOT NULL))', ''),
    '-- 0 pending, 1 retrying, 2 delivered, 3 exhausted, 4 canceled',
    '-- domain::delivery::Status')
WHERE type = 'table' AND name = 'deliveries';

UPDATE sqlite_schema
SET sql = replace(sql, ' CHECK (trigger BETWEEN 0 AND 2)', '')
WHERE type = 'table' AND name = 'attempts';

UPDATE sqlite_schema
SET sql = replace(sql, ' CHECK (status BETWEEN 0 AND 4)', '')
WHERE type = 'table' AND name = 'delivery_counts';

UPDATE sqlite_schema
SET sql = replace(sql, ' CHECK (status IN (''running'', ''done'', ''failed'', ''canceled''))', '')
WHERE type = 'table' AND name = 'jobs';

UPDATE sqlite_schema
SET sql = replace(sql, ' CHECK (role IN (''owner'', ''operator'', ''viewer''))', '')
WHERE type = 'table' AND name = 'users';

UPDATE sqlite_schema
SET sql = replace(sql, ' CHECK (channel IN (''browser'', ''token''))', '')
WHERE type = 'table' AND name = 'sessions';

-- The schema is read anew, inside the transaction: one that cannot be read undoes all of it.
PRAGMA writable_schema = RESET;
SELECT count(*) FROM sqlite_schema;
