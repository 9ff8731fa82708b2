// Package followed keeps what a small file holds, and reads it again when somebody replaces the file.
package followed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/internal/atomicfile"
)

// A File is what a file holds. A missing file holds the zero value. Its methods may be called from any number of
// goroutines.
type File[T any] struct {
	path  string
	parse func([]byte) (T, error)
	max   int64
	held  atomic.Pointer[T]
	told  T // what Open found, and then what Follow has told of last

	mu    sync.Mutex   // held while the file is looked at
	state os.FileInfo  // of the file as it was read, nil if it was missing; guarded by mu
	news  []version[T] // what was read since Open, or since Follow last looked; guarded by mu
}

// A version is what a file held, and from when on Held returned it.
type version[T any] struct {
	held T
	at   time.Time
}

// Open reads a file of max bytes at most. An error of parse begins with the line, if it has one, and gets the path.
func Open[T any](path string, max int64, parse func([]byte) (T, error)) (*File[T], error) {
	f := &File[T]{path: path, parse: parse, max: max}
	f.held.Store(new(T))
	_, err := f.Reload()
	f.told, f.news = f.Held(), nil
	return f, err
}

// Held is what the file held when it was last read. Nobody may change it.
func (f *File[T]) Held() T { return *f.held.Load() }

// Read reads a file of max bytes at most, without following it.
func Read[T any](path string, max int64, parse func([]byte) (T, error)) (held T, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return held, nil
	}
	if err != nil {
		return held, err
	}
	if info.Size() > max {
		return held, fmt.Errorf("%s: %d bytes are too many for this file", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return held, err
	}
	if held, err = parse(text); err != nil {
		return held, fmt.Errorf("%s:%w", path, err)
	}
	return held, nil
}

// Reload reads the file again if it has changed. After an error what it held before stays, and it is tried again.
func (f *File[T]) Reload() (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	state, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		state = nil
	case err != nil:
		return false, err
	}
	if atomicfile.Same(state, f.state) {
		return false, nil
	}
	held, err := Read(f.path, f.max, f.parse)
	if err != nil {
		return false, err
	}
	f.held.Store(&held)
	f.state = state
	f.news = append(f.news, version[T]{held, time.Now()})
	return true, nil
}

// every is how often a file that is followed is looked at: twice within the second in which a change is promised to
// hold.
const every = 500 * time.Millisecond

// Follow reads the file again whenever it has changed, until ctx ends. It calls changed for each change since Open, in
// order, whoever has read the file: with the time from which on Held returned it. It calls failed with an error when
// the file cannot be read any more, once for each. One file is followed once.
func (f *File[T]) Follow(ctx context.Context, changed func(was, now T, at time.Time), failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	wrong := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := f.Reload(); err == nil {
			wrong = ""
		} else if err.Error() != wrong {
			wrong = err.Error()
			failed(err)
		}
		for _, now := range f.takeNews() {
			changed(f.told, now.held, now.at)
			f.told = now.held
		}
	}
}

// takeNews returns what was read since the last call.
func (f *File[T]) takeNews() (news []version[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news, f.news = f.news, nil
	return news
}
