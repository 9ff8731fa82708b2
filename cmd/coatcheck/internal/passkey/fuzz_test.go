package passkey_test

import (
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/cmd/coatcheck/internal/passkey"
)

// No answer that was not made by a device is good.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`)
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA",` +
		`"signature":"AA"}}`)
	f.Fuzz(func(t *testing.T, answer string) {
		key := operator.Passkey{ID: []byte("id"), PublicKey: []byte("key"), Host: "localhost"}
		o := &operator.Operator{Name: "ada", ID: make([]byte, 16), Passkeys: []operator.Passkey{key}}
		_, made, err := passkey.New(o, "localhost:8081")
		if err != nil {
			t.Fatal(err)
		}
		_, shown, err := passkey.Ask(o, "localhost:8081")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := passkey.Made(o, "localhost:8081", made, answer, time.Now()); err == nil {
			t.Errorf("%q made a passkey", answer)
		}
		if _, err := passkey.Shown(o, "localhost:8081", shown, answer); err == nil {
			t.Errorf("%q is a passkey", answer)
		}
	})
}
