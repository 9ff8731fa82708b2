package appkey_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/appkey"
)

func add(t *testing.T, path string, scopes ...appkey.Scope) (text string, key appkey.Key) {
	t.Helper()
	text, key, err := appkey.New(scopes, "a shop")
	if err == nil {
		err = appkey.Add(path, key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text, key
}

func TestFileHasNoSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app-keys")
	text, key := add(t, path, appkey.Read, appkey.End)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := text[strings.LastIndexByte(text, '.')+1:]
	if strings.Contains(string(file), secret) || !strings.Contains(string(file), key.ID) {
		t.Errorf("the file is\n%s", file)
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	keys, err := appkey.Load(path)
	if err != nil || len(keys) != 1 || keys[0].Label != "a shop" || !slices.Equal(keys[0].Scopes, key.Scopes) {
		t.Errorf("%+v, %v", keys, err)
	}
}

// A key that is made while a ring is in use is good at the first request, and each text but its own is none.
func TestNewKeyIsKnownAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app-keys")
	ring, err := appkey.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	text, key := add(t, path, appkey.Read)
	found := ring.Find(text)
	if found == nil || found.ID != key.ID || !found.Allows(appkey.Read) || found.Allows(appkey.Create) {
		t.Fatalf("found %+v", found)
	}
	for i := range text {
		for _, c := range []byte("AQgw.\n") {
			if other := text[:i] + string(c) + text[i+1:]; other != text && ring.Find(other) != nil {
				t.Errorf("%q is taken for %q", other, text)
			}
		}
	}
	for _, other := range []string{"", text + "A", text[1:], strings.ToUpper(text), "coatcheck."} {
		if ring.Find(other) != nil {
			t.Errorf("%q is a key", other)
		}
	}
}

func TestRetiredKeyIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app-keys")
	text, key := add(t, path, appkey.Admin)
	other, _ := add(t, path, appkey.Metrics)
	ring, err := appkey.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go ring.Follow(ctx, func(err error) { t.Error(err) })
	if existed, err := appkey.Remove(path, key.ID); err != nil || !existed {
		t.Fatal(existed, err)
	}
	for began := time.Now(); ring.Find(text) != nil || ring.Has(key.ID); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("a key that was retired is still good")
		}
	}
	if ring.Find(other) == nil {
		t.Error("another key is refused, too")
	}
	if existed, err := appkey.Remove(path, key.ID); err != nil || existed {
		t.Errorf("retired twice: %v, %v", existed, err)
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app-keys")
	_, key := add(t, path, appkey.Read)
	text, _ := os.ReadFile(path)
	good := string(text)
	for name, wrong := range map[string]string{
		"scope": strings.Replace(good, " read ", " write ", 1), "id": strings.Replace(good, key.ID, key.ID[1:], 1),
		"twice": good + good, "short": "# x\nabc\n", "time": strings.Replace(good, "T", " ", 1),
		"unseen": strings.Replace(good, "a shop", "a\x1bshop", 1),
	} {
		if err := os.WriteFile(path, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		if keys, err := appkey.Load(path); err == nil || !strings.HasPrefix(err.Error(), path+":") {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
	for _, scopes := range [][]appkey.Scope{nil, {"write"}, {appkey.Read, appkey.Read}} {
		if _, _, err := appkey.New(scopes, ""); err == nil {
			t.Errorf("a key of the scopes %v was made", scopes)
		}
	}
	if _, _, err := appkey.New([]appkey.Scope{appkey.Read}, "two\nlines"); err == nil {
		t.Error("a label may have two lines")
	}
}

// An ID is an argument of a command line.
func TestNoIDLooksLikeAFlag(t *testing.T) {
	for range 2000 {
		_, key, err := appkey.New([]appkey.Scope{appkey.Read}, "")
		if err != nil || strings.HasPrefix(key.ID, "-") {
			t.Fatal(key.ID, err)
		}
	}
}

// What is read is written the same.
func FuzzFile(f *testing.F) {
	f.Add("# x\n\nAAAAAAAAAAA " + strings.Repeat("A", 43) + " 2026-11-29T10:00:00Z read,end the shop\n")
	f.Add("AAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "app-keys")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := appkey.Load(path)
		if err != nil {
			return
		}
		_, more, _ := appkey.New([]appkey.Scope{appkey.Read}, "")
		if err := appkey.Add(path, more); err != nil {
			t.Fatal(err)
		}
		again, err := appkey.Load(path)
		if err != nil || len(again) != len(keys)+1 {
			t.Errorf("%d keys were %d: %v", len(keys), len(again), err)
		}
	})
}
