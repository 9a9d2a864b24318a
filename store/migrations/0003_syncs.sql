-- Version 3: synchronisations of rosters with an application's graph. JIDs are bare, and
-- contacts are prepared (plan.Key) wherever they are part of a key. Lists and states are JSON.

-- One row for each run. ended is NULL while it lasts; both times are in milliseconds.
CREATE TABLE sync_runs (
	number    INTEGER PRIMARY KEY,
	host      TEXT NOT NULL,
	kind      TEXT NOT NULL,
	requester TEXT NOT NULL,
	began     INTEGER NOT NULL,
	ended     INTEGER,
	state     TEXT NOT NULL,
	options   TEXT NOT NULL,
	summary   TEXT NOT NULL
) STRICT;

CREATE INDEX sync_runs_host ON sync_runs (host, number);

-- What the input of a run declares, until the run is planned.
CREATE TABLE sync_declared (
	run          INTEGER NOT NULL,
	user         TEXT NOT NULL,
	contact      TEXT NOT NULL,
	jid          TEXT NOT NULL, -- the contact as the input spells it
	subscription TEXT NOT NULL,
	nick         TEXT NOT NULL,
	groups       TEXT NOT NULL,
	line         INTEGER NOT NULL,
	PRIMARY KEY (run, user, contact)
) STRICT, WITHOUT ROWID;

-- The application's keys of accounts: in the input of a run, and (run 0) those known before.
CREATE TABLE sync_ids (
	run  INTEGER NOT NULL,
	host TEXT NOT NULL,
	id   TEXT NOT NULL,
	jid  TEXT NOT NULL,
	PRIMARY KEY (run, host, id)
) STRICT, WITHOUT ROWID;

-- What was written last of each item.
CREATE TABLE sync_ledger (
	host    TEXT NOT NULL,
	user    TEXT NOT NULL,
	contact TEXT NOT NULL,
	run     INTEGER NOT NULL,
	entry   TEXT NOT NULL,
	PRIMARY KEY (host, user, contact)
) STRICT, WITHOUT ROWID;

-- The roster of a user at the time when nothing in it had to change: its version, and a digest
-- of what was declared, recorded and ruled then.
CREATE TABLE sync_users (
	host    TEXT NOT NULL,
	user    TEXT NOT NULL,
	version TEXT NOT NULL,
	read    INTEGER NOT NULL,
	digest  BLOB NOT NULL,
	counts  TEXT NOT NULL,
	PRIMARY KEY (host, user)
) STRICT, WITHOUT ROWID;

-- The groups that the application manages.
CREATE TABLE sync_groups (
	host TEXT NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (host, name)
) STRICT, WITHOUT ROWID;

-- The changes of a run. phase is their order. state is planned, writing, done, conflict,
-- failed or held.
CREATE TABLE sync_changes (
	run     INTEGER NOT NULL,
	user    TEXT NOT NULL,
	contact TEXT NOT NULL,
	phase   INTEGER NOT NULL,
	change  TEXT NOT NULL,
	state   TEXT NOT NULL,
	why     TEXT NOT NULL,
	PRIMARY KEY (run, user, contact)
) STRICT, WITHOUT ROWID;

CREATE INDEX sync_changes_contact ON sync_changes (run, contact, user);
CREATE INDEX sync_changes_writing ON sync_changes (run) WHERE state = 'writing';
