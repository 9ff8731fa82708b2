package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/doctor"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/rollback"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

func look(t *testing.T, path string) (*doctor.Report, error) {
	t.Helper()
	b, err := backend.Look(t.Context(), backend.File(path))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { b.Close(context.Background()) })
	folder := filepath.Dir(path)
	return doctor.Examine(t.Context(), b, filepath.Join(folder, "rollback.json"), filepath.Join(folder, "index.db"))
}

func TestExamine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	if _, err := look(t, path); err == nil {
		t.Error("a file that is not there is looked at")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := look(t, path)
	if err != nil || report.Made || report.Err() != nil {
		t.Errorf("without tables: %+v, %v", report, err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		t.Errorf("the doctor has written: %v, %v", info, err)
	}

	b, err := backend.Open(t.Context(), backend.File(path))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(context.Background())
	marked, err := rollback.Open(t.Context(), b, rollback.Options{File: filepath.Join(filepath.Dir(path),
		"rollback.json")})
	if err != nil {
		t.Fatal(err)
	}
	if report, err = look(t, path); err != nil || !unknown(report, "restored") {
		t.Errorf("this node cannot tell whether the store was restored: %+v, %v", report, err)
	}
	now := time.Now()
	if err := marked.Create(t.Context(), store.Record{ID: store.NewID(), User: "ada", CreatedAt: now,
		ExpiresAt: now.Add(time.Hour)}, store.ID{}); err != nil {
		t.Fatal(err)
	}
	if err := marked.SetNotBefore(t.Context(), "alan", now); err != nil {
		t.Fatal(err)
	}
	report, err = look(t, path)
	if err != nil || !report.Made || report.Sessions != 1 || report.Err() != nil ||
		!strings.HasPrefix(report.Server, "SQLite 3.") {
		t.Errorf("in use: %+v, %v", report, err)
	}
	var text, object bytes.Buffer
	if report.WriteText(&text) != nil || report.WriteJSON(&object) != nil {
		t.Fatal("not written")
	}
	for _, want := range []string{"Store     sqlite:" + path, "Sessions  1\n", "Not promised\n  ! the store is a file",
		"    → for several machines", "As it should be\n",
		"  ✓ what is removed from the store by hand ends within 100ms\n",
		"  ✓ the store was not restored from a backup\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, &text)
		}
	}
	for line := range strings.Lines(text.String()) {
		if len([]rune(line)) > 97 && !strings.HasPrefix(line, "Store") {
			t.Errorf("too wide: %s", line)
		}
	}
	var parsed doctor.Report
	if err := json.Unmarshal(object.Bytes(), &parsed); err != nil || parsed.Sessions != 1 ||
		len(parsed.Findings) != len(report.Findings) {
		t.Errorf("JSON: %+v, %v", parsed, err)
	}
}

// The doctor says what the console finds sessions by, beside the program and after it, and nothing where there is none.
func TestTheIndexIsExamined(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	b, err := backend.Open(t.Context(), backend.File(path))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(context.Background())
	sessions := session.New(b, session.Options{SweepInterval: -1})
	defer sessions.Close(context.Background())
	found := func() string {
		t.Helper()
		report, err := look(t, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			if f.Name == "console-index" {
				return f.Severity + ": " + f.What
			}
		}
		return ""
	}
	if got := found(); got != "" {
		t.Errorf("without an index: %s", got)
	}
	at := filepath.Join(filepath.Dir(path), "index.db")
	for address, want := range map[string]string{
		b.Address.String():  "good: the console's index has 0 sessions",
		"redis://elsewhere": "limit: the console's index is that",
	} {
		x := index.Open(index.Options{Path: at, Store: address, Source: sessions, Feed: b})
		if err := x.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := found(); !strings.HasPrefix(got, want) {
			t.Errorf("in use: %s, want %s", got, want)
		}
		x.Close()
		if got := found(); !strings.HasPrefix(got, want) {
			t.Errorf("after use: %s, want %s", got, want)
		}
	}
	if err := os.WriteFile(at, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := found(); !strings.HasPrefix(got, "unknown: the console's index of sessions cannot be read") {
		t.Errorf("damaged: %s", got)
	}
}

func unknown(r *doctor.Report, name string) bool {
	return slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool {
		return f.Name == name && f.Severity == store.Unknown.String() && f.Fix != ""
	})
}

func TestDanger(t *testing.T) {
	r := doctor.Report{Store: "x", Findings: []doctor.Finding{
		{"danger", "a", "a is off", "sessions are lost", "set a = on"}, {"danger", "b", "b is off", "too", ""},
		{"good", "c", "c is on", "as it should be", ""},
	}}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	const want = "Store     x\nServer    \nSessions  none: the tables are made when coatcheck serve starts\n\n" +
		"Dangerous\n  ✗ a is off\n    sessions are lost\n    → set a = on\n  ✗ b is off\n    too\n\n" +
		"As it should be\n  ✓ c is on\n"
	if text.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", &text, want)
	}
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "2 dangers") {
		t.Errorf("error %v", err)
	}
}
