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

func readFile(path string) (file, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return file{Node: store.NewID().String()}, nil
	}
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
func writeFile(path, node string, names []string, mark time.Time) error {
	f, err := readFile(path)
	if err != nil {
		return err
	}
	if f.Node = node; f.Marks == nil {
		f.Marks = make(map[string]time.Time)
	}
	for _, name := range names {
		f.Marks[name] = latest(f.Marks[name], mark) // another program may share the folder
	}
	text, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".tidemark-*") // its mode is 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // which fails if all went well
	_, err = temporary.Write(append(text, '\n'))
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// A State is how a store stands to what a node knows.
type State struct {
	Known time.Time // the node's own copy of its mark; zero if it has ended nothing there
	There time.Time // the mark in the store
}

// Restored reports whether the store is older than what the node has ended in it.
func (s State) Restored() bool { return s.Known.After(s.There) }

// Look reads how a store stands, from its switches, and changes nothing.
func Look(path string, switches map[string]time.Time) (State, error) {
	f, err := readFile(path)
	if err != nil {
		return State{}, err
	}
	return State{f.known(names(switches)), switches[nodePrefix+f.Node]}, nil
}
