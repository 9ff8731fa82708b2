package format

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
)

// How Chromium encrypts values on Linux and macOS (components/os_crypt in its source): AES-128-CBC under a key that
// PBKDF2-HMAC-SHA1 makes of a password. On Linux that takes one round; v10 means the password that everybody knows, v11
// the keyring's. On macOS v10 means the keychain's password and 1003 rounds.
const (
	chromePassword = "peanuts"
	chromeSalt     = "saltysalt"
	macRounds      = 1003
)

// hashedHost is the version of the schema from which on the hash of host_key stands in front of a value.
const hashedHost = 24

// decryptChrome returns the value, or why it cannot be read.
func decryptChrome(encrypted []byte, host string, version int, secret []byte) (value, why string) {
	type key struct {
		password []byte
		rounds   int
	}
	var keys []key
	tag, text := encrypted[:min(3, len(encrypted))], encrypted[min(3, len(encrypted)):]
	switch string(tag) {
	case "v10":
		keys = append(keys, key{[]byte(chromePassword), 1})
		if len(secret) > 0 {
			keys = append(keys, key{secret, macRounds}, key{secret, 1})
		}
	case "v11":
		keys = append(keys, key{nil, 1}) // where the keyring gave nothing
		if len(secret) > 0 {
			keys = append(keys, key{secret, 1})
		}
	default:
		return "", "its value is encrypted in a way that is not known"
	}
	for _, k := range keys {
		plain, ok := decryptCBC(text, k.password, k.rounds)
		if ok && version >= hashedHost {
			hash := sha256.Sum256([]byte(host))
			plain, ok = bytes.CutPrefix(plain, hash[:])
		}
		if ok {
			return string(plain), ""
		}
	}
	if len(secret) > 0 {
		return "", "its value is encrypted, and the secret is not that of its key"
	}
	return "", "its value is encrypted with a key of the system's keyring"
}

// decryptCBC decrypts with an initialization vector of spaces and takes off the padding (PKCS #7).
func decryptCBC(text, password []byte, rounds int) ([]byte, bool) {
	if len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, false
	}
	key, err := pbkdf2.Key(sha1.New, string(password), []byte(chromeSalt), rounds, 16)
	if err != nil {
		return nil, false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	plain := make([]byte, len(text))
	cipher.NewCBCDecrypter(block, bytes.Repeat([]byte{' '}, aes.BlockSize)).CryptBlocks(plain, text)
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize || !bytes.Equal(plain[len(plain)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, false
	}
	return plain[:len(plain)-n], true
}
