package operator_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
)

// add adds an operator to a file.
func add(t *testing.T, path, name string, role operator.Role) (token string) {
	t.Helper()
	token, o, err := operator.New(name, role, time.Now())
	if err == nil {
		err = operator.Change(path, func(all []operator.Operator) ([]operator.Operator, error) {
			return append(all, o), nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func open(t *testing.T) (*operator.Roster, string) {
	t.Helper()
	folder := t.TempDir()
	r, err := operator.Open(filepath.Join(folder, "operators"), filepath.Join(folder, "sign-in-links"))
	if err != nil {
		t.Fatal(err)
	}
	return r, filepath.Join(folder, "operators")
}

func TestFileHasNoToken(t *testing.T) {
	r, path := open(t)
	token := add(t, path, "ada@example.org", operator.Support)
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), token[len(token)-43:]) {
		t.Errorf("%v, the file is\n%s", err, text)
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if o := r.ByToken(token); o == nil || o.Name != "ada@example.org" || o.Role != operator.Support {
		t.Errorf("the token that was just made is that of %+v", o)
	}
	for _, other := range []string{"", token[1:], token + "A", token[:len(token)-1] + "!", strings.ToUpper(token)} {
		if o := r.ByToken(other); o != nil {
			t.Errorf("%q is a token of %s", other, o.Name)
		}
	}
}

func TestOwnerIsAlwaysThere(t *testing.T) {
	r, path := open(t)
	for _, r := range []*operator.Roster{r, nil} {
		if o := r.Find(operator.Owner); o == nil || o.Role != operator.Security || r.Find("ada") != nil {
			t.Errorf("%+v", o)
		}
	}
	if _, _, err := operator.New(operator.Owner, operator.Viewer, time.Now()); err == nil {
		t.Error("the owner was added as a viewer")
	}
	key := operator.Passkey{ID: []byte("id"), PublicKey: []byte("key"), Host: "localhost"}
	for range 2 {
		if err := operator.Edit(path, operator.Owner, func(o *operator.Operator) error {
			o.Passkeys = append(o.Passkeys, key)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	r.Refresh()
	if o := r.Find(operator.Owner); len(o.Passkeys) != 2 || o.Role != operator.Security {
		t.Errorf("%+v", o)
	}
	err := operator.Edit(path, "ada", func(*operator.Operator) error { return nil })
	if !errors.Is(err, operator.ErrUnknown) {
		t.Error(err)
	}
}

// Whoever may do less than before is told of, and nobody else, whatever has had the file read first.
func TestFollowTellsWhoHasLost(t *testing.T) {
	r, path := open(t)
	names := []string{"retired", "lowered", "raised", "renewed", "keyless", "keyed", "same"}
	for _, name := range names {
		add(t, path, name, operator.Support)
	}
	edit := func(name string, f func(o *operator.Operator)) {
		t.Helper()
		if err := operator.Edit(path, name, func(o *operator.Operator) error { f(o); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	key := operator.Passkey{ID: []byte("id"), PublicKey: []byte("key"), Host: "localhost"}
	edit("keyless", func(o *operator.Operator) { o.Passkeys = []operator.Passkey{key} })
	r.Refresh()
	lost, ready := make(chan string, 100), make(chan bool)
	go func() {
		close(ready)
		r.Follow(t.Context(), func(name string, _ time.Time) { lost <- name }, func(err error) { t.Error(err) })
	}()
	<-ready
	told := make(map[string]bool)
	await := func(name string) {
		t.Helper()
		for !told[name] {
			select {
			case got := <-lost:
				told[got] = true
			case <-time.After(30 * time.Second):
				t.Fatalf("nobody was told of %s", name)
			}
		}
	}
	edit("raised", func(o *operator.Operator) { o.Role = operator.Security })
	edit("keyed", func(o *operator.Operator) { o.Passkeys = []operator.Passkey{key} })
	edit("keyless", func(o *operator.Operator) { o.Passkeys = nil })
	r.Refresh()
	await("keyless")
	edit("lowered", func(o *operator.Operator) { o.Role = operator.Viewer })
	await("lowered")
	edit("renewed", func(o *operator.Operator) { o.NewToken() })
	await("renewed")
	if err := operator.Change(path, func(all []operator.Operator) ([]operator.Operator, error) {
		return all[1:], nil
	}); err != nil {
		t.Fatal(err)
	}
	await("retired")
	if len(told) != 4 {
		t.Errorf("told of %v", told)
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	_, path := open(t)
	add(t, path, "ada", operator.Viewer)
	text, _ := os.ReadFile(path)
	good := string(text)
	one := good[strings.Index(good, "{\n    ") : strings.LastIndex(good, "}\n  ]")+1]
	for name, wrong := range map[string]string{
		"role": strings.Replace(good, "viewer", "root", 1), "name": strings.Replace(good, `"ada"`, `"-ada"`, 1),
		"control": strings.Replace(good, `"ada"`, `"a\u001bda"`, 1), "more": good + "{}",
		"twice": strings.Replace(good, one, one+","+strings.Replace(one, `"ada"`, `"Ada"`, 1), 1),
		"token": strings.Replace(good, `"token"`, `"tokens"`, 1),
		"owner": strings.Replace(good, `"ada"`, `"operator"`, 1),
		"empty": " ", "short": good[:len(good)/2],
	} {
		if err := os.WriteFile(path, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		if all, err := operator.Load(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v, %v\n%s", name, all, err, wrong)
		}
	}
	for _, name := range []string{"", "a b", "ä", strings.Repeat("a", 65), ".", "a/b", "a%41"} {
		if _, _, err := operator.New(name, operator.Viewer, time.Now()); err == nil {
			t.Errorf("%q is a name", name)
		}
	}
}

// What is read is written the same.
func FuzzFile(f *testing.F) {
	f.Add(`{"operators":[{"name":"ada","role":"viewer","created":"2026-11-29T10:00:00Z",` +
		`"id":"AAAAAAAAAAAAAAAAAAAAAA==","token":"` + strings.Repeat("A", 43) + `="}]}`)
	f.Add(`{"operators":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "operators")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := operator.Load(path)
		if err != nil {
			return
		}
		if err := operator.Change(path, func(all []operator.Operator) ([]operator.Operator, error) {
			return all, nil
		}); err != nil {
			t.Fatal(err)
		}
		after, err := operator.Load(path)
		if err != nil || len(after) != len(before) {
			t.Errorf("%d operators were %d: %v", len(after), len(before), err)
		}
		for i := range after {
			if after[i].Name != before[i].Name || string(after[i].Token) != string(before[i].Token) {
				t.Errorf("%+v was %+v", after[i], before[i])
			}
		}
	})
}
