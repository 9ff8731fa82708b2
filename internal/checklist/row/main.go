// Row runs the tests that prove one row of docs/security.md, as in go run ./internal/checklist/row A15. It finds them
// from the root of the tree.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"coatcheck.dev/internal/checklist"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: row ROW, as in A15 or 7.4.1")
		os.Exit(2)
	}
	if err := run(strings.TrimPrefix(os.Args[1], "ASVS ")); err != nil {
		fmt.Fprintln(os.Stderr, "row:", err)
		os.Exit(1)
	}
}

func run(id string) error {
	tests, err := checklist.Tests(os.DirFS("."))
	if err != nil {
		return err
	}
	names := make(map[string][]string) // by package
	for _, test := range tests {
		if slices.Contains(test.Rows, id) {
			names[test.Package] = append(names[test.Package], test.Name)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("no test proves %s; docs/security.md has all rows", id)
	}
	var failed []string
	for folder, names := range names {
		pattern := "^(" + strings.Join(names, "|") + ")$"
		test := exec.Command("go", "test", "-race", "-count=1", "-v", "-run", pattern, "./"+folder)
		test.Stdout, test.Stderr = os.Stdout, os.Stderr
		if test.Run() != nil {
			failed = append(failed, folder)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%s does not hold in %s", id, strings.Join(failed, ", "))
	}
	return nil
}
