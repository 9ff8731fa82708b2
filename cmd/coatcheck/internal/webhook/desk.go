package webhook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// A File is an outbox as commands see it, whether a program has it open or not.
type File struct{ db *disk }

// OpenFile opens the file of an outbox that is there.
func OpenFile(ctx context.Context, path string) (*File, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no outbox %s: coatcheck serve makes it once its configuration has webhooks",
			path)
	}
	db, err := openDatabase(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open the outbox %s: %w", path, err)
	}
	return &File{db}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.db.close() }

// Statuses returns how all receivers stand that the file knows, those of earlier configurations among them.
func (f *File) Statuses(ctx context.Context) (all []Status, err error) {
	names, urls, err := f.names(ctx)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		s := Status{Name: name, URL: (&Receiver{URL: urls[i]}).shown()}
		if err := f.db.counts(ctx, &s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (f *File) names(ctx context.Context) (names, urls []string, err error) {
	rows, err := f.db.db.QueryContext(ctx, `SELECT name, url FROM receivers ORDER BY name`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, url string
		if err := rows.Scan(&name, &url); err != nil {
			return nil, nil, err
		}
		names, urls = append(names, name), append(urls, url)
	}
	return names, urls, rows.Err()
}

// Replay asks for what [Outbox.Replay] does: the program does it within seconds, or when it is started.
func (f *File) Replay(ctx context.Context, receiver string, since time.Time) error {
	return f.ask(ctx, receiver, replayOrder, since.UnixMicro())
}

// Resume asks for what [Outbox.Resume] does, in the same way.
func (f *File) Resume(ctx context.Context, receiver string) error {
	return f.ask(ctx, receiver, resumeOrder, 0)
}

func (f *File) ask(ctx context.Context, receiver, what string, since int64) error {
	n, err := affected(f.db.db.ExecContext(ctx, `INSERT INTO orders (receiver, what, since)
SELECT name, ?, ? FROM receivers WHERE name = ?`, what, since, receiver))
	if err != nil || n > 0 {
		return err
	}
	return fmt.Errorf("there is no receiver %.100q; see coatcheck webhooks list", receiver)
}
