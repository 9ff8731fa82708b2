package shop

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// The demo's users. Their passwords are no secret: the sign-in page names them.
var users = map[string]struct{ salt, hash string }{
	"ada":   {"1da57668407a79b62e7c29a05a66268b", "e33cac561af3f205d3efc6075e8c6eb5c3f8b76c1988cd6695108f3887a09d52"},
	"alan":  {"be85b6a941da00df1e382e9de6a25558", "64af56e5b6fda87a3377c18e6c7552f5c457fe070abb38532bdfc9afaef6a558"},
	"grace": {"e9d3870153d5d7a8cad9e0b79be2a5db", "7d65a451d3021be545038edf084d1907b2edad43dac69e3a30c039b6cb8e6452"},
}

// iterations is what the OWASP Password Storage Cheat Sheet asks of PBKDF2 with HMAC-SHA-256.
const iterations = 600_000

// checkPassword reports whether a password is that of a user. It takes the same time for unknown users, so that nobody
// learns which users exist.
func checkPassword(user, password string) bool {
	account, exists := users[user]
	salt, _ := hex.DecodeString(account.salt)
	hash, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	same := subtle.ConstantTimeCompare([]byte(hex.EncodeToString(hash)), []byte(account.hash)) == 1
	return exists && err == nil && same
}
