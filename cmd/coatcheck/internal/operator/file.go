package operator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/followed"
	"coatcheck.dev/internal/atomicfile"
)

const (
	maxOperators = 1000
	maxFile      = 8 << 20 // bytes; more than so many operators with all their passkeys have
)

// A staffFile is what the file has.
type staffFile struct {
	Operators []Operator `json:"operators"`
}

// Load reads the operators of a file, oldest first. A file that is missing has none.
func Load(path string) ([]Operator, error) { return followed.Read(path, maxFile, parse) }

// parse reads the text of a file. An error quotes no hash.
func parse(text []byte) ([]Operator, error) {
	decode := json.NewDecoder(bytes.NewReader(text))
	decode.DisallowUnknownFields()
	var doc staffFile
	if err := decode.Decode(&doc); err != nil {
		return nil, fmt.Errorf(" this is no file of operators: %w", err)
	}
	if _, err := decode.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New(" something stands behind the file's end")
	}
	if len(doc.Operators) > maxOperators {
		return nil, fmt.Errorf(" there are more than %d operators", maxOperators)
	}
	seen := make(map[string]bool)
	for i := range doc.Operators {
		o := &doc.Operators[i]
		if err := o.check(); err != nil {
			return nil, fmt.Errorf(" operator %d: %w", i+1, err)
		}
		if seen[folded(o.Name)] {
			return nil, fmt.Errorf(" operator %d: the name %s stands there twice", i+1, o.Name)
		}
		seen[folded(o.Name)] = true
	}
	return doc.Operators, nil
}

// folded is a name as it is told from others: nobody should have to see the difference between Ada and ada.
func folded(name string) string { return strings.ToLower(name) }

// Change changes the operators of a file, which is made if it is missing, while nobody else does. With an error of
// change it stays as it was.
func Change(path string, change func([]Operator) ([]Operator, error)) error {
	lock, err := folder.LockKeys(path)
	if err != nil {
		return err
	}
	defer lock.Close()
	operators, err := Load(path)
	if err != nil {
		return err
	}
	if operators, err = change(operators); err != nil {
		return err
	}
	text, err := json.MarshalIndent(staffFile{operators}, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if _, err := parse(text); err != nil { // what is written can be read
		return fmt.Errorf("%s:%w", path, err)
	}
	return atomicfile.Replace(path, text)
}

// Edit changes one operator of a file. [Owner] comes into the file with its first change; any other that is not there
// is [ErrUnknown].
func Edit(path, name string, edit func(*Operator) error) error {
	return Change(path, func(operators []Operator) ([]Operator, error) {
		i := slices.IndexFunc(operators, func(o Operator) bool { return o.Name == name })
		if i < 0 {
			if name != Owner {
				return nil, ErrUnknown
			}
			i, operators = len(operators), append(operators, owner())
		}
		return operators, edit(&operators[i])
	})
}

// owner is the operator that is always there, as long as the file does not have it.
func owner() Operator { return Operator{Name: Owner, Role: Security, ID: hashOf(Owner)[:idBytes]} }
