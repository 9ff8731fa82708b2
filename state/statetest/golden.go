package statetest

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"coatcheck.dev/state"
)

// T is the part of a *testing.T that this package needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// File is the name of the document that [Golden] compares with, in the folder of the test's package.
const File = "STATE.md"

// Golden fails the test if STATE.md, in the folder of the test's package, is not what the inventory says: something
// has appeared, has changed or is gone. To accept that, run the test with COATCHECK_UPDATE=1, or with -update if the
// package has such a flag, and commit the file: reviewers then see what is kept from now on.
//
// It also fails for each cookie and session key that the code has and the inventory has not. It reads the Go files of
// that folder and all below it, without tests, testdata, vendor and other modules: [session.NewKey], and the Name of
// an [http.Cookie] or [cookie.Cookie], where it is a constant of the same package. What it cannot see there,
// [state.Drift] sees at run time.
func Golden(t T, inv *state.Inventory) {
	t.Helper()
	GoldenFile(t, inv, File)
	undeclared(t, inv, ".")
}

// GoldenFile is the first half of [Golden], for a document somewhere else. A relative path begins in the folder of the
// test's package.
func GoldenFile(t T, inv *state.Inventory, path string) {
	t.Helper()
	var is bytes.Buffer
	if err := inv.WriteMarkdown(&is); err != nil {
		t.Fatalf("statetest: write the inventory: %v", err)
		return
	}
	if updating() {
		if err := os.WriteFile(path, is.Bytes(), 0o644); err != nil {
			t.Fatalf("statetest: %v", err)
		}
		return
	}
	was, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Errorf("statetest: there is no %s yet: %s", filepath.Base(path), remedy)
		return
	} else if err != nil {
		t.Fatalf("statetest: %v", err)
		return
	}
	before := bytes.ReplaceAll(was, []byte("\r\n"), []byte("\n")) // as Git may write it on Windows
	if bytes.Equal(before, is.Bytes()) {
		return
	}
	for _, difference := range compare(string(before), is.String()) {
		t.Errorf("statetest: %s: %s", filepath.Base(path), difference)
	}
	t.Errorf("statetest: %s is not what the inventory says: %s", filepath.Base(path), remedy)
}

const remedy = "look at what is kept from now on, run the test again with COATCHECK_UPDATE=1, and commit the file"

func updating() bool {
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		return true
	}
	return os.Getenv("COATCHECK_UPDATE") == "1"
}

// compare says what differs between two documents, entry by entry.
func compare(before, after string) (differences []string) {
	was, is := rows(before), rows(after)
	for _, key := range slices.Sorted(maps.Keys(was)) {
		switch now, ok := is[key]; {
		case !ok:
			differences = append(differences, fmt.Sprintf("%s is declared no more", key))
		case now != was[key]:
			differences = append(differences, fmt.Sprintf("%s has changed\n\twas %s\n\tis  %s", key, was[key], now))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(is)) {
		if _, ok := was[key]; !ok {
			differences = append(differences, fmt.Sprintf("%s is new\n\tis  %s", key, is[key]))
		}
	}
	return differences
}

// rows are the lines of the tables, by heading and name.
func rows(document string) map[string]string {
	all := map[string]string{}
	heading := ""
	for line := range strings.SplitSeq(document, "\n") {
		if text, ok := strings.CutPrefix(line, "## "); ok {
			heading = text
		}
		cell, ok := strings.CutPrefix(line, "| ")
		if !ok || strings.HasPrefix(line, "| name |") {
			continue
		}
		name, rest, _ := strings.Cut(cell, " | ")
		key := fmt.Sprintf("%s: %s", heading, name)
		if other, ok := all[key]; ok {
			rest = other + " and " + rest // of several hosts
		}
		all[key] = rest
	}
	return all
}

// NoDrift fails the test, at its end, for each thing that drift has found until then.
func NoDrift(t T, drift *state.Drift) {
	t.Cleanup(func() {
		t.Helper()
		for _, f := range drift.Findings() {
			t.Errorf("statetest: %s: %q: %s (%d times, first in %q)", f.Kind, f.Name, f.Reason, f.Count, f.Where)
		}
	})
}
