package appkey

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/internal/atomicfile"
)

// A Ring has the keys of a file. Its methods may be called from any number of goroutines. Nil is a ring without keys.
type Ring struct {
	path string
	keys atomic.Pointer[map[string]*Key]

	mu    sync.Mutex  // held while the file is looked at
	state os.FileInfo // of the file as it was read, nil if it was missing; guarded by mu
}

// Open reads a file, which may be missing: then there are no keys yet.
func Open(path string) (*Ring, error) {
	r := &Ring{path: path}
	r.keys.Store(&map[string]*Key{})
	_, err := r.reload()
	return r, err
}

// Find returns the key that a service presents, or nil.
func (r *Ring) Find(text string) *Key {
	if r == nil {
		return nil
	}
	id, hash, ok := parseText(text)
	if !ok {
		return nil
	}
	k := (*r.keys.Load())[id]
	if k == nil {
		// It may have been made a moment ago. Strangers can have the file looked at in this way, and no more than that.
		if _, err := r.reload(); err != nil {
			return nil
		}
		k = (*r.keys.Load())[id]
	}
	if k == nil || !k.is(&hash) {
		return nil
	}
	return k
}

// Has reports whether the key is still one of the ring's.
func (r *Ring) Has(id string) bool { return r != nil && (*r.keys.Load())[id] != nil }

// reload reads the file again if it has changed. After an error the keys of before stay, and it is tried again.
func (r *Ring) reload() (changed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state, err := os.Stat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		state = nil
	case err != nil:
		return false, err
	}
	if atomicfile.Same(state, r.state) {
		return false, nil
	}
	keys, err := Load(r.path)
	if err != nil {
		return false, err
	}
	known := make(map[string]*Key, len(keys))
	for i := range keys {
		known[keys[i].ID] = &keys[i]
	}
	r.keys.Store(&known)
	r.state = state
	return true, nil
}

// followEvery is how often a ring that follows its file looks at it.
const followEvery = 250 * time.Millisecond

// Follow reads the file again whenever it has changed, until ctx ends. It calls report with an error when the file
// cannot be read any more, once for each; the ring goes on with the keys that it has.
func (r *Ring) Follow(ctx context.Context, report func(error)) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	failed := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := r.reload()
		if err == nil {
			failed = ""
		} else if err.Error() != failed {
			failed = err.Error()
			report(err)
		}
	}
}
