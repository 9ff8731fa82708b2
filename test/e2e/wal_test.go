package e2e_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	sqlstore "coatcheck.dev/store/sql"
)

var walMetric = regexp.MustCompile(`(?m)^coatcheck_store_wal_bytes\{store="sqlite:[^"]+"\} (\S+)$`)

// walBytes is what the program says of its write-ahead log.
func (h *program) walBytes() float64 {
	h.t.Helper()
	text := h.ask(http.MethodGet, "/metrics").body
	found := walMetric.FindStringSubmatch(text)
	if found == nil {
		h.t.Fatalf("no metric of the log in\n%s", text)
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// Another program that has a transaction open in the database makes its log grow. The log of the program, its metrics
// and the doctor say so, everything goes on, and once that transaction has ended the room is given back.
func TestAReaderKeepsTheLogLong(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	v := newVisitor(t, h.site)
	v.signIn("ada")
	if n := h.walBytes(); n <= 0 || n > sqlstore.LongWAL {
		t.Errorf("at first the log has %v bytes", n)
	}
	other, err := sql.Open("sqlite", h.database())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	reader, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Rollback()
	var n int
	if err := reader.QueryRow(`SELECT count(*) FROM coatcheck_sessions`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(`CREATE TABLE ballast AS SELECT zeroblob(?) AS b`, sqlstore.LongWAL+1<<20); err != nil {
		t.Fatal(err)
	}
	h.Await(says("write-ahead log grows"))
	if n := h.walBytes(); n <= sqlstore.LongWAL {
		t.Errorf("the metric says %v bytes", n)
	}
	what := fmt.Sprintf("  ! the write-ahead log has %d MB", int(h.walBytes())>>20)
	if code, text := run(t, "doctor", "--data", h.data); code != 0 || !strings.Contains(text, what) {
		t.Errorf("the doctor ends with %d and does not say %q:\n%s", code, what, text)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); h.walBytes() > 1<<20; {
		if a := v.post("/cart", "item", "tea"); a.status != http.StatusSeeOther {
			t.Fatalf("a change: status %d", a.status)
		}
		if info, err := os.Stat(h.database() + "-wal"); err != nil || time.Now().After(deadline) {
			t.Fatalf("the log is not cut: %v, %v", info, err)
		}
	}
	if n := strings.Count(h.Output(), "write-ahead log grows"); n != 1 {
		t.Errorf("the log says so %d times", n)
	}
}
