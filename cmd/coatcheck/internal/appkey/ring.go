package appkey

import (
	"context"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/followed"
)

// A Ring has the keys of a file. Its methods may be called from any number of goroutines. Nil is a ring without keys.
type Ring struct {
	file *followed.File[map[string]*Key]
}

// Open reads a file, which may be missing: then there are no keys yet.
func Open(path string) (*Ring, error) {
	file, err := followed.Open(path, maxFile, func(text []byte) (map[string]*Key, error) {
		keys, err := parse(text)
		known := make(map[string]*Key, len(keys))
		for i := range keys {
			known[keys[i].ID] = &keys[i]
		}
		return known, err
	})
	return &Ring{file}, err
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
	k := r.file.Held()[id]
	if k == nil {
		// It may have been made a moment ago. Strangers can have the file looked at in this way, and no more than that.
		if _, err := r.file.Reload(); err != nil {
			return nil
		}
		k = r.file.Held()[id]
	}
	if k == nil || !k.is(&hash) {
		return nil
	}
	return k
}

// Has reports whether the key is still one of the ring's.
func (r *Ring) Has(id string) bool { return r != nil && r.file.Held()[id] != nil }

// Follow reads the file again whenever it has changed, until ctx ends. It calls report with an error when the file
// cannot be read any more, once for each; the ring goes on with the keys that it has.
func (r *Ring) Follow(ctx context.Context, report func(error)) {
	r.file.Follow(ctx, func(_, _ map[string]*Key, _ time.Time) {}, report)
}
