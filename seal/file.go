package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The key file is text, newest key first:
//
//	file    = header LF *( ( comment / entry ) LF )
//	header  = "coatcheck keys 1"                    ; the number is the version of the format
//	comment = "#" *CHAR
//	entry   = created SP secret
//	created = RFC 3339 time in UTC, whole seconds   ; never newer than that of the line before
//	secret  = 43( ALPHA / DIGIT / "-" / "_" )       ; base64url of 32 random bytes
//
// A change of this grammar takes another version. A program refuses versions that it does not know.
const (
	fileHeader  = "coatcheck keys 1"
	headerStem  = "coatcheck keys "
	fileComment = "# The first key signs, all verify. Who has this file can sign whatever they like: keep it secret."
	maxFileSize = 16 << 10
)

// Open returns a ring with the keys of a file. If there is no file it is made, with one new key, for its owner alone
// (mode 0600); of several programs that do so at once, one makes it and all use it. The folder has to exist.
//
// A file that other users of the machine can read or write is refused, and so is one that is damaged, holds no key, or
// comes from a newer version. The error says what to do.
func Open(path string) (*Ring, error) {
	keys, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createFile(path, []key{newKey(time.Now())}); err != nil {
			return nil, err
		}
		keys, err = readFile(path)
	}
	if err != nil {
		return nil, err
	}
	r := &Ring{path: path}
	r.set(keys)
	return r, nil
}

func readFile(path string) ([]key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("seal: open key file: %w", err)
	}
	defer f.Close()
	if err := checkMode(f); err != nil {
		return nil, fmt.Errorf("seal: key file %s: %w", path, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("seal: read key file: %w", err)
	}
	keys, err := parseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("seal: key file %s: %w", path, err)
	}
	return keys, nil
}

// checkMode looks at the open file, so that it cannot be exchanged between the look and the reading.
func checkMode(f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("this is not a file: name a file, in a folder that exists")
	case runtime.GOOS == "windows": // has no such modes; the folder's access list decides
		return nil
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("other users may read or write it (mode %04o): run \"chmod 600\" on it, and rotate the keys if somebody may have read them",
			info.Mode().Perm())
	}
	return nil
}

func parseKeys(text string) ([]key, error) {
	if len(text) > maxFileSize {
		return nil, fmt.Errorf("it has more than %d bytes: this is no key file", maxFileSize)
	}
	header, rest, _ := strings.Cut(text, "\n")
	switch {
	case header == fileHeader:
	case strings.HasPrefix(header, headerStem):
		return nil, fmt.Errorf("its first line is %.40q, and this program knows %q: use the version of Coatcheck that wrote it, or a newer one",
			header, fileHeader)
	default:
		return nil, fmt.Errorf("its first line is not %q: this is no key file, or it is damaged; restore it, or move it away to begin with new keys", fileHeader)
	}
	var keys []key
	number := 1
	for line := range strings.Lines(rest) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		k, err := parseKey(line)
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w; restore the file", number, err)
		case len(keys) > 0 && k.created.After(keys[len(keys)-1].created):
			return nil, fmt.Errorf("line %d: the key is newer than the one before: put the newest first", number)
		case len(keys) == MaxKeys:
			return nil, fmt.Errorf("line %d: more than %d keys: remove the oldest", number, MaxKeys)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no key: restore it, or move it away to begin with a new one")
	}
	return keys, nil
}

// parseKey never says what it read: it may be most of a secret.
func parseKey(line string) (key, error) {
	created, secret, ok := strings.Cut(line, " ")
	at, err := time.Parse("2006-01-02T15:04:05Z", created)
	if !ok || err != nil || at.Format("2006-01-02T15:04:05Z") != created {
		return key{}, errors.New("no time in the form 2006-01-02T15:04:05Z, followed by one space and a key")
	}
	k := key{created: at}
	b, err := tagText.DecodeString(secret)
	if err != nil || len(b) != len(k.secret) || len(secret) != tagTextLen { // base64 passes over line ends
		return key{}, fmt.Errorf("a key has 43 letters, digits, '-' and '_', this has %d characters or others", len(secret))
	}
	copy(k.secret[:], b)
	return k, nil
}

func formatKeys(keys []key) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s\n", fileHeader, fileComment)
	for _, k := range keys {
		fmt.Fprintf(&b, "%s %s\n", k.created.Format("2006-01-02T15:04:05Z"), tagText.EncodeToString(k.secret[:]))
	}
	return b.Bytes()
}

// createFile makes the file, or leaves the one that another program has made meanwhile.
func createFile(path string, keys []key) error {
	return writeFile(path, keys, func(temp string) error {
		if err := os.Link(temp, path); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

func replaceFile(path string, keys []key) error {
	return writeFile(path, keys, func(temp string) error { return os.Rename(temp, path) })
}

// writeFile writes a temporary file beside path and lets put bring it there, so that the file is there whole or not at
// all, also after a power cut.
func writeFile(path string, keys []key, put func(temp string) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("seal: write key file %s: %w", path, err)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it is gone already after a rename
	_, err = f.Write(formatKeys(keys))
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = put(f.Name())
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name in the folder durable.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" { // cannot open folders for this; NTFS journals names itself
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
