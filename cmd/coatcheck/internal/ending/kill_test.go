package ending_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/session"
)

const childFolder = "COATCHECK_TEST_ENDING_FOLDER"

// openSQLite opens the store of a folder.
func openSQLite(t *testing.T, folder string) backend.Store {
	t.Helper()
	b, err := backend.Open(t.Context(), backend.File(filepath.Join(folder, "sessions.db")))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

// TestChild is a program that goes on with the jobs of a folder until it is killed. It says when they are under way.
func TestChild(t *testing.T) {
	folder := os.Getenv(childFolder)
	if folder == "" {
		t.Skip("a part of TestGoesOnAfterAKill")
	}
	st := openSQLite(t, folder)
	sessions := session.New(st, session.Options{SweepInterval: -1})
	x := index.Open(index.Options{
		Path: filepath.Join(folder, "index2.db"), Store: "test", Source: sessions, Feed: st, CheckEvery: time.Hour,
	})
	jobs, err := ending.Open(ending.Options{
		Path: filepath.Join(folder, "endings.db"), Sessions: sessions, Finder: x, Feed: st,
	})
	if err != nil {
		t.Fatal(err)
	}
	for last := -1; ; time.Sleep(time.Millisecond) {
		latest, err := jobs.Latest()
		if err != nil {
			t.Fatal(err)
		}
		if n := latest[0].Handled(); n != last {
			fmt.Println("handled", n)
			last = n
		}
		if latest[0].State != ending.Running {
			return
		}
	}
}

// A program that is killed in the middle goes on when it starts again, until all that were meant have ended, and counts
// each once.
//
// Rows: ASVS 7.4.5
func TestGoesOnAfterAKill(t *testing.T) {
	folder := t.TempDir()
	st := openSQLite(t, folder)
	s := newStall(t, st)
	const n = 1500
	_, others := s.fill(n, 100)
	j := s.ask(meant)
	if _, err := s.jobs.Start(j.ID, ada, ending.Order{Reason: "x", Word: "1500"}); err != nil {
		t.Fatal(err)
	}
	if err := s.jobs.Close(); err != nil {
		t.Fatal(err)
	}
	before := filepath.Join(s.folder, "endings.db")
	if err := os.Rename(before, filepath.Join(folder, "endings.db")); err != nil {
		t.Fatal(err)
	}
	for _, until := range []int{300, 700, 1100} {
		kill(t, folder, until)
	}
	s.folder = folder
	s.open()
	j = s.await(j.ID, isDone)
	s.compare(j, nil, others, true)
	if j.Ended != n || j.Gone != 0 || j.Failed != 0 {
		t.Errorf("%+v", j)
	}
}

// kill has another program go on with a job, and kills it in the middle.
func kill(t *testing.T, folder string, until int) {
	t.Helper()
	program := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	program.Env = append(os.Environ(), childFolder+"="+folder)
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	handled := 0
	for handled < until && lines.Scan() {
		_, _ = fmt.Sscanf(strings.TrimSpace(lines.Text()), "handled %d", &handled)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait() // it was killed
	if handled < until {
		t.Fatalf("it had handled %d", handled)
	}
}
