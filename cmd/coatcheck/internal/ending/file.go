package ending

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/store"
)

// A jobFile keeps jobs: each as JSON, and the handles that it is about in portions, so that a million of them are a
// thousand rows.
type jobFile struct{ db *sql.DB }

// A portion is a part of a job's handles, in their order, with a byte for each that says what has become of it.
type portion struct {
	n        int
	handles  []byte // 16 bytes each
	outcomes []byte
}

const (
	waits  = ' '
	begun  = '?' // its end was under way
	ended  = 'e'
	gone   = 'g'
	failed = 'f'
)

const portionSize = 1000

func (p *portion) len() int { return len(p.outcomes) }

func (p *portion) handle(i int) (id store.ID) {
	copy(id[:], p.handles[16*i:])
	return id
}

const schema = `
CREATE TABLE IF NOT EXISTS job (id TEXT PRIMARY KEY, asked INTEGER NOT NULL, state TEXT NOT NULL, job TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS portion (job TEXT NOT NULL, n INTEGER NOT NULL, handles BLOB NOT NULL,
	outcomes BLOB NOT NULL, PRIMARY KEY (job, n)) WITHOUT ROWID;
`

// uncancelled is the context of what is done with the file: it takes a moment, and whoever leaves breaks nothing off.
// Package sql would end that behind them, and the connection with it, perhaps after the program.
var uncancelled = context.Background()

func openJobFile(path string) (*jobFile, error) {
	db, err := backend.OpenFile(path, "_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(full)"+
		"&_pragma=journal_size_limit(16777216)&_pragma=secure_delete(on)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	f := &jobFile{db}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(err, backend.CloseFile(db))
	}
	return f, nil
}

// prepare makes the tables, unless they are there. It reads the whole file, because damage that shows later stops a job
// in its middle.
func (f *jobFile) prepare() error {
	if _, err := f.db.Exec(schema); err != nil {
		return err
	}
	var found string
	if err := f.db.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("the file is damaged: %s", found)
	}
	return nil
}

// change does something in one durable step.
func (f *jobFile) change(do func(*sql.Tx) error) error {
	tx, err := f.db.BeginTx(uncancelled, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func putJob(tx *sql.Tx, j *Job) error {
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(uncancelled, "INSERT INTO job VALUES (?, ?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET state = excluded.state, job = excluded.job",
		j.ID, j.AsOf.UnixMicro(), string(j.State), string(text))
	return err
}

func putPortion(tx *sql.Tx, job string, p *portion) error {
	_, err := tx.ExecContext(uncancelled, "INSERT INTO portion VALUES (?, ?, ?, ?) "+
		"ON CONFLICT (job, n) DO UPDATE SET outcomes = excluded.outcomes", job, p.n, p.handles, p.outcomes)
	return err
}

// load returns a job, or false if there is none.
func (f *jobFile) load(id string) (Job, bool, error) {
	jobs, err := f.jobs("WHERE id = ?", id)
	if err != nil || len(jobs) == 0 {
		return Job{}, false, err
	}
	return jobs[0], true, nil
}

func (f *jobFile) jobs(where string, args ...any) (jobs []Job, err error) {
	rows, err := f.db.QueryContext(uncancelled, "SELECT job FROM job "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		var j Job
		if err := json.Unmarshal(text, &j); err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}

// progress keeps how far a job is, with one of its portions. The rest of the job stays as it is, because an operator
// may have cancelled it meanwhile.
func (f *jobFile) progress(j *Job, p *portion) error {
	return f.change(func(tx *sql.Tx) error {
		var text []byte
		if err := tx.QueryRowContext(uncancelled, "SELECT job FROM job WHERE id = ?", j.ID).Scan(&text); err != nil {
			return err
		}
		var kept Job
		if err := json.Unmarshal(text, &kept); err != nil {
			return err
		}
		kept.Ended, kept.Gone, kept.Failed, kept.More = j.Ended, j.Gone, j.Failed, j.More
		return errors.Join(putPortion(tx, j.ID, p), putJob(tx, &kept))
	})
}

// portion returns the first portion of a job from n on, or false after the last.
func (f *jobFile) portion(job string, n int) (*portion, bool, error) {
	p := &portion{}
	err := f.db.QueryRowContext(uncancelled, "SELECT n, handles, outcomes FROM portion WHERE job = ? AND n >= ? "+
		"ORDER BY n LIMIT 1", job, n).Scan(&p.n, &p.handles, &p.outcomes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return p, err == nil, err
}

// drop removes a job, from the file and from its log.
func (f *jobFile) drop(id string) error {
	err := f.change(func(tx *sql.Tx) error {
		for _, statement := range []string{"DELETE FROM portion WHERE job = ?", "DELETE FROM job WHERE id = ?"} {
			if _, err := tx.ExecContext(uncancelled, statement, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = f.db.ExecContext(uncancelled, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// forget removes jobs that were asked for before a moment and are in none of the states.
func (f *jobFile) forget(before time.Time, state State) error {
	return f.change(func(tx *sql.Tx) error {
		for _, statement := range []string{
			"DELETE FROM portion WHERE job IN (SELECT id FROM job WHERE asked < ? AND state = ?)",
			"DELETE FROM job WHERE asked < ? AND state = ?",
		} {
			if _, err := tx.ExecContext(uncancelled, statement, before.UnixMicro(), string(state)); err != nil {
				return err
			}
		}
		return nil
	})
}
