package operator

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/internal/atomicfile"
)

// LinkLife is how long a sign-in link works.
const LinkLife = 10 * time.Minute

const (
	linkBytes = 24 // 192 random bits
	linkChars = 32
	maxLinks  = 64  // files, those of used and expired links included
	maxLink   = 128 // bytes of a file
	used      = ".used"
)

// Links are the one-time sign-in links: a folder with a file for each, named by the SHA-256 of its secret. The file
// says until when the link works, and for whom. Whoever uses a link renames its file, and only one can: a link works
// once whatever programs look into the folder, and whether one has restarted. The zero value has no links.
type Links struct{ folder string }

// LinksIn are the links of a folder, which is made with the first one.
func LinksIn(folder string) Links { return Links{folder} }

// A LinkState says what a link is good for.
type LinkState int

// The states of a link.
const (
	LinkUnknown LinkState = iota // forged, withdrawn, or made long ago
	LinkGood
	LinkUsed
	LinkExpired
)

// A link is what its file says.
type link struct {
	until time.Time
	name  string
}

// parseLink reads the text of a file: until when it works in microseconds of Unix time, a space, the operator, a line
// end.
func parseLink(text []byte) (l link, ok bool) {
	line, ok := bytes.CutSuffix(text, []byte("\n"))
	until, name, both := strings.Cut(string(line), " ")
	micros, err := strconv.ParseInt(until, 10, 64)
	return link{time.UnixMicro(micros), name}, ok && both && err == nil && len(name) <= maxName && plainName(name)
}

func (l link) text() []byte {
	return []byte(strconv.FormatInt(l.until.UnixMicro(), 10) + " " + l.name + "\n")
}

var errNoLinks = errors.New("there is no folder for sign-in links")

// Mint makes a link's secret for an operator. Old links make room for it.
func (l Links) Mint(name string, now time.Time) (secret string, err error) {
	if l.folder == "" {
		return "", errNoLinks
	}
	if err := os.MkdirAll(l.folder, 0o700); err != nil {
		return "", err
	}
	l.sweep(now)
	secret = base64.RawURLEncoding.EncodeToString(random(linkBytes))
	return secret, atomicfile.Replace(l.file(secret), link{now.Add(LinkLife), name}.text())
}

func (l Links) file(secret string) string {
	return filepath.Join(l.folder, base64.RawURLEncoding.EncodeToString(hashOf(secret)))
}

// Redeem uses up a good link, and returns whose it was. An error means that it is not known whether it works.
func (l Links) Redeem(secret string, now time.Time) (name string, _ LinkState, err error) {
	if l.folder == "" || len(secret) != linkChars {
		return "", LinkUnknown, nil
	}
	file := l.file(secret)
	found, state, err := readLink(file)
	switch {
	case err != nil:
		return "", LinkUnknown, err
	case state == LinkUnknown:
		_, state, err = readLink(file + used)
		if state == LinkGood {
			state = LinkUsed
		}
		return "", state, err
	case !now.Before(found.until):
		return "", LinkExpired, nil
	}
	err = atomicfile.Rename(file, file+used)
	if errors.Is(err, fs.ErrNotExist) { // another has just been quicker
		return "", LinkUsed, nil
	}
	return found.name, LinkGood, err
}

// readLink reads the file of a link; LinkUnknown means that it is not there, or is none.
func readLink(file string) (link, LinkState, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return link{}, LinkUnknown, nil
	}
	if err != nil {
		return link{}, LinkUnknown, err
	}
	found, ok := parseLink(text[:min(len(text), maxLink)])
	if !ok {
		return link{}, LinkUnknown, nil
	}
	return found, LinkGood, nil
}

// Withdraw takes back the links of an operator that nobody has used.
func (l Links) Withdraw(name string) {
	for file, found := range l.all() {
		if found.name == name {
			_ = os.Remove(file) // the operator is gone from the file of operators before
		}
	}
}

// all are the files of the links.
func (l Links) all() map[string]link {
	entries, _ := os.ReadDir(l.folder)
	links := make(map[string]link)
	for _, e := range entries {
		file := filepath.Join(l.folder, e.Name())
		if found, state, _ := readLink(file); state == LinkGood {
			links[file] = found
		}
	}
	return links
}

// sweep removes the files of links that nobody will ask about any more, and the oldest ones beyond maxLinks.
func (l Links) sweep(now time.Time) {
	links := l.all()
	var files []string
	for file, found := range links {
		if now.After(found.until.Add(LinkLife)) {
			_ = os.Remove(file) // tried again with the next link
			continue
		}
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b string) int {
		return cmp.Or(links[a].until.Compare(links[b].until), cmp.Compare(a, b))
	})
	for i := 0; i <= len(files)-maxLinks; i++ {
		_ = os.Remove(files[i])
	}
}

// LinkURL is the URL of a link at the console of a base URL.
func LinkURL(base, secret string) string { return base + "/sign-in?link=" + secret }
