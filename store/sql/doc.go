// Package sqlstore keeps sessions in a SQL database, through the *sql.DB that the app already has.
//
//	db, err := sql.Open("sqlite", "shop.db") // with a driver that the app imports, such as modernc.org/sqlite
//	sessions := session.New(sqlstore.New(db, sqlstore.SQLite), session.Options{})
//
// The dialects are [SQLite], [PostgreSQL], and [MySQL] for MariaDB too. The package brings no driver and never closes
// the database. Its tables begin with coatcheck_ and may lie in the app's own database. They are made, and brought up
// to date, at the first use; [Store.Prepare] does it at a time of your choosing. Any number of programs may do so at
// the same moment. A database that a newer version of this package has written to is refused, not changed.
//
// # What is promised
//
// When a method that writes returns nil, its change has been committed, and survives what a commit of the database
// survives: a crash of the program or of the server, kill -9, and a power cut if the disk does what it says. Each
// engine's section names the settings that take something from that; [Store.Check] looks them up.
//
// An error other than those of the contract says what to do, and none is [store.ErrNotFound]. A write whose answer was
// lost is an error, as it may have happened: it is never tried again. What the server has undone (a deadlock) and what
// was never sent (a connection that was found broken) is tried again by the store itself.
//
// # SQLite
//
// Changes of concurrent calls are committed together, in one transaction with one wait for the disk, so that the
// number of writes per second grows with the number of callers. Each of them succeeds or fails by itself. Reads take
// one look at an index and run beside writes, as many at a time as the pool has connections. A context ends the wait
// for a connection, for other callers and for other programs. It does not interrupt a statement: a change whose
// transaction has begun may happen although the call returns the context's error.
//
// The store switches the database to write-ahead logging. The files FILE-wal and FILE-shm appear beside it: never
// delete or copy one without the others. Its transactions use synchronous=FULL. Checkpoints run beside the commits, on
// another connection; a commit makes one only if the log has grown to 32 MB all the same. Nothing can empty the log
// while another program has a transaction open: it grows with every change, which [Store.Check] reports from [LongWAL]
// on. Within a second or so of the end of that transaction the store cuts it. In a database without tables the store
// limits the file to its owner (mode 0600), because sessions are nobody else's business.
//
// Any number of pooled connections will do, one included; do not call the store while you hold the only one. The store
// keeps up to eight for 20 ms after their last use, with its statements compiled, unless all of the pool's are in use.
// Close the store before the database, and they go back at once.
//
// The feed ([store.Feed]) tells of what this Store changes. Let one process and one Store write to a file at a time. A
// second one breaks nothing that the contract of package store says of records, but the first does not hear of its
// changes.
//
// If another program has locked the database, calls wait for a second and a half, or longer if the connection's
// busy_timeout is longer, and then fail. The store notices within a second of reading, and before it acknowledges the
// next change, if the file was removed or a backup was put in its place. From then on every call fails, until that very
// file is back or the program is started again.
//
// For a look at what is there:
//
//	SELECT hex(id), owner, datetime(created/1000000, 'unixepoch') FROM coatcheck_sessions ORDER BY created DESC
//
// # Database servers
//
// Any number of programs may use one database. Each call is a statement, or a short transaction, on a connection of the
// pool; a load is one SELECT by primary key. Limit the pool (SetMaxOpenConns), keep as many connections idle
// (SetMaxIdleConns), and lead it to the one primary: from a replica an ended session may still be read. Of several
// servers that all take writes (Galera, Group Replication with more than one primary) one must be chosen.
//
// A call that is cancelled returns, and gives up its connection. Its change may happen all the same.
//
// Sweeps take 200 records at a time, pass over what others hold, and share the work with those of other programs.
//
// The feed tells of what all programs change. Each change writes a row into the table coatcheck_changes, in the same
// transaction; while there are subscribers, the store looks for new rows 33 times a second, and at once after a change
// of its own. With [Options.Listen] it looks once a second, and when it is called. Nothing is missed, whatever the
// order of commits, and a Beat stands for the moment before the look: all that was durable then has been told. Own
// changes are told in this way too, and only once. When the server does not answer, was exchanged for another one, or
// the program slept for half a minute, the feed is Lost until the next Beat. The rows of the last minute or two are
// kept; programs that write remove older ones.
//
// # PostgreSQL
//
// Version 12 or later. Each change is one statement, in one round trip. Two things make it two or more: a refusal,
// after which the store looks why, and ending all sessions of a user, a transaction that waits for that user's sign-ins
// which are under way (by an advisory lock: pg_advisory_xact_lock(1668243828, ...)).
//
// What is acknowledged survives a crash of the server with fsync and full_page_writes on and synchronous_commit on (or
// remote_write, remote_apply), as PostgreSQL is shipped. It survives a failover only with synchronous_standby_names.
//
// Nothing is prepared or kept in a connection, so a pooler in transaction mode (PgBouncer) will do. The driver must not
// prepare statements behind the store's back: with pgx, put default_query_exec_mode=exec (or simple_protocol) into the
// address. Without a pooler its default is quicker.
//
// Whoever makes the tables needs CREATE on the schema. All others need
//
//	GRANT SELECT ON coatcheck_schema TO app;
//	GRANT SELECT, INSERT, UPDATE, DELETE ON coatcheck_sessions, coatcheck_switches, coatcheck_changes TO app;
//	GRANT USAGE ON SEQUENCE coatcheck_changes_seq_seq TO app;
//
// The feed hears of other programs' changes within milliseconds if it may listen, which database/sql cannot
// ([Options].Listen). Package pgxlisten, a module of its own, does it with pgx, at an address that leads past any
// pooler:
//
//	s := sqlstore.New(db, sqlstore.PostgreSQL, sqlstore.Options{Listen: pgxlisten.DSN(dsn)})
//
// Notifications only wake: what has changed is read from the table, and one that is lost costs a second. They are sent
// after the change and not with it, one at a time however many changes there are, because transactions that notify are
// committed one after the other, each waiting for the disk: with 32 writers PostgreSQL 15 was seen to commit a twelfth
// as many.
//
// Touches change no index, so that they leave nothing behind in one (HOT). The indexes that sweeps and lists use
// change with creations and deletions.
//
// Back up as usual (pg_dump, a base backup). A backup that is restored brings back sessions that were ended since:
// call [Store.SetNotBefore] for everybody with the time of the restore, or accept that.
//
//	SELECT encode(id, 'hex'), convert_from(owner, 'UTF8'), to_timestamp(created / 1e6)
//	FROM coatcheck_sessions ORDER BY created DESC
//
// # MySQL and MariaDB
//
// MySQL 8, or MariaDB 10.6 or later, with InnoDB; tested with MariaDB 10.11. A change is a transaction of two or three
// statements, so it takes four or five round trips with interpolateParams=true in the address (for the driver
// github.com/go-sql-driver/mysql), and nearly twice as many without, when each statement is prepared first. Until the
// last of them the record is locked: keep the program near the server. Touches are one statement.
//
// What is acknowledged survives a crash with innodb_flush_log_at_trx_commit=1 and innodb_doublewrite on, as the servers
// are shipped, and a failover only with semi-synchronous replication that waits before the commit (AFTER_SYNC). A
// binary log must have the format ROW or MIXED, or sweeps fail. Connections must commit by themselves (autocommit), and
// the isolation level of a session is REPEATABLE READ, as it is shipped, READ COMMITTED or SERIALIZABLE: with READ
// UNCOMMITTED a load believes what may be undone yet. The feed tells nothing before its time even then, for three more
// round trips a look.
//
// A call that is cancelled while it waits for a lock leaves a statement behind that waits on, for
// innodb_lock_wait_timeout at most. max_allowed_packet limits the size of a session.
//
// Whoever makes the tables needs the right CREATE on the database, all others SELECT, INSERT, UPDATE and DELETE on the
// tables; no triggers, no PROCESS. The feed looks, and cannot listen.
//
// Back up in one transaction (mariadb-dump --single-transaction); what PostgreSQL's section says of restoring holds
// here too.
//
//	SELECT hex(id), convert(owner USING utf8mb4), from_unixtime(created / 1000000)
//	FROM coatcheck_sessions ORDER BY created DESC
package sqlstore
