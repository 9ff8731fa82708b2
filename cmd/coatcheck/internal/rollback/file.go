package rollback

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"coatcheck.dev/internal/atomicfile"
	"coatcheck.dev/store"
)

// A file is what a node keeps beside its stores: its name, a copy of its mark in each of them, and where it met them.
type file struct {
	Node   string               `json:"node"`
	Marks  map[string]time.Time `json:"marks"`  // by the name of the store
	Places map[string][]string  `json:"places"` // the names of the store that was last seen at each address
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

// changeFile changes a file durably. Others read the old one or the new one, never half of it.
func changeFile(path string, change func(*file)) error {
	f, err := readFile(path)
	if err != nil {
		return err
	}
	change(&f)
	return f.write(path, atomicfile.Replace)
}

// note notes the mark in the store with these names.
func (f *file) note(names []string, mark time.Time) {
	if f.Marks == nil {
		f.Marks = make(map[string]time.Time)
	}
	for _, name := range names {
		f.Marks[name] = latest(f.Marks[name], mark) // another program may share the folder
	}
}

// meet notes the names of the store at a place.
func (f *file) meet(place string, names []string) {
	if f.Places == nil {
		f.Places = make(map[string][]string)
	}
	f.Places[place] = names
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
	Known    time.Time // the node's own; zero if it has ended nothing in the store
	There    time.Time // the store's
	Vanished bool      // all names are gone that the store at this place had
}

// Restored reports whether the store was rolled back, emptied, or replaced by another.
func (s State) Restored() bool { return s.Vanished || s.Known.After(s.There) }

// state compares a file with the cutoffs of the store at a place.
func (f *file) state(place string, all map[string]time.Time) State {
	before, now := f.Places[place], names(all)
	there := func(name string) bool { return slices.Contains(now, name) }
	if len(before) > 0 && !slices.ContainsFunc(before, there) {
		return State{f.known(before), time.Time{}, true}
	}
	return State{f.known(now), all[nodePrefix+f.Node], false}
}

// Inspect reads both copies, and changes nothing. It asks for the cutoffs of the store at the place itself, after it
// has read the file: a running program moves both on, the store's first.
func Inspect(path, place string, cutoffs func() (map[string]time.Time, error)) (State, error) {
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
	return f.state(place, all), nil
}
