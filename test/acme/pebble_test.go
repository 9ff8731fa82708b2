package acme_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"

	"coatcheck.dev/test/internal/proc"
)

func TestMain(m *testing.M) {
	os.Setenv("PEBBLE_VA_NOSLEEP", "1")
	proc.Main(m)
}

// An authority gives certificates to whoever answers at two ports of this machine.
type authority struct {
	*httptest.Server
	roots string // file of who signs for its server
}

// openAuthority starts one whose certificates are good for so many seconds.
func openAuthority(t *testing.T, httpPort, tlsPort int, seconds uint64) *authority {
	t.Helper()
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	profiles := map[string]ca.Profile{"default": {Description: "for a test", ValidityPeriod: seconds}}
	signer := ca.New(quiet, store, "", "ecdsa", 0, 1, profiles)
	front := wfe.New(quiet, store, va.New(quiet, httpPort, tlsPort, false, "", store), signer,
		[]string{"pebble.example"}, false, false, 1, 1)
	a := &authority{httptest.NewTLSServer(front.Handler()), filepath.Join(t.TempDir(), "roots.pem")}
	t.Cleanup(a.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw})
	if err := os.WriteFile(a.roots, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) directory() string { return a.URL + wfe.DirectoryPath }
