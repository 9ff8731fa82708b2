package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"coatcheck.dev/internal/atomicfile"
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
// A change of this grammar needs another version. A program refuses unknown versions.
const (
	fileHeader  = "coatcheck keys 1"
	headerStem  = "coatcheck keys "
	fileComment = "# The first key signs and seals, all verify and open. Who has this file can too: keep it secret."
	maxFileSize = 16 << 10
)

// Open returns a ring with the keys of a file. A missing file is made, with one new key, for its owner alone (mode
// 0600). If several programs do so at once, one makes it and all use it. The folder has to exist.
//
// A file that other users of the machine can read or write is refused. So is a damaged one, one without a key, and
// one of a newer version. The error names the remedy.
func Open(path string) (*Ring, error) {
	keys, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := atomicfile.Create(path, formatKeys([]*key{newKey(time.Now())})); err != nil {
			return nil, fmt.Errorf("seal: write key file %s: %w", path, err)
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

// Parse returns a ring with the keys of a text in the form of a key file, which may come from the environment. Such a
// ring does not change: [Ring.Rotate] and [Ring.Retire] fail, because the next start would know nothing of it.
func Parse(text string) (*Ring, error) {
	keys, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("seal: keys: %w", err)
	}
	r := &Ring{fixed: true}
	r.set(keys)
	return r, nil
}

func readFile(path string) ([]*key, error) {
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

// checkMode looks at the open file, because a path could lead to another file by the time of reading.
func checkMode(f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("this is not a file: name a file, in a folder that exists")
	case runtime.GOOS == "windows": // it has no modes: the access list of the folder decides
		return nil
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("other users may read or write it (mode %04o): run \"chmod 600\" on it, and rotate the keys "+
			"if somebody may have read them", info.Mode().Perm())
	}
	return nil
}

func parseKeys(text string) ([]*key, error) {
	if len(text) > maxFileSize {
		return nil, fmt.Errorf("it has more than %d bytes: this is no key file", maxFileSize)
	}
	header, rest, _ := strings.Cut(text, "\n")
	switch {
	case header == fileHeader:
	case header == fileHeader+"\r":
		return nil, errors.New("its lines end as in Windows: save it with line feeds alone")
	case strings.HasPrefix(header, headerStem):
		return nil, fmt.Errorf("its first line is %.40q, but this program knows %q: use the version of Coatcheck that "+
			"wrote it, or a newer one", header, fileHeader)
	default:
		return nil, fmt.Errorf("its first line is not %q: this is no key file, or it is damaged; restore it, or move "+
			"it away to begin with new keys", fileHeader)
	}
	var keys []*key
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

// parseKey never shows its input, because that may be most of a secret.
func parseKey(line string) (*key, error) {
	created, secret, ok := strings.Cut(line, " ")
	at, err := time.Parse("2006-01-02T15:04:05Z", created)
	if !ok || err != nil || at.Format("2006-01-02T15:04:05Z") != created {
		return nil, errors.New("no time in the form 2006-01-02T15:04:05Z, followed by one space and a key")
	}
	b, err := tagText.DecodeString(secret)
	if err != nil || len(b) != len(key{}.secret) || len(secret) != tagTextLen { // base64 ignores line ends
		return nil, fmt.Errorf("a key has 43 letters, digits, '-' and '_'; this one has %d characters, or others",
			len(secret))
	}
	return makeKey(at, [32]byte(b)), nil
}

func formatKeys(keys []*key) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s\n", fileHeader, fileComment)
	for _, k := range keys {
		fmt.Fprintf(&b, "%s %s\n", k.created.Format("2006-01-02T15:04:05Z"), tagText.EncodeToString(k.secret[:]))
	}
	return b.Bytes()
}
