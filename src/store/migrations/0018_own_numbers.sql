-- The writer numbers events and deliveries itself and remembers the last number that it gave. That SQLite
-- keeps it as well, with AUTOINCREMENT, costs every row a search and a change in `sqlite_sequence`; now
-- it is written there when the newest row leaves (`store::numbers`). The word alone is taken out of the
-- schema: no row is touched, whatever the size of the table.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
SET sql = replace(sql, 'seq INTEGER PRIMARY KEY AUTOINCREMENT', 'seq INTEGER PRIMARY KEY')
WHERE type = 'table' AND name IN ('events', 'deliveries');

-- The schema is read anew, inside the transaction: one that cannot be read undoes all of it.
PRAGMA writable_schema = RESET;
SELECT count(*) FROM sqlite_schema;
