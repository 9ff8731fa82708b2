package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/token"
)

// command runs the program to its end, and returns what it prints.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	p := Program{Stdout: &out, Stderr: &bytes.Buffer{}}
	err := p.Run(t.Context(), args)
	return out.String(), err
}

// A rotation is picked up by a program that runs, which encrypts anew what hangs on the old key; then that can go.
//
// Rows: I12, A29
func TestKeysRotateWhileTheProgramRuns(t *testing.T) {
	data := t.TempDir()
	r := start(t, data, "demo", "--seal-data")
	b := newBrowser(t)
	b.signIn(t, r.site)
	b.send(r.site+"/cart", url.Values{"item": {"tea"}})
	if info, err := os.Stat(filepath.Join(data, "keys")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info, err)
	}
	if out, err := command(t, "keys", "check", "--data="+data); err != nil || !sealedByNewest(out, 1) {
		t.Errorf("%v\n%s", err, out)
	}
	t.Chdir(filepath.Dir(data)) // a folder may be named from here
	if out, err := command(t, "keys", "check", "--data="+filepath.Base(data)); err != nil || !sealedByNewest(out, 1) {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := command(t, "doctor", "--data="+filepath.Base(data)); err != nil || !strings.Contains(out, "SQLite") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err := command(t, "keys", "rotate", "--data="+data)
	if err != nil || strings.Count(out, "\n") != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		out, err := command(t, "keys", "check", "--data="+data)
		if err == nil && sealedByNewest(out, 1) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v\n%s\n%s", err, out, r.stderr)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if out, err := command(t, "keys", "retire", "--data="+data, "--older-than=-1m"); err != nil ||
		!strings.HasPrefix(out, "Retired: 1\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if status, page := b.send(r.site+"/api/me", nil); status != http.StatusOK || !strings.Contains(page, `"tea"`) {
		t.Errorf("after the rotation: %d %s", status, page)
	}
	if _, err := command(t, "keys", "list", "--data="+t.TempDir()); err == nil ||
		!strings.Contains(err.Error(), "no keys yet") {
		t.Errorf("without keys: %v", err)
	}
}

// One command at a time changes keys: the other one says who is at work, and no key is lost. Looking at them goes on.
//
// Rows: I12
func TestOneCommandChangesKeysAtATime(t *testing.T) {
	data := t.TempDir()
	start(t, data, "demo", "--seal-data").end()
	keys := filepath.Join(data, "keys")
	held, err := folder.LockKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "another-name")
	if err := os.Symlink(keys, link); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"rotate"}, {"retire", "--force", "--older-than=1s"}, {"rotate", "--keys=" + keys},
		{"rotate", "--keys=" + link},
	} {
		_, err := command(t, append([]string{"keys", args[0], "--data=" + data}, args[1:]...)...)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if out, err := command(t, "keys", "list", "--data="+data); err != nil || strings.Count(out, "\n") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := command(t, "keys", "rotate", "--keys="+link); err != nil || strings.Count(out, "\n") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := command(t, "keys", "list", "--data="+data); err != nil || strings.Count(out, "\n") != 3 {
		t.Errorf("by the other name: %v\n%s", err, out)
	}
}

func sealedByNewest(out string, n int) bool {
	lines := strings.Split(out, "\n")
	return len(lines) > 1 && regexp.MustCompile(`signs and encrypts +1$`).MatchString(lines[1]) && n == 1
}

func (b *browser) signIn(t *testing.T, site string) {
	t.Helper()
	if status, _ := b.send(site+"/login", url.Values{"user": {"ada"}, "password": {"lovelace"}}); status >= 400 {
		t.Fatalf("sign-in: %d", status)
	}
}

// The app is given a token that any verifier accepts, by keys in the environment as well.
func TestTokensForTheApp(t *testing.T) {
	told := make(chan string, 9)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told <- r.Header.Get("Authorization")
		if r.URL.Path == "/in" {
			w.Header().Set("Coatcheck-Sign-In", "u42; by=password")
		}
	}))
	defer app.Close()
	made := t.TempDir()
	start(t, made, "serve", "--upstream="+app.URL, "--seal-data").end()
	keys, err := os.ReadFile(filepath.Join(made, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SHOP_KEYS", string(keys))
	r := start(t, t.TempDir(), "serve", "--upstream="+app.URL, "--keys=env:SHOP_KEYS", "--tokens-for=shop",
		"--tokens-issuer=https://shop.example")
	b := newBrowser(t)
	b.send(r.site+"/in", nil)
	b.send(r.site+"/", nil)
	if before := <-told; before != "" {
		t.Errorf("before the sign-in: %q", before)
	}
	verifier := token.NewVerifier(token.VerifierOptions{
		Issuer: "https://shop.example", Audience: "shop", Keys: token.Fetch(r.site+"/.well-known/jwks.json", nil),
	})
	claims, ok, err := verifier.Verify(strings.TrimPrefix(<-told, "Bearer "))
	if !ok || err != nil || claims.User != "u42" || len(claims.Methods) != 1 {
		t.Errorf("%+v, %v, %v", claims, ok, err)
	}
	if _, err := command(t, "serve", "--upstream="+app.URL, "--tokens-for=shop", "--data="+t.TempDir()); err == nil ||
		!strings.Contains(err.Error(), "--tokens-issuer") {
		t.Errorf("without an issuer: %v", err)
	}
	if _, err := command(t, "keys", "rotate", "--keys=env:SHOP_KEYS"); err == nil {
		t.Error("keys in the environment were rotated, and the next start would know nothing of it")
	}
}
