-- Version 1: the index of users, one row for each bare JID.
--
-- Files from before the versions were numbered have user_version 0 and already
-- contain this table. IF NOT EXISTS takes it over with its rows. The SELECT fails
-- if the table is another program's: then the file is refused and stays as it was.
CREATE TABLE IF NOT EXISTS users (
	host  TEXT NOT NULL,
	local TEXT NOT NULL,
	PRIMARY KEY (host, local)
) STRICT, WITHOUT ROWID;

SELECT host, local FROM users LIMIT 0;
