package checklist

// Faults are what can happen to a site, and what Coatcheck does then.
var Faults = []Fault{
	{
		What: "the server takes no writes any more: a failover by hand, `read_only`, a standby",
		Does: "connections to it are closed and its feed counts as lost; `/readyz` is 503; full service as soon " +
			"as the address leads to the server that takes writes",
		Bound: "nothing near is believed longer than `--lease`, 5 s",
		Proof: []string{
			"test/e2e.TestAServerThatIsNoWriterAnyMoreIsNotBelieved", "test/near.TestFailoverByHand",
		},
	}, {
		What: "the history cannot be written: the disk is full, its file is damaged, its database is down",
		Does: "sessions begin and end as ever; entries wait in memory, what finds no room there is counted, logged " +
			"and told by the history itself; a damaged file is set aside",
		Bound: "65,536 entries wait",
		Proof: []string{
			"cmd/coatcheck/internal/history.TestAFullDiskIsNeverSilent",
			"cmd/coatcheck/internal/history.TestDamageInUse",
		},
	}, {
		What: "the program is killed, or the store goes down, while many sessions end by query",
		Does: "the job goes on where it was when the program starts again, or when the store answers; those that " +
			"were meant end, and no others",
		Bound: "the batch that was under way is tried again",
		Proof: []string{
			"cmd/coatcheck/internal/ending.TestGoesOnAfterAKill",
			"cmd/coatcheck/internal/ending.TestAStoreThatIsDownIsWaitedFor",
		},
	}, {
		What: "the feed breaks, or falls silent",
		Does: "what is near is served until its lease is over, then each request asks the store; streams are " +
			"looked at",
		Bound: "`--lease`, 5 s; streams 5 s",
		Proof: []string{
			"store/near.TestLease", "session.TestCutoffsHoldWhenTheFeedBreaks",
			"session.TestDoneClosesByTheLeaseWhenNobodyConfirms",
		},
	}, {
		What: "the store is emptied (`FLUSHDB`, `TRUNCATE`), or another one takes its place",
		Does: "it has lost its name, and counts as restored from a backup: all sessions from before are refused " +
			"on all nodes, and their streams end",
		Bound: "about 11 s on nodes that run; at the start of the program with SQLite",
		Proof: []string{
			"test/e2e.TestStoreThatLostItsNameIsNotBelieved", "cmd/coatcheck/internal/rollback.TestVanished",
			"cmd/coatcheck/internal/rollback.TestRestoredBelow",
		},
	}, {
		What: "records are removed from the store by hand",
		Does: "nodes ask again for what they have had near for some time; the sign-out of such a session, or of " +
			"its user everywhere, is told to all nodes although there is nothing to end; who signs in at that very " +
			"moment may be missed by a sign-out everywhere: ending everybody's by the console or the API misses nobody",
		Bound: "10 s; streams 70 s; after a sign-out at once",
		Proof: []string{
			"store/near.TestMaxAge", "store/near.TestDeletedUser", "test/e2e.TestSignOutOfAUserWhoseRecordsVanished",
			"session.TestDoneClosesWithTheUserWhoseRecordsVanished", "test/chaos.TestReferee",
		},
	}, {
		What: "a backup takes the place of the store, or a failover has lost what was acknowledged",
		Does: "if a session that had ended may be in it again, all sessions from before are refused, once; " +
			"users sign in again (`--accept-restored-store` lets them in)",
		Bound: "at the start; about 11 s on nodes that run",
		Proof: []string{
			"test/e2e.TestRestoredFile", "test/e2e.TestRestoredDump",
			"cmd/coatcheck/internal/rollback.TestRestoredByTheServersTime",
			"cmd/coatcheck/internal/rollback.TestRestoredBelow", "cmd/coatcheck/internal/rollback.TestNoticedOnce",
		},
	}, {
		What: "the store is down",
		Does: "503 with Retry-After; cookies stay, and nobody is signed out; what is near is served until its " +
			"lease is over",
		Bound: "service again with the store; each request waits `--store-timeout`, 2 s, at most",
		Proof: []string{
			"test/e2e.TestServerStops", "session.TestNobodyIsSignedOutByAnOutage",
			"cmd/coatcheck/internal/gate.TestStoreDown",
		},
	}, {
		What:  "the store is slow",
		Does:  "no more than `--store-calls` requests wait, and after five failures in a row one alone looks",
		Bound: "`--store-timeout`, 2 s a request; 256 requests",
		Proof: []string{
			"session.TestHangingStoreCostsNoMoreThanTheTimeout", "session.TestWaitingForTheStoreIsBounded",
			"session.TestBreakerSparesAFailingStore",
		},
	}, {
		What: "the store is full, its disk or its memory",
		Does: "writes are refused with 503, an unconfirmed sign-out is an error, and readers are served; a server " +
			"that ends itself is down: Redis with `appendfsync always`, PostgreSQL without room for its log",
		Bound: "service again as soon as there is room, and a server that has ended is started",
		Proof: []string{
			"test/e2e.TestDiskFull", "test/redis.TestAFullServer", "session.TestWritesThatFailRefuseNoReader",
			"test/chaos.TestReferee",
		},
	}, {
		What: "the program or the database is killed",
		Does: "what was acknowledged is durable, in the modes that promise it; what was not has happened wholly " +
			"or not at all",
		Bound: "",
		Proof: []string{
			"test/e2e.TestKilledRightAfterTheAnswer", "test/postgres.TestKilled", "test/mariadb.TestKilled",
			"test/redis.TestKilledWithAnAppendOnlyFile",
		},
	}, {
		What:  "a second program is started on a data folder",
		Does:  "it does not start, and names the process that has the folder",
		Bound: "free again as soon as that process has ended, even by `kill -9`",
		Proof: []string{"test/e2e.TestADataFolderHasOneProgram"},
	}, {
		What: "the store lacks a command, or its user a right; a setting is not told",
		Does: "everything is done once before anybody is served, unseen by others, and what is missing is named; " +
			"what the doctor cannot find out is unknown",
		Bound: "at the start: the program does not start",
		Proof: []string{
			"test/postgres.TestMissingRights", "test/mariadb.TestMissingRights", "test/redis.TestTry",
			"store/sql.TestWhatIsNotToldIsUnknown", "test/redis.TestCheckOfWhatIsNotTold",
		},
	}, {
		What:  "somebody else's transaction keeps SQLite's write-ahead log growing",
		Does:  "a warning, a metric and a line of the doctor; the log is cut when the reader has left",
		Bound: "the log is as long as what was written meanwhile",
		Proof: []string{"test/sqlite.TestAReaderKeepsTheLogLong", "cmd/coatcheck.TestWALWarning"},
	}, {
		What: "a node's clock is wrong, or is set while it runs",
		Does: "times are those of the store's server, in a Cluster of the one with the cutoffs; a node that is more " +
			"than a minute off says so, sweeps nothing and renews no secret; nobody is signed out, and nobody " +
			"comes back",
		Bound: "half the round trip of a beat; at a start, a request waits 1 s at most for the first one",
		Proof: []string{
			"test/chaos.TestClocks", "session.TestTimesAreTheServers", "session.TestTheGraceIsThatOfTheServersTime",
			"session.TestANodeWhoseClockIsOffDoesNothingIrrevocable", "session.TestRequestsWaitForTheTime",
		},
	}, {
		What: "the clock of the store's server is set, or that of an SQLite node",
		Does: "it is not believed yet, and the event says so, unless there is a second witness; what has been shown " +
			"to be over is removed, so that no clock revives it",
		Bound: "ten minutes; what is over, 2 s after it was shown",
		Proof: []string{
			"store.TestClock", "store.TestSlept", "test/chaos.TestClockIsSetAfterTheStart",
			"session.TestExpiredSessionsAreSweptWhenNoticed",
		},
	}, {
		What:  "a browser loses its last cookie writes",
		Does:  "it stays signed in, if it is the same browser and has not used the new secret",
		Bound: "10 minutes after the new secret was first shown",
		Proof: []string{"session.TestLostCookieIsTakenBack", "test/rotation.TestCrashedChromiumStaysSignedIn"},
	}, {
		What:  "a shared cache stands in front",
		Does:  "it may store nothing that carries a session, in the words of every kind of cache",
		Bound: "",
		Proof: []string{"test/caches.TestNoCacheHandsOutASession", "session.TestNoCacheIsToldOtherwise"},
	}, {
		What:  "a stream is open when its session ends",
		Does:  "the notice ends it, and nobody asks the store",
		Bound: "at once, however many there are",
		Proof: []string{
			"session.TestDoneOfManyClosesWithoutAsking",
			"cmd/coatcheck/internal/gate.TestConnectionsEndWithTheSession",
		},
	}, {
		What: "a request waits for its answer, or has one without a known length, when its session ends",
		Does: "the gate breaks it off, the former with 401; what has a length, or changes something, goes on, and so " +
			"does everything of a user who only signs in again",
		Bound: "at once; 1 s after its beginning at the earliest",
		Proof: []string{"cmd/coatcheck/internal/gate.TestWhatLastsEndsWithTheSession"},
	}, {
		What:  "tickets may have leaked, and everybody has to go",
		Does:  "the console or `DELETE /v1/sessions?confirm=everybody` ends all sessions in one durable step",
		Bound: "at once at this node; as fast as the feed on the others",
		Proof: []string{"test/e2e.TestEndEverybodyOnTwoNodes", "session.TestRevokeBeforeEndsOlderSessionsOnly"},
	},
}
