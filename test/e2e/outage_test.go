package e2e_test

import (
	"database/sql"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// When the store cannot tell, nobody is signed out: the answer is 503 with the time to ask again, and the cookie stays.
func wantUnavailable(t testing.TB, what string, a answer) {
	t.Helper()
	if a.status != http.StatusServiceUnavailable {
		t.Errorf("%s: status %d, want 503; %.200s", what, a.status, a.body)
		return
	}
	if seconds, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("%s: Retry-After %q, want seconds", what, a.header.Get("Retry-After"))
	}
	if len(a.cookies) > 0 {
		t.Errorf("%s: it touches cookies: %q", what, a.cookies)
	}
	if cc := a.header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
		t.Errorf("%s: Cache-Control %q lets others keep it", what, cc)
	}
}

// changes are the requests of a signed-in visitor that have to be written down.
var changes = map[string][]string{
	"/cart":   {"item", "lost"},
	"/login":  {"user", "alan", "password", "turing"},
	"/logout": {},
}

// wantNoChange tries each of them, with the ticket that the visitor had before.
func wantNoChange(t testing.TB, v *visitor) {
	t.Helper()
	ticket := v.ticket()
	for path, fields := range changes {
		wantUnavailable(t, "POST "+path, v.do(http.MethodPost, path, fields...))
		if v.ticket() != ticket {
			t.Fatalf("POST %s: the visitor has another ticket", path)
		}
	}
}

// says is a line of the log that names the fault in these words.
func says(words string) *regexp.Regexp { return regexp.MustCompile("level=(?:WARN|ERROR) .*" + words) }

// signedIn is a visitor with something to lose.
func signedIn(t testing.TB, h *program) (*visitor, me) {
	t.Helper()
	v := newVisitor(t, h.site)
	v.signIn("ada")
	v.post("/cart", "item", "tea")
	return v, me{"ada", []string{"tea"}, "light"}
}

func TestLockedByAnotherProgram(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	v, ada := signedIn(t, h)

	other := lock(t, h.database(), "writing")
	v.is(ada) // who is there can still be read
	wantNoChange(t, v)
	wantUnavailable(t, "end the user's sessions", h.ask(http.MethodDelete, "/v1/users/ada/sessions"))
	h.Await(says("the database is locked by another program"))

	other.Kill()
	v.await("answered again", hasStatus(http.StatusOK), http.MethodGet, "/api/me")
	v.is(ada)
	v.await("possible again", hasStatus(http.StatusSeeOther), http.MethodPost, "/cart", "item", "honey")
	v.is(me{"ada", []string{"tea", "honey"}, "light"})
	if got := h.sessions(""); len(got) != 1 {
		t.Errorf("sessions %v, want ada's alone", got)
	}
}

// The file is moved away, as it is when somebody tidies up or puts a backup in its place.
func TestDatabaseFileGone(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	v, ada := signedIn(t, h)
	aside := t.TempDir()
	move := func(from, to string) {
		for _, name := range []string{"coatcheck.db", "coatcheck.db-wal", "coatcheck.db-shm"} {
			if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}

	move(h.data, aside)
	wantNoChange(t, v)
	// reads look once a second
	v.await("unavailable", hasStatus(http.StatusServiceUnavailable), http.MethodGet, "/api/me")
	wantUnavailable(t, "GET /api/me", v.get("/api/me"))
	wantUnavailable(t, "list sessions", h.ask(http.MethodGet, "/v1/sessions"))
	wantUnavailable(t, "ready", newVisitor(t, h.console).get("/readyz"))
	if a := newVisitor(t, h.console).get("/healthz"); a.status != http.StatusOK {
		t.Errorf("the process lives, and /healthz says %d", a.status)
	}
	h.Await(says("the database file was deleted or replaced"))
	h.Kill()

	move(h.data, t.TempDir()) // whatever was made in its place
	move(aside, h.data)
	h = h.reopen()
	v.base = h.site
	v.is(ada)
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	h := openOnSmallDisk(t, "demo")
	v, ada := signedIn(t, h)

	filler := h.visible(filepath.Join(h.data, "filler"))
	fill(t, filler)
	// What is left in the database's own files is used up first.
	for range 1000 {
		a := v.do(http.MethodPost, "/cart", "item", "lost")
		if a.status != http.StatusSeeOther {
			break
		}
		ada.Cart = append(ada.Cart, "lost")
	}
	wantNoChange(t, v)
	h.Await(says("the disk is full, make room on it"))

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	v.await("answered again", hasStatus(http.StatusOK), http.MethodGet, "/api/me")
	v.is(ada)
	v.await("possible again", hasStatus(http.StatusSeeOther), http.MethodPost, "/cart", "item", "honey")
	ada.Cart = append(ada.Cart, "honey")
	v.is(ada)
}

// openOnSmallDisk starts the program with its data folder on a file system of a megabyte. The file system is the
// program's alone and goes with it; an ordinary user may have one where the system allows user namespaces.
func openOnSmallDisk(t testing.TB, args ...string) *program {
	t.Helper()
	unshare := tool.Find(t, "unshare")
	alone := []string{"--mount"}
	if os.Getuid() != 0 {
		alone = append(alone, "--map-root-user")
	}
	if out, err := exec.Command(unshare,
		append(alone, "mount", "-t", "tmpfs", "none", t.TempDir())...).CombinedOutput(); err != nil {
		complaint := "this system lets no test mount a small disk: " + string(out)
		if os.Getuid() != 0 && os.Getenv("CI") != "true" {
			t.Skip(complaint)
		}
		t.Fatal(complaint)
	}
	s := spec(t, t.TempDir(), args...)
	script := `mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"`
	data := s.Args[len(args)+1]
	s.Args = append(append(alone, "sh", "-c", script, "sh", data, s.Path), s.Args...)
	s.Path = unshare
	return openSpec(t, s)
}

// fill writes a file until there is no room left.
func fill(t testing.TB, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{4096, 1} {
		for block := make([]byte, size); err == nil; {
			_, err = f.Write(block)
		}
		if !strings.Contains(err.Error(), "no space left") {
			t.Fatal(err)
		}
		err = nil
	}
}

// A start that cannot be is one line, which says why, and changes nothing in the file.
func TestNoStartWithThisDatabase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(t testing.TB, file string) (mend func())
		words string
	}{
		{"of a newer version", func(t testing.TB, file string) func() {
			setVersion := func(n int) {
				inDatabase(t, file, func(db *sql.DB) error {
					_, err := db.Exec(`UPDATE coatcheck_schema SET version = version + ?`, n)
					return err
				})
			}
			setVersion(98)
			return func() { setVersion(-98) }
		}, "use a newer version of the program"},
		{"locked by another program", func(t testing.TB, file string) func() {
			return lock(t, file, "everything").Kill
		}, "the database is locked by another program"},
		{"not a database", func(t testing.TB, file string) func() {
			if err := os.Rename(file, file+".right"); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(strings.Repeat("Dear diary, ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
			return func() {
				if err := os.Rename(file+".right", file); err != nil {
					t.Fatal(err)
				}
			}
		}, "the file is not a database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, "demo")
			v, ada := signedIn(t, h)
			if code := h.Term(); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			mend := c.spoil(t, h.database())

			p := proc.Start(t, h.Spec)
			code := p.Wait()
			out := strings.TrimSpace(p.Output())
			if code != 1 || !strings.Contains(out, c.words) || !strings.Contains(out, h.database()) ||
				strings.Contains(out, "\n") {
				t.Errorf("exit code %d, want 1 and one line that names the file and says %q:\n%s", code, c.words, out)
			}

			mend()
			h = h.reopen()
			v.base = h.site
			v.is(ada)
		})
	}
}
