package seal_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"coatcheck.dev/seal"
)

func Example() {
	ring := seal.New()
	text := ring.Sign("newsletter link", "ada@example.com")

	address, ok := ring.Verify("newsletter link", text)
	fmt.Println(address, ok)
	_, ok = ring.Verify("password reset", text)
	fmt.Println(ok)
	// Output:
	// ada@example.com true
	// false
}

func ExampleRing_Seal() {
	ring := seal.New()
	sealed := ring.Seal("note of user 42", []byte("call the dentist"))

	message, ok := ring.Open("note of user 42", sealed)
	fmt.Println(string(message), ok)
	_, ok = ring.Open("note of user 43", sealed)
	fmt.Println(ok)
	// Output:
	// call the dentist true
	// false
}

// Rotate at any time; retire when the texts that the old key signed are out of date.
func ExampleRing_Rotate() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	ring, err := seal.Open(filepath.Join(folder, "keys"))
	if err != nil {
		log.Fatal(err)
	}
	text := ring.Sign("link", "42")

	if err := ring.Rotate(); err != nil {
		log.Fatal(err)
	}
	_, ok := ring.Verify("link", text)
	fmt.Println("after rotation:", ok)

	if _, err := ring.Retire(time.Now()); err != nil {
		log.Fatal(err)
	}
	_, ok = ring.Verify("link", text)
	fmt.Println("after retirement:", ok)
	// Output:
	// after rotation: true
	// after retirement: false
}
