// Size counts the lines of the product, room by room: go run ./internal/archtest/size [DIR]. What proves the product is
// not counted: tests, suites of tests, test, bench, and the rules of the tree.
package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

type size struct{ files, lines, code, comments int }

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	rooms, err := measure(os.DirFS(root))
	if err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
	fmt.Printf("%-32s %7s %7s %7s %9s\n", "", "files", "lines", "code", "comments")
	var sum size
	for _, name := range slices.Sorted(maps.Keys(rooms)) {
		s := rooms[name]
		fmt.Printf("%-32s %7d %7d %7d %9d\n", name, s.files, s.lines, s.code, s.comments)
		sum = size{sum.files + s.files, sum.lines + s.lines, sum.code + s.code, sum.comments + s.comments}
	}
	fmt.Printf("%-32s %7d %7d %7d %9d\n", "all", sum.files, sum.lines, sum.code, sum.comments)
}

func measure(tree fs.FS) (map[string]size, error) {
	rooms := make(map[string]size)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if proves(name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		s := rooms[path.Dir(name)]
		s.files++
		for line := range strings.Lines(string(source)) {
			s.lines++
			switch line = strings.TrimSpace(line); {
			case strings.HasPrefix(line, "//"):
				s.comments++
			case line != "":
				s.code++
			}
		}
		rooms[path.Dir(name)] = s
		return nil
	})
	return rooms, err
}

// proves reports whether a folder is there to prove the product.
func proves(dir string) bool {
	base := path.Base(dir)
	return slices.Contains([]string{"test", "bench", "internal/archtest", "internal/checklist"}, dir) ||
		base == "testdata" || base != "." && strings.HasPrefix(base, ".") ||
		base != "test" && strings.HasSuffix(base, "test")
}
