package tidemark

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"coatcheck.dev/store"
)

// A file is what a node has beside the stores: its name, and its mark in each of them.
type file struct {
	Node  string               `json:"node"`
	Marks map[string]time.Time `json:"marks"` // by the name of the store
}

// makeFile gives the node a name, unless it has one. Of two programs that share a folder, one is quicker, and both have
// the name that it chose: what one of them notes is good for the other.
func makeFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temporary, err := writeTemporary(path, file{Node: store.NewID().String()})
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	if err := os.Link(temporary, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func readFile(path string) (file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return file{}, err
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil || f.Node == "" {
		return file{}, fmt.Errorf("%s is damaged: if no backup was put in the store's place, delete it", path)
	}
	return f, nil
}

// known is the latest mark in a store of these names.
func (f *file) known(names []string) (known time.Time) {
	for _, name := range names {
		known = latest(known, f.Marks[name])
	}
	return known
}

// writeFile notes a mark durably. What is read in between is the old file or the new one.
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
	temporary, err := writeTemporary(path, f)
	if err != nil {
		return err
	}
	defer os.Remove(temporary) // which fails if all went well
	return os.Rename(temporary, path)
}

func writeTemporary(path string, f file) (name string, err error) {
	text, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return "", err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".tidemark-*") // its mode is 0600
	if err != nil {
		return "", err
	}
	_, err = temporary.Write(append(text, '\n'))
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return "", errors.Join(err, os.Remove(temporary.Name()))
	}
	return temporary.Name(), nil
}

// A State is how a store stands to what a node knows.
type State struct {
	Known time.Time // the node's own copy of its mark; zero if it has ended nothing there
	There time.Time // the mark in the store
}

// Restored reports whether the store is older than what the node has ended in it.
func (s State) Restored() bool { return s.Known.After(s.There) }

// Look finds out how a store stands, and changes nothing. It asks for the store's switches itself, as that has to be later
// than its look at the file: while a program runs, both move on, the store first.
func Look(path string, switches func() (map[string]time.Time, error)) (State, error) {
	f, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = file{}, nil
	}
	if err != nil {
		return State{}, err
	}
	all, err := switches()
	if err != nil {
		return State{}, err
	}
	return State{f.known(names(all)), all[nodePrefix+f.Node]}, nil
}
