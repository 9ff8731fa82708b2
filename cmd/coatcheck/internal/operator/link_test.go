package operator_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
)

func mint(t *testing.T, l operator.Links, name string, now time.Time) string {
	t.Helper()
	secret, err := l.Mint(name, now)
	if err != nil || len(secret) != 32 {
		t.Fatal(secret, err)
	}
	return secret
}

// One of many who use a link at once gets in, whichever of several programs they ask.
func TestLinkIsGoodOnce(t *testing.T) {
	folder, now := filepath.Join(t.TempDir(), "links"), time.Now()
	secret := mint(t, operator.LinksIn(folder), "ada", now)
	var good atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			name, state, err := operator.LinksIn(folder).Redeem(secret, now)
			switch {
			case state == operator.LinkGood && name == "ada" && err == nil:
				good.Add(1)
			case state != operator.LinkUsed || err != nil:
				t.Error(name, state, err)
			}
		})
	}
	all.Wait()
	if good.Load() != 1 {
		t.Errorf("%d got in", good.Load())
	}
}

func TestLinksThatAreNoGood(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	l := operator.LinksIn(folder)
	ada, bob := mint(t, l, "ada", now), mint(t, l, "bob", now)
	late := now.Add(operator.LinkLife)
	if _, state, err := l.Redeem(ada, late); state != operator.LinkExpired || err != nil {
		t.Error("after its time it is", state, err)
	}
	l.Withdraw("ada")
	for _, secret := range []string{ada, "", "x", strings.Repeat("A", 32), "../../../../../../etc/passwd-and-so"} {
		if name, state, err := l.Redeem(secret, now); state != operator.LinkUnknown || err != nil {
			t.Errorf("%q: %q, %v, %v", secret, name, state, err)
		}
	}
	files, _ := os.ReadDir(folder)
	if len(files) != 1 || strings.Contains(files[0].Name(), bob) {
		t.Errorf("the folder has %v", files)
	}
	if name, state, err := l.Redeem(bob, now); name != "bob" || state != operator.LinkGood || err != nil {
		t.Error(name, state, err)
	}
	if _, err := (operator.Links{}).Mint("ada", now); err == nil {
		t.Error("a link was made in no folder")
	}
}

// The folder does not grow, and a file that is not ours does no harm in it.
func TestOldLinksAreRemoved(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	l := operator.LinksIn(folder)
	if err := os.WriteFile(filepath.Join(folder, "notes"), []byte("not a link\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := mint(t, l, "ada", now)
	for i := range 100 {
		mint(t, l, "ada", now.Add(time.Duration(i+1)*time.Second))
	}
	if files, _ := os.ReadDir(folder); len(files) != 65 {
		t.Errorf("%d files", len(files))
	}
	if _, state, _ := l.Redeem(first, now); state != operator.LinkUnknown {
		t.Errorf("the oldest is %v", state)
	}
	mint(t, l, "ada", now.Add(time.Hour))
	if files, _ := os.ReadDir(folder); len(files) != 2 {
		t.Errorf("after an hour %d files", len(files))
	}
}

// A damaged file is a link that is not known, and an error is none that works.
func FuzzLink(f *testing.F) {
	f.Add([]byte("1790000000000000 ada\n"))
	f.Add([]byte("99999999999999999999 ada\n"))
	f.Add([]byte("1 "))
	f.Fuzz(func(t *testing.T, text []byte) {
		folder, now := t.TempDir(), time.Unix(1_780_000_000, 0)
		l := operator.LinksIn(folder)
		secret := mint(t, l, "ada", now)
		files, _ := os.ReadDir(folder)
		if err := os.WriteFile(filepath.Join(folder, files[0].Name()), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if name, state, _ := l.Redeem(secret, now); state == operator.LinkGood {
			if _, _, err := operator.New(name, operator.Viewer, now); err != nil && name != operator.Owner {
				t.Errorf("%q signs in %q", text, name)
			}
		}
	})
}
