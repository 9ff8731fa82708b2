package seal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/internal/atomicfile"
)

// A Ring is a set of keys, newest first. Its methods are safe for concurrent use. The zero Ring has no keys: it
// verifies nothing, and [Ring.Sign] panics.
type Ring struct {
	keys  atomic.Pointer[[]*key]      // never changed in place; behind a pointer, so that printing a Ring prints no key
	mu    sync.Mutex                  // held while the keys are replaced
	path  string                      // of the key file, "" if none
	read  atomic.Pointer[os.FileInfo] // of the key file, as it was when the keys were read
	fixed bool                        // the keys come from elsewhere, where they would have to change
}

// A key signs and seals from its creation until the next one is created, and verifies and opens until it is retired.
type key struct {
	created time.Time // in whole seconds, UTC
	secret  [32]byte
	id      KeyID
	derived derivedKeys
}

// MaxKeys is the largest number of keys in a ring. Each costs one HMAC when a forged signature is verified.
const MaxKeys = 16

// ErrFixed means that the keys were given as a text ([Parse]): change them where the text comes from.
var ErrFixed = errors.New("the keys come from a text: change them there")

// New returns a ring with one new key. The key is not kept, so its texts are refused after a restart.
func New() *Ring {
	r := &Ring{}
	r.set([]*key{newKey(time.Now())})
	return r
}

func newKey(now time.Time) *key {
	var secret [32]byte
	rand.Read(secret[:]) // never fails: since Go 1.24 the program ends if the system has no randomness
	return makeKey(now.UTC().Truncate(time.Second), secret)
}

func makeKey(created time.Time, secret [32]byte) *key {
	k := &key{created: created, secret: secret}
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte("key id"))
	copy(k.id[:], mac.Sum(nil))
	return k
}

// same reports whether two keys are one. Only whoever has one of them anyway can ask.
func (k *key) same(other *key) bool {
	return k.created.Equal(other.created) && k.secret == other.secret
}

// set replaces the keys. Those that stay keep what was derived from them.
func (r *Ring) set(keys []*key) {
	for i, k := range keys {
		for _, old := range r.all() {
			if k.same(old) {
				keys[i] = old
			}
		}
	}
	r.keys.Store(&keys)
}

func (r *Ring) all() []*key {
	if keys := r.keys.Load(); keys != nil {
		return *keys
	}
	return nil
}

// Rotate adds a key to sign and seal from now on; the others go on verifying and opening. A ring from a file reads it
// again first, and saves the new key before using it. On an error nothing has changed.
func (r *Ring) Rotate() error { return r.rotate(time.Now()) }

func (r *Ring) rotate(now time.Time) error {
	return r.change("rotate", func(keys []*key) ([]*key, error) {
		if len(keys) >= MaxKeys {
			return nil, fmt.Errorf("there are %d keys already, the most that a ring may have: retire old ones first",
				len(keys))
		}
		next := newKey(now)
		for i, k := range keys {
			if k.created.After(next.created) { // the clock was ahead then: nothing could be retired until that time
				keys[i] = makeKey(next.created, k.secret)
			}
		}
		return append([]*key{next}, keys...), nil
	})
}

// Retire forgets the keys that no longer signed at the time t, to the second, and returns their number. Their texts
// are refused from now on; all of these are older than t. The signing key always stays: rotate first to be rid of it.
// A ring from a file reads it again first, and saves it without them. On an error nothing has changed.
func (r *Ring) Retire(t time.Time) (int, error) {
	retired := 0
	err := r.change("retire", func(keys []*key) ([]*key, error) {
		for i := 1; i < len(keys); i++ {
			if !keys[i-1].created.After(t) {
				retired = len(keys) - i
				return keys[:i], nil
			}
		}
		return keys, nil
	})
	if err != nil {
		return 0, err
	}
	return retired, nil
}

// Reload reads the ring's file again. Without a file it does nothing.
func (r *Ring) Reload() error {
	_, err := r.reload()
	return err
}

func (r *Ring) reload() (changed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.path == "" {
		return false, nil
	}
	info, _ := os.Stat(r.path) // before, so that a change while it is read is seen the next time
	keys, err := readFile(r.path)
	if err != nil {
		return false, err
	}
	changed = !slices.EqualFunc(keys, r.all(), (*key).same)
	if changed {
		r.set(keys)
	}
	if info != nil {
		r.read.Store(&info) // after, so that whoever sees it sees the keys as well
	}
	return changed, nil
}

// after returns the keys, if they are others than those which a caller has tried in vain, and nil if they are the same:
// another program may have added one a moment ago. The file is looked at, and read only if it has changed, because
// anybody with a forged text asks. What cannot be read has no other keys; who follows the file is told.
func (r *Ring) after(tried *[]*key) *[]*key {
	if r.path != "" && r.stale() {
		_, _ = r.reload()
	}
	if keys := r.keys.Load(); keys != tried {
		return keys
	}
	return nil
}

// stale reports whether the file is another one than that which the keys were read from.
func (r *Ring) stale() bool {
	info, err := os.Stat(r.path)
	if err != nil {
		return false
	}
	read := r.read.Load()
	return read == nil || !atomicfile.Same(info, *read)
}

// change replaces the keys by the result of fn: in the file first, then in memory.
func (r *Ring) change(doing string, fn func([]*key) ([]*key, error)) error {
	if r.fixed {
		return fmt.Errorf("seal: %s keys: %w", doing, ErrFixed)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	keys, err := r.current()
	if err != nil {
		return err
	}
	next, err := fn(slices.Clone(keys))
	if err != nil {
		return fmt.Errorf("seal: %s keys: %w", doing, err)
	}
	if r.path != "" && len(next) != len(keys) {
		if err := atomicfile.Replace(r.path, formatKeys(next)); err != nil {
			return fmt.Errorf("seal: write key file %s: %w", r.path, err)
		}
	}
	r.set(next)
	return nil
}

// current returns the keys in the file, or those in memory if there is no file.
func (r *Ring) current() ([]*key, error) {
	if r.path == "" {
		return r.all(), nil
	}
	return readFile(r.path)
}

// A KeyInfo is what may be known of a key.
type KeyInfo struct {
	ID      KeyID
	Created time.Time // in whole seconds, UTC
}

// Keys returns the keys, the one that signs and seals first. It is empty for the zero Ring.
func (r *Ring) Keys() []KeyInfo {
	var infos []KeyInfo
	for _, k := range r.all() {
		infos = append(infos, KeyInfo{k.id, k.created})
	}
	return infos
}
