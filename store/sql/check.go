package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"coatcheck.dev/store"
)

// A rule judges one setting of a database.
type rule struct {
	setting  string
	good     func(value string) bool
	severity store.Severity // if it is not good
	what     string         // before the value
	means    string
	fix      string
}

func is(values ...string) func(string) bool {
	return func(value string) bool {
		for _, v := range values {
			if strings.EqualFold(value, v) {
				return true
			}
		}
		return false
	}
}

// judge turns settings into findings, in the order of the rules. What the server does not tell is unknown. Only those
// without meaning here are passed over.
func judge(rules []rule, settings map[string]string, meaningless ...string) (findings []store.Finding) {
	for _, r := range rules {
		value, ok := settings[r.setting]
		switch {
		case slices.Contains(meaningless, r.setting):
		case !ok:
			findings = append(findings, store.Finding{
				Severity: store.Unknown, Name: r.setting, What: r.what + " unknown: the server does not tell",
				Means: "if it is not as it should be, " + r.means, Fix: "make sure of it: " + r.fix,
			})
		case r.good(value):
			findings = append(findings, store.Finding{
				Severity: store.Good, Name: r.setting, What: r.what + " " + shown(value), Means: "as it should be",
			})
		default:
			findings = append(findings, store.Finding{
				Severity: r.severity, Name: r.setting, What: r.what + " " + shown(value), Means: r.means, Fix: r.fix,
			})
		}
	}
	return findings
}

func shown(value string) string {
	if value == "" {
		return "empty"
	}
	return value
}

// settings reads rows of name and value.
func settings(ctx context.Context, db *sql.DB, text string) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make(map[string]string)
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		all[strings.ToLower(name)] = value
	}
	return all, rows.Err()
}

var postgresRules = []rule{
	{"fsync", is("on"), store.Danger, "fsync is",
		"after a crash of the machine the database may be beyond repair, and revoked sessions may be back",
		"set fsync = on"},
	{"full_page_writes", is("on"), store.Danger, "full_page_writes is",
		"a power cut can leave half-written pages that nothing repairs",
		"set full_page_writes = on"},
	{"synchronous_commit", is("on", "remote_apply", "remote_write"), store.Danger, "synchronous_commit is",
		"a change is acknowledged before it is on disk: a crash can undo a sign-out",
		"set synchronous_commit = on, at least for the user and the database of this program"},
	{"synchronous_standby_names", func(v string) bool { return v != "" }, store.Limit, "synchronous_standby_names is",
		"changes survive this server's crash, but those of the last moment may be missing on a standby that takes over",
		"if sign-outs must survive a failover, name a standby in synchronous_standby_names"},
	{"in_recovery", is("false"), store.Danger, "pg_is_in_recovery is",
		"the server is a standby: nothing can be written, and what is read may be old",
		"connect to the primary"},
	{"transaction_read_only", is("off"), store.Danger, "transaction_read_only is", "nothing can be written",
		"set default_transaction_read_only = off for the user and the database of this program"},
}

func (p *postgres) check(ctx context.Context) ([]store.Finding, error) {
	have, err := settings(ctx, p.db, `
SELECT name, setting FROM pg_settings WHERE name IN (
	'fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', 'transaction_read_only')
UNION ALL SELECT 'in_recovery', pg_is_in_recovery()::text`)
	if err != nil {
		return nil, err
	}
	if have["synchronous_commit"] == "local" && have["synchronous_standby_names"] == "" {
		have["synchronous_commit"] = "on" // there is nobody else to wait for
	}
	return judge(postgresRules, have), nil
}

func strict(sqlMode string) bool {
	return strings.Contains(sqlMode, "STRICT_") || strings.Contains(sqlMode, "TRADITIONAL")
}

var mysqlRules = []rule{
	{"innodb_flush_log_at_trx_commit", is("1"), store.Danger, "innodb_flush_log_at_trx_commit is",
		"a change is acknowledged before it is on disk: a crash can undo a sign-out",
		"set innodb_flush_log_at_trx_commit = 1"},
	{"innodb_doublewrite", func(v string) bool { return !is("off", "0")(v) }, store.Danger, "innodb_doublewrite is",
		"a power cut can leave half-written pages that nothing repairs", "set innodb_doublewrite = ON"},
	{"sync_binlog", is("1"), store.Limit, "sync_binlog is",
		"after a crash a replica may lack changes that this server has, or have others",
		"set sync_binlog = 1 if replicas take over"},
	{"binlog_format", is("row", "mixed"), store.Danger, "binlog_format is", "sweeps fail, and expired sessions pile up",
		"set binlog_format to ROW or MIXED"},
	{"sql_mode", strict, store.Danger, "sql_mode is",
		"the server may cut what does not fit and say that all went well", "put STRICT_TRANS_TABLES into sql_mode"},
	{"transaction_isolation", func(v string) bool { return v != readUncommitted }, store.Danger,
		"transaction_isolation is",
		"what others are about to do, and may undo, is taken for done: a session that goes on may be refused",
		"set transaction_isolation = READ-COMMITTED or more, at least for the connections of this program"},
	{"autocommit", is("on", "1"), store.Danger, "autocommit is",
		"what is not committed explicitly is lost, and what is read may be old",
		"set autocommit = ON, at least for the connections of this program"},
	{"read_only", is("off", "0"), store.Danger, "read_only is", "nothing can be written, and what is read may be old",
		"connect to the primary"},
	{"auto_increment_increment", is("1"), store.Limit, "auto_increment_increment is",
		"several servers seem to take writes: the promises of this package are those of one",
		"write through one server"},
	{"engines", is("innodb"), store.Danger, "the engine of the tables is", "changes are neither whole nor durable",
		"ALTER TABLE ... ENGINE = InnoDB for the tables that begin with coatcheck_"},
}

func (m *mysql) check(ctx context.Context) ([]store.Finding, error) {
	have, err := settings(ctx, m.db, `
SHOW VARIABLES WHERE variable_name IN (
	'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'sync_binlog', 'binlog_format', 'log_bin',
	'sql_mode', 'transaction_isolation', 'tx_isolation', 'autocommit', 'read_only', 'auto_increment_increment')`)
	if err != nil {
		return nil, err
	}
	if level, ok := have["tx_isolation"]; ok { // the older name
		have["transaction_isolation"] = level
	}
	var meaningless []string
	if is("off", "0")(have["log_bin"]) { // the binary log is not written
		meaningless = append(meaningless, "sync_binlog", "binlog_format")
	}
	var engines sql.NullString
	switch err := m.db.QueryRowContext(ctx, `
SELECT group_concat(DISTINCT engine) FROM information_schema.tables WHERE table_schema = database()
AND table_name LIKE 'coatcheck\_%'`).Scan(&engines); {
	case ctx.Err() != nil || err != nil && m.diagnose(err) == away:
		return nil, err
	case err != nil: // it is unknown
	case engines.Valid:
		have["engines"] = engines.String
	default: // there are no tables yet
		meaningless = append(meaningless, "engines")
	}
	return judge(mysqlRules, have, meaningless...), nil
}

// check has little to say of SQLite: the store sets what matters by itself.
func (s *sqlite) check(ctx context.Context) (findings []store.Finding, err error) {
	err = s.patiently(ctx, func() error {
		findings, err = s.look(ctx)
		return err
	})
	return findings, err
}

func (s *sqlite) look(ctx context.Context) ([]store.Finding, error) {
	var path string
	const file = `SELECT file FROM pragma_database_list WHERE name = 'main'`
	if err := s.db.QueryRowContext(ctx, file).Scan(&path); err != nil {
		return nil, err
	}
	if path == "" {
		return []store.Finding{{
			Severity: store.Danger, Name: "memory", What: "the database is in memory",
			Means: "every session ends with the program", Fix: "name a file",
		}}, nil
	}
	findings := []store.Finding{{
		Severity: store.Good, Name: "synchronous", What: "changes are on disk before they are acknowledged",
		Means: "as it should be",
	}}
	findings = append(findings, wal(path))
	switch name, shared, known := fileSystem(path); {
	case !known:
		findings = append(findings, store.Finding{
			Severity: store.Unknown, Name: "network", What: "whether the file is on a network file system",
			Means: "SQLite's locks and shared memory do not work there, and the database may be damaged",
			Fix:   "make sure that it is on a local disk",
		})
	case shared:
		findings = append(findings, store.Finding{
			Severity: store.Danger, Name: "network", What: "the file is on a network file system (" + name + ")",
			Means: "SQLite's locks and shared memory do not work there, and the database may be damaged",
			Fix:   "put the file on a local disk",
		})
	}
	var check string
	if err := s.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&check); err != nil {
		return nil, err
	}
	if check != "ok" {
		findings = append(findings, store.Finding{
			Severity: store.Danger, Name: "damage", What: "the database is damaged: " + check,
			Means: "sessions may be lost or come back", Fix: "put a backup in its place",
		})
	}
	return findings, nil
}

// wal says whether somebody keeps the write-ahead log from being emptied.
func wal(path string) store.Finding {
	f := store.Finding{Severity: store.Good, Name: "wal", Means: "as it should be"}
	n, err := walBytes(path)
	f.What = fmt.Sprintf("the write-ahead log has %d MB", n>>20)
	switch {
	case err != nil:
		f.Severity, f.What = store.Unknown, "the size of the write-ahead log: "+err.Error()
		f.Means = "it may grow until the disk is full"
		f.Fix = "let this user look into the folder of the database"
	case n > LongWAL:
		f.Severity = store.Limit
		f.Means = "another program has a transaction open in the database: " +
			"until it ends, the log grows with every change, and may fill the disk"
		f.Fix = "end that program: fuser " + path + " lists those that have the file open"
	}
	return f
}

// networkFileSystems are those that Linux may report, by their magic number (statfs(2)).
var networkFileSystems = map[int64]string{
	0x6969: "NFS", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x517b: "SMB", 0x01021997: "9P", 0x47504653: "GPFS",
	0x0bd00bd0: "Lustre", 0x00c36400: "Ceph",
}

const fuse = 0x65735546 // a program's file system, which may be local or not
