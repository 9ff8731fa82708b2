package cookies_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/cookies"
)

// TestContainerByName: a container is told by its number or by the name that Firefox shows.
func TestContainerByName(t *testing.T) {
	profile := t.TempDir()
	const identities = `{"version": 5, "lastUserContextId": 8, "identities": [
		{"userContextId": 1, "public": true, "icon": "fingerprint", "color": "blue", "l10nId": "user-context-personal"},
		{"userContextId": 2, "public": true, "l10nID": "userContextWork.label"},
		{"userContextId": 5, "public": false, "name": "userContextIdInternal.thumbnail"},
		{"userContextId": 6, "public": true, "name": "Bücher"},
		{"userContextId": 7, "public": true, "name": "Twice"}, {"userContextId": 8, "public": true, "name": "twice"}]}`
	if err := os.WriteFile(filepath.Join(profile, "containers.json"), []byte(identities), 0o600); err != nil {
		t.Fatal(err)
	}
	database := filepath.Join(profile, "cookies.sqlite")
	session := filepath.Join(profile, "sessionstore-backups", "recovery.jsonlz4")
	elsewhere := filepath.Join(t.TempDir(), "deep", "cookies.sqlite")
	for _, tt := range []struct {
		file, name string
		id         int
		says       string
	}{
		{database, "", 0, ""}, {elsewhere, "", 0, ""}, {elsewhere, "3", 3, ""}, {database, "12", 12, ""},
		{database, "Personal", 1, ""}, {session, "work", 2, ""}, {database, "BÜCHER", 6, ""},
		{database, "Twice", 0, "of 7, 8"}, {database, "Bank", 0, "only: Personal (1), Work (2), Bücher (6)"},
		{database, "-1", 0, "no container"}, {database, "userContextIdInternal.thumbnail", 0, "no container"},
		{elsewhere, "Work", 0, "by its number"},
	} {
		id, err := cookies.Container(tt.file, tt.name)
		if id != tt.id || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q of %s: %d, %v; want %d, %q", tt.name, tt.file, id, err, tt.id, tt.says)
		}
	}
}
