package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/seal"
	"coatcheck.dev/store"
)

// openKeys returns the keys of a file, of the environment ("env:NAME"), or of the data folder.
func openKeys(from string, f *folder.Folder) (*seal.Ring, error) {
	variable, inEnv := strings.CutPrefix(from, "env:")
	switch {
	case inEnv:
		text := os.Getenv(variable)
		if text == "" {
			return nil, fmt.Errorf("--keys: the environment has no variable %s", variable)
		}
		return seal.Parse(text)
	case from != "":
		return seal.Open(from)
	}
	return seal.Open(f.KeysPath())
}

// haveKeys is openKeys for keys that are there. If they are to be changed, nobody else can do so until release is
// called.
func haveKeys(flags config.KeyFile, change bool) (ring *seal.Ring, release func(), err error) {
	f := folder.At(flags.Data)
	path, release := flags.KeysFrom, func() {}
	if path == "" {
		path = f.KeysPath()
	}
	if !strings.HasPrefix(path, "env:") {
		if _, err := os.Stat(path); err != nil {
			return nil, nil, fmt.Errorf("there are no keys yet: %w; serve with --seal-data or --tokens-for makes them",
				err)
		}
		if change {
			lock, err := folder.LockKeys(path)
			if err != nil {
				return nil, nil, err
			}
			release = func() { _ = lock.Close() }
		}
	}
	if ring, err = openKeys(flags.KeysFrom, f); err != nil {
		release()
	}
	return ring, release, err
}

// keys runs one of the commands on keys.
func (p *Program) keys(ctx context.Context, line *config.Line) error {
	where := map[config.Command]config.KeyFile{
		config.ListKeys: line.Keys.List, config.RotateKeys: line.Keys.Rotate,
		config.RetireOldKeys: line.Keys.Retire.KeyFile, config.CheckAllKeys: line.Keys.Check.KeyFile,
	}[line.Command]
	ring, release, err := haveKeys(where, line.Command == config.RotateKeys || line.Command == config.RetireOldKeys)
	if err != nil {
		return err
	}
	defer release()
	switch line.Command {
	case config.RotateKeys:
		return p.rotateKeys(ring)
	case config.RetireOldKeys:
		return p.retireKeys(ctx, ring, &line.Keys.Retire)
	case config.CheckAllKeys:
		return p.checkKeys(ctx, ring, &line.Keys.Check)
	}
	return p.listKeys(ring)
}

// listKeys prints the keys, and nothing by which anybody could sign.
func (p *Program) listKeys(ring *seal.Ring) error {
	return p.printKeys(ring, nil)
}

// printKeys prints a line for each key, with the number of records that hang on it if they were counted.
func (p *Program) printKeys(ring *seal.Ring, counts map[seal.KeyID]int) error {
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 3, ' ', 0)
	sessions := ""
	if counts != nil {
		sessions = "\tSESSIONS"
	}
	fmt.Fprintf(table, "KEY\tCREATED\tUSE%s\n", sessions)
	for i, k := range ring.Keys() {
		use := "verifies and decrypts"
		if i == 0 {
			use = "signs and encrypts"
		}
		if counts != nil {
			sessions = fmt.Sprintf("\t%d", counts[k.ID])
		}
		fmt.Fprintf(table, "%v\t%s\t%s%s\n", k.ID, k.Created.Format(time.RFC3339), use, sessions)
	}
	return table.Flush()
}

func (p *Program) rotateKeys(ring *seal.Ring) error {
	if err := ring.Rotate(); err != nil {
		return err
	}
	return p.listKeys(ring)
}

// retireKeys forgets old keys, unless sessions hang on them.
func (p *Program) retireKeys(ctx context.Context, ring *seal.Ring, flags *config.RetireKeys) error {
	before := time.Now().Add(-flags.OlderThan)
	if !flags.Force {
		counts, err := countKeys(ctx, flags.Store, flags.Data)
		if err != nil {
			return fmt.Errorf("%w (--force retires without looking)", err)
		}
		keys := ring.Keys()
		for i := 1; i < len(keys); i++ {
			if n := counts.of[keys[i].ID]; n > 0 && !keys[i-1].Created.After(before) {
				return fmt.Errorf("%d sessions hang on the key %v: wait until nodes with --seal-data have encrypted "+
					"them anew (coatcheck keys check), or --force", n, keys[i].ID)
			}
		}
	}
	n, err := ring.Retire(before)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.Stdout, "Retired: %d\n", n); err != nil {
		return err
	}
	return p.listKeys(ring)
}

// checkKeys says how far a rotation has come.
func (p *Program) checkKeys(ctx context.Context, ring *seal.Ring, flags *config.CheckKeys) error {
	counts, err := countKeys(ctx, flags.Store, flags.Data)
	if err != nil {
		return err
	}
	if err := p.printKeys(ring, counts.of); err != nil {
		return err
	}
	old, unknown := 0, 0
	for id, n := range counts.of {
		switch at := position(ring, id); {
		case at < 0:
			unknown += n
		case at > 0:
			old += n
		}
	}
	const text = "\nEncrypted with an older key: %d\nWith a key that is not there: %d\nNot encrypted: %d\n"
	_, err = fmt.Fprintf(p.Stdout, text,
		old, unknown, counts.plain)
	if err == nil && old+unknown > 0 {
		err = fmt.Errorf("%d sessions hang on other keys than the newest", old+unknown)
	}
	return err
}

func position(ring *seal.Ring, id seal.KeyID) int {
	for i, k := range ring.Keys() {
		if k.ID == id {
			return i
		}
	}
	return -1
}

// keyCounts are the numbers of records that hang on each key, and of those whose data is not encrypted.
type keyCounts struct {
	of    map[seal.KeyID]int
	plain int
}

func countKeys(ctx context.Context, flag, data string) (_ keyCounts, err error) {
	a, err := address(flag, folder.At(data))
	if err != nil {
		return keyCounts{}, err
	}
	b, err := backend.Look(ctx, a)
	if err != nil {
		return keyCounts{}, err
	}
	defer closeBackend(b, &err)
	counts := keyCounts{of: map[seal.KeyID]int{}}
	switch made, err := b.Made(ctx); {
	case err != nil:
		return keyCounts{}, err
	case !made:
		return counts, nil
	}
	q := store.Query{Limit: 1000}
	for {
		page, err := b.Store.List(ctx, q)
		if err != nil {
			return keyCounts{}, err
		}
		for i := range page {
			counts.add(page[i].Data)
		}
		if len(page) < q.Limit {
			return counts, nil
		}
		q.After = page[len(page)-1].Cursor()
	}
}

func (c *keyCounts) add(data store.Data) {
	text, sealed := data.Sealed()
	id, ok := seal.SealedBy([]byte(text))
	switch {
	case sealed && ok:
		c.of[id]++
	case data.Len() > 0:
		c.plain++
	}
}

// followKeys follows the file of the keys, and encrypts anew what hangs on older ones, until ctx ends.
func (s *server) followKeys(ctx context.Context) {
	changed := make(chan struct{}, 1)
	changed <- struct{}{} // at the start, too: another run may have been broken off
	go s.keys.Follow(ctx, func(err error) {
		if err != nil {
			s.log.Error("the keys cannot be read again; those of before stay in use", "error", err)
			return
		}
		s.log.Info("the keys have changed", "keys", len(s.keys.Keys()))
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	retry := time.NewTicker(resealRetry)
	defer retry.Stop()
	due := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			due = 2 // the second time for what was on its way to the store with the older key
		case <-retry.C:
		}
		if due > 0 && s.reseal(ctx) {
			due--
		}
	}
}

// resealRetry is how long after one pass over the sessions the next one begins, if there has to be one.
const resealRetry = 10 * time.Second

func (s *server) reseal(ctx context.Context) (done bool) {
	n, left, err := s.sessions.Reseal(ctx)
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		s.log.Warn("not all sessions are encrypted with the newest key yet; it is tried again", "error", err)
	case left > 0:
		s.log.Error("the data of some sessions cannot be decrypted with any key", "sessions", left)
	}
	if n > 0 {
		s.log.Info("sessions were encrypted with the newest key", "sessions", n)
	}
	return err == nil
}
