// Command simulate says what it takes to keep a billion sessions, from what a million were measured to take. It
// prints docs/scale.md.
//
//	go run ./scale/simulate > ../docs/scale.md
//	go test ./scale/simulate -update
//
// Nothing in it is measured. The figures that it begins with are: see package figures. What visitors do is assumed,
// in one place (habits.go); what nodes do follows the library's rules. The same figures give the same document, to
// the byte.
package main

import (
	"fmt"
	"io"
	"os"

	"coatcheck.dev/test/scale/figures"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	f, err := figures.Measured()
	if err != nil {
		return err
	}
	return render(out, f)
}
