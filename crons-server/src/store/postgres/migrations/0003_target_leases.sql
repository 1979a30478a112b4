-- The server that sends the messages of a target. One that is not in the list of servers sends none, so another takes the target.
-- A server of the schema before does not know this table: while it has the duty `alerts`, messages may be sent twice, with the same key.
CREATE TABLE target_leases (
    target TEXT COLLATE "C" PRIMARY KEY,
    node BIGINT NOT NULL
);

-- Whether the server takes targets that are handed over to it: one of the schema before does not.
ALTER TABLE nodes ADD COLUMN takes_targets BOOLEAN NOT NULL DEFAULT FALSE
