package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// A Secret signs what is sent to one receiver, who has it too. It prints as what it is, and never as its value.
type Secret struct{ key []byte }

const (
	secretPrefix = "whsec_"

	minSecret, maxSecret = 24, 64 // bytes: Standard Webhooks, signature scheme
	maxSecrets           = 4      // of one receiver: each costs a signature

	// MaxSecretFile is the size of the largest file of secrets, in bytes.
	MaxSecretFile = 4 << 10
)

// ParseSecret reads a secret as Standard Webhooks writes one: "whsec_" and the base64 of 24 to 64 random bytes. An
// error says nothing of what the text was.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	if !ok {
		return Secret{}, errors.New("a secret begins with whsec_")
	}
	key, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return Secret{}, errors.New("what follows whsec_ is no base64")
	}
	if len(key) < minSecret || len(key) > maxSecret {
		return Secret{}, fmt.Errorf("the secret has %d bytes, and %d to %d are needed", len(key), minSecret, maxSecret)
	}
	return Secret{key}, nil
}

// ParseSecrets reads a file of secrets, one a line, of which the first is the newest. Empty lines and those that begin
// with # do not count.
func ParseSecrets(text string) (all []Secret, err error) {
	if len(text) > MaxSecretFile {
		return nil, fmt.Errorf("there are more than %d bytes", MaxSecretFile)
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		s, err := ParseSecret(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, s)
	}
	switch {
	case len(all) == 0:
		return nil, errors.New("there is no secret; make one: echo whsec_$(openssl rand -base64 32)")
	case len(all) > maxSecrets:
		return nil, fmt.Errorf("there are %d secrets, and %d are the most; take out those that nobody verifies with",
			len(all), maxSecrets)
	}
	return all, nil
}

// String does not have the secret.
func (s Secret) String() string { return fmt.Sprintf("webhook secret of %d bytes", len(s.key)) }

// Format implements [fmt.Formatter], so that no verb prints the secret.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// signature is the value of the header webhook-signature: one signature for each secret, because whoever rotates a
// secret verifies with either for a while.
func signature(secrets []Secret, id string, at int64, body []byte) string {
	var all []string
	for _, s := range secrets {
		mac := hmac.New(sha256.New, s.key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at, 10) + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}
