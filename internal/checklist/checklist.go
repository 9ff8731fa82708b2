// Package checklist ties the security rules that sessions follow to the tests that prove them.
//
// A test names the rows that it proves in the last line of its comment:
//
//	// Logout wins: no request that is still running brings back a session that was ended.
//	//
//	// Rows: A15, R3, ASVS 7.4.1
//	func TestLogoutWinsOverSlowRequests(t *testing.T) {
//
// [Table] renders docs/security.md from the rows and from all tests in the tree. A claim that counts for nothing is an
// error: of a row that does not exist, or in a comment that belongs to no test. So is a row without a test, unless it
// says why it needs none: nobody can lose the last test of a rule without notice.
package checklist

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Test is a test function and the rows that it claims to prove.
type Test struct {
	Name    string
	Package string // the folder, with slashes, from the root of the tree
	Rows    []string
}

// Tests finds the tests of a tree, sorted by name.
func Tests(tree fs.FS) ([]Test, error) {
	var tests []Test
	err := fs.WalkDir(tree, ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		found, err := testsOf(file, source)
		tests = append(tests, found...)
		return err
	})
	slices.SortFunc(tests, func(a, b Test) int { return strings.Compare(a.Name+a.Package, b.Name+b.Package) })
	return tests, err
}

func testsOf(file string, source []byte) (tests []Test, err error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read tests of %s: %w", file, err)
	}
	claimed := make(map[*ast.CommentGroup]bool)
	for _, decl := range parsed.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") {
			continue
		}
		rows := claims(fn.Doc.Text())
		tests = append(tests, Test{fn.Name.Name, path.Dir(file), rows})
		claimed[fn.Doc] = len(rows) > 0
	}
	for _, comment := range parsed.Comments {
		if !claimed[comment] && looksLikeClaim.MatchString(comment.Text()) {
			err = errors.Join(err, fmt.Errorf("%s: these rows are claimed by no test", files.Position(comment.Pos())))
		}
	}
	return tests, err
}

var (
	claim          = regexp.MustCompile(`(?:^|\n)Rows: (.+)\n$`)
	looksLikeClaim = regexp.MustCompile(`(?im)^rows?: ?(?:ASVS )?[A-Z]?\d`)
)

// claims returns the rows in the last line of a test's comment.
func claims(comment string) (rows []string) {
	m := claim.FindStringSubmatch(comment)
	if m == nil {
		return nil
	}
	for id := range strings.SplitSeq(m[1], ", ") {
		rows = append(rows, strings.TrimPrefix(id, "ASVS "))
	}
	return rows
}
