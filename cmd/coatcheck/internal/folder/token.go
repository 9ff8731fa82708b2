package folder

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"coatcheck.dev/internal/atomicfile"
)

const (
	tokenFile  = "console-token"
	tokenBytes = 32 // 256 random bits
	tokenLen   = 43 // of their text: base64url without padding
)

// TokenPath returns where the console's token is.
func (f *Folder) TokenPath() string { return filepath.Join(f.path, tokenFile) }

// Token returns the console's token. It makes a missing one. One that others on this machine could read is made private
// again; if that cannot be done, the token is not used, so that it is "", and log says so.
func (f *Folder) Token(log *slog.Logger) (string, error) {
	if !f.tighten(log) {
		return "", nil
	}
	token, err := readToken(f.TokenPath())
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.makeToken(); err != nil {
			return "", fmt.Errorf("make the console's token: %w", err)
		}
		token, err = readToken(f.TokenPath())
	}
	if err != nil {
		return "", fmt.Errorf("read the console's token: %w", err)
	}
	return token, nil
}

// tighten makes the token's file private, and reports whether it is, or is not there. Managers of volumes widen the
// modes of all files when they mount a volume for a group.
func (f *Folder) tighten(log *slog.Logger) bool {
	path := f.TokenPath()
	wide, isWide := openTo(path, 0o077)
	if !isWide {
		return true
	}
	err := os.Chmod(path, 0o600)
	if _, still := openTo(path, 0o077); err == nil && !still {
		log.Warn("others could read the console's token, until now; if they may have, delete it: the next start makes "+
			"a new one", "file", path, "mode", fmt.Sprintf("%#o", wide))
		return true
	}
	log.Warn("others may read the console's token, and this program may not change that: only the link of this start "+
		"opens the console, and the API is off; pass a token of your own as COATCHECK_CONSOLE_TOKEN",
		"file", path, "mode", fmt.Sprintf("%#o", wide))
	return false
}

// CheckToken reports what is wrong with a token that the operator has chosen, without quoting it.
func CheckToken(token string) error {
	notPlain := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(token) < 32 || len(token) > 512 || strings.ContainsFunc(token, notPlain) {
		return errors.New("the console's token must have 32 to 512 letters, digits and signs, without spaces; " +
			"openssl rand -hex 32 makes one")
	}
	return nil
}

func readToken(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 1<<10))
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if _, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(token) != tokenLen {
		return "", fmt.Errorf("%s is not a token of %d letters, digits, - and _: "+
			"delete it, and the next start makes a new one", path, tokenLen)
	}
	return token, nil
}

// makeToken makes a new token. Of two programs that start at once, one wins.
func (f *Folder) makeToken() error {
	var secret [tokenBytes]byte
	rand.Read(secret[:]) // never fails: without randomness the program ends
	return atomicfile.Create(f.TokenPath(), []byte(base64.RawURLEncoding.EncodeToString(secret[:])+"\n"))
}
