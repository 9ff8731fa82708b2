package folder

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
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

// Token returns the console's token. It makes a missing one, and refuses one that others on this machine could read.
func (f *Folder) Token() (string, error) {
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

func readToken(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	// Windows has no such modes: a new file there has the rights of its folder, the user's own.
	if mode := info.Mode(); runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return "", fmt.Errorf("others may read %s (mode %#o): delete it, and the next start makes a new one",
			path, mode.Perm())
	}
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
