package format

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"strings"
	"testing"
)

// encryptChrome encrypts as Chromium does; a real one's values are read in test/databases.
func encryptChrome(t *testing.T, tag, value, host, password string, version, rounds int) []byte {
	t.Helper()
	if version >= hashedHost {
		hash := sha256.Sum256([]byte(host))
		value = string(hash[:]) + value
	}
	n := aes.BlockSize - len(value)%aes.BlockSize
	text := append([]byte(value), bytes.Repeat([]byte{byte(n)}, n)...)
	key, err := pbkdf2.Key(sha1.New, password, []byte(chromeSalt), rounds, 16)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCEncrypter(block, bytes.Repeat([]byte{' '}, aes.BlockSize)).CryptBlocks(text, text)
	return append([]byte(tag), text...)
}

// TestChromeKeys: each system has its own way from a secret to a key; a wrong secret and another host's value are told.
func TestChromeKeys(t *testing.T) {
	const host = ".shop.example"
	for _, tt := range []struct {
		what      string
		encrypted []byte
		version   int
		secret    string
		value     string
		why       string
	}{
		{"Linux, no keyring", encryptChrome(t, "v10", "a", host, chromePassword, 24, 1), 24, "", "a", ""},
		{"before schema 24", encryptChrome(t, "v10", "a", host, chromePassword, 23, 1), 23, "", "a", ""},
		{"Linux, keyring", encryptChrome(t, "v11", "b", host, "s3cret", 24, 1), 24, "s3cret", "b", ""},
		{"Linux, empty keyring", encryptChrome(t, "v11", "b", host, "", 24, 1), 24, "", "b", ""},
		{"macOS", encryptChrome(t, "v10", "c", host, "s3cret", 24, macRounds), 24, "s3cret", "c", ""},
		{"empty value", encryptChrome(t, "v10", "", host, chromePassword, 24, 1), 24, "", "", ""},
		{"no secret", encryptChrome(t, "v11", "d", host, "s3cret", 24, 1), 24, "", "", "a key of the system's keyring"},
		{"wrong secret", encryptChrome(t, "v11", "d", host, "s3cret", 24, 1), 24, "other", "", "not that of its key"},
		{"other host", encryptChrome(t, "v10", "e", "x.example", chromePassword, 24, 1), 24, "", "", "keyring"},
		{"Windows", []byte("v20 and more"), 24, "", "", "not known"},
		{"cut", []byte("v1"), 24, "", "", "not known"},
		{"no blocks", []byte("v10abc"), 24, "", "", "keyring"},
	} {
		value, why := decryptChrome(tt.encrypted, host, tt.version, []byte(tt.secret))
		if value != tt.value || tt.why == "" && why != "" || !strings.Contains(why, tt.why) {
			t.Errorf("%s: %q, %q", tt.what, value, why)
		}
	}
}
