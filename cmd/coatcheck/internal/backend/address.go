package backend

import (
	"errors"
	"fmt"
	"strings"
)

// An Address names a store. Its secrets do not show when it is printed.
type Address struct {
	Engine string // the kind of store, such as "PostgreSQL"

	text    string   // without secrets
	secrets []string // as they may stand in an error
	open    opener
}

// String is the address without its secrets.
func (a Address) String() string { return a.text }

// Parse reads an address. An error is one line with the name of the flag and an example, and without a secret.
func Parse(text, flag string) (Address, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	e, known := engineOf(scheme)
	if !known || len(scheme) == len(text) {
		return Address{}, fmt.Errorf("%s: it begins with none of %s, as in %s", flag, Schemes(), engines[0].example)
	}
	a, err := e.parse(scheme, rest)
	if err != nil {
		return Address{}, fmt.Errorf("%s: %w, as in %s", flag, err, e.example)
	}
	a.Engine = e.name
	return a, nil
}

// hide takes the secrets out of an error.
func (a Address) hide(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range a.secrets {
		text = strings.ReplaceAll(text, s, hidden)
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
