-- Events for later. `deliver_at` is when one is to be delivered, or was; the others are what its
-- publisher asked for, an instant or a delay in milliseconds. NULL is now, which costs no row anything.
ALTER TABLE events ADD COLUMN deliver_at INTEGER;
ALTER TABLE events ADD COLUMN asked_deliver_at INTEGER;
ALTER TABLE events ADD COLUMN asked_delay INTEGER;
-- Deliveries that wait for their time; whatever leaves that state leaves this table.
CREATE TABLE scheduled_deliveries (
    delivery_seq INTEGER PRIMARY KEY,
    -- When it is due by the clock as it is now: the later of the two below.
    due_at INTEGER NOT NULL,
    -- The instant that the clock must show; 0 where a delay was asked for.
    not_before INTEGER NOT NULL,
    -- When the time will have passed that was asked for; moves along with a clock that is set.
    passed_at INTEGER NOT NULL,
    -- `Clock::offset_ms` of the clock by which that is so.
    clock_offset INTEGER NOT NULL
) STRICT;
CREATE INDEX scheduled_deliveries_due ON scheduled_deliveries (due_at, delivery_seq);
