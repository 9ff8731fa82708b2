package rollback

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"coatcheck.dev/internal/atomicfile"
	"coatcheck.dev/store"
)

// A file is what a node keeps beside its stores: its name, and a copy of its mark in each of them.
type file struct {
	Node  string               `json:"node"`
	Marks map[string]time.Time `json:"marks"` // by the name of the store
}

// formerName is what the file was called before.
const formerName = "tidemark.json"

// makeFile names the node, unless it has a name. If two programs share a folder, the quicker one names both: what one
// of them notes is good for the other.
func makeFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(filepath.Join(filepath.Dir(path), formerName), path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return file{Node: store.NewID().String()}.write(path, atomicfile.Create)
}

func readFile(path string) (file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return file{}, err
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil || f.Node == "" {
		return file{}, fmt.Errorf("%s is damaged; delete it if no backup has taken the place of the store", path)
	}
	return f, nil
}

// known is the latest mark in the store with these names.
func (f *file) known(names []string) (known time.Time) {
	for _, name := range names {
		known = latest(known, f.Marks[name])
	}
	return known
}

// writeFile writes a mark durably. Others read the old file or the new one, never half of it.
func writeFile(path string, names []string, mark time.Time) error {
	f, err := readFile(path)
	if err != nil {
		return err
	}
	if f.Marks == nil {
		f.Marks = make(map[string]time.Time)
	}
	for _, name := range names {
		f.Marks[name] = latest(f.Marks[name], mark) // another program may share the folder
	}
	return f.write(path, atomicfile.Replace)
}

func (f file) write(path string, put func(path string, data []byte) error) error {
	text, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return err
	}
	return put(path, append(text, '\n'))
}

// A State has both copies of a node's mark.
type State struct {
	Known time.Time // the node's own; zero if it has ended nothing in the store
	There time.Time // the store's
}

// Restored reports whether the store was rolled back.
func (s State) Restored() bool { return s.Known.After(s.There) }

// Inspect reads both copies, and changes nothing. It asks for the store's cutoffs itself, after it has read the file: a
// running program moves both on, the store's first.
func Inspect(path string, cutoffs func() (map[string]time.Time, error)) (State, error) {
	f, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = file{}, nil
	}
	if err != nil {
		return State{}, err
	}
	all, err := cutoffs()
	if err != nil {
		return State{}, err
	}
	return State{f.known(names(all)), all[nodePrefix+f.Node]}, nil
}
