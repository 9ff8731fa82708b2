// Misuse makes a mistake, and asks for a panic that only tests have.
package main

import (
	"context"
	"fmt"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

func main() {
	session.New(memory.New(), session.Options{PanicOnMisuse: true})
	session.From(context.Background())
	fmt.Println("went on")
}
