-- Version 2: the journal of intents. ended is NULL until an intent is over, and then
-- the time in milliseconds. origin and changes are JSON.
CREATE TABLE intents (
	number  INTEGER PRIMARY KEY,
	kind    TEXT NOT NULL,
	origin  TEXT NOT NULL,
	changes TEXT NOT NULL,
	ended   INTEGER
) STRICT;

CREATE INDEX intents_ended ON intents (ended) WHERE ended IS NOT NULL;
