package appkey

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/followed"
	"coatcheck.dev/internal/atomicfile"
)

const (
	maxKeys = 10_000
	maxFile = 4 << 20 // bytes; more than that many lines have
)

const header = "# Keys of the session API. Change them with coatcheck app-keys; there is no secret in here.\n"

// Load reads the keys of a file, oldest first. A file that is missing has none.
func Load(path string) ([]Key, error) { return followed.Read(path, maxFile, parse) }

// parse reads the text of a file. An error begins with the number of the line, and quotes nothing.
func parse(text []byte) (keys []Key, err error) {
	seen := make(map[string]bool)
	n := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		n++
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, err := parseLine(line)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%d: %w", n, err)
		case seen[k.ID]:
			return nil, fmt.Errorf("%d: the key %s stands there twice", n, k.ID)
		case len(keys) == maxKeys:
			return nil, fmt.Errorf("%d: there are more than %d keys", n, maxKeys)
		}
		seen[k.ID] = true
		keys = append(keys, k)
	}
	return keys, nil
}

var errLine = errors.New("this is no app key: id, hash, time, scopes and label, with one space between")

func parseLine(line string) (k Key, err error) {
	parts := strings.SplitN(line, " ", 5)
	if len(parts) < 4 {
		return k, errLine
	}
	id, idErr := text64.DecodeString(parts[0])
	hash, hashErr := text64.DecodeString(parts[1])
	if idErr != nil || hashErr != nil || len(id) != idBytes || len(parts[0]) != idChars || len(hash) != len(k.Hash) {
		return k, errLine
	}
	k.ID, k.Hash = parts[0], [32]byte(hash)
	if k.Created, err = time.Parse(time.RFC3339, parts[2]); err != nil {
		return k, errLine
	}
	for scope := range strings.SplitSeq(parts[3], ",") {
		k.Scopes = append(k.Scopes, Scope(scope))
	}
	if err := checkScopes(k.Scopes); err != nil {
		return k, err
	}
	if len(parts) == 5 {
		k.Label = parts[4]
	}
	return k, checkLabel(k.Label)
}

// write replaces the file.
func write(path string, keys []Key) error {
	var b strings.Builder
	b.WriteString(header)
	for i := range keys {
		k := &keys[i]
		fmt.Fprintf(&b, "%s %s %s %s", k.ID, text64.EncodeToString(k.Hash[:]), k.Created.Format(time.RFC3339),
			List(k.Scopes))
		if k.Label != "" {
			b.WriteString(" " + k.Label)
		}
		b.WriteByte('\n')
	}
	return atomicfile.Replace(path, []byte(b.String()))
}

// Add adds a key to a file, which is made if it is missing, while nobody else changes it.
func Add(path string, k Key) error {
	lock, err := folder.LockKeys(path)
	if err != nil {
		return err
	}
	defer lock.Close()
	keys, err := Load(path)
	if err != nil {
		return err
	}
	if len(keys) == maxKeys {
		return fmt.Errorf("%s has %d keys already; retire some", path, maxKeys)
	}
	return write(path, append(keys, k))
}

// Remove removes the key of an ID from a file, while nobody else changes it, and reports whether there was one.
func Remove(path, id string) (bool, error) {
	lock, err := folder.LockKeys(path)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	keys, err := Load(path)
	if err != nil {
		return false, err
	}
	rest := slices.DeleteFunc(keys, func(k Key) bool { return k.ID == id })
	if len(rest) == len(keys) {
		return false, nil
	}
	return true, write(path, rest)
}
