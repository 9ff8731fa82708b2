package main

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each answer about consent is in the log and, for an auditor, in a file that outlives the program, without a word
// about the visitor.
func TestDemoWritesReceipts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "receipts.jsonl")
	for round, answer := range []string{"reject", "accept"} {
		r := start(t, t.TempDir(), "demo", "-v", "--receipts", file)
		b := newBrowser(t)
		if status, text := b.send(r.site+"/consent/", url.Values{"answer": {answer}}); status != 303 {
			t.Fatalf("answer %s: status %d, %s", answer, status, text)
		}
		if err := r.end(); err != nil {
			t.Errorf("ended with %v", err)
		}
		if log := r.stderr.String(); !strings.Contains(log, "consent_answered") {
			t.Errorf("log: %s", log)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n != round+1 {
			t.Fatalf("after %d answers there are %d lines: %s", round+1, n, text)
		}
		for _, secret := range []string{"127.0.0.1", "localhost", b.cookies["__Host-consent"]} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%q is in the receipts: %s", secret, text)
			}
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	no := regexp.QuoteMeta(`"agreed":[],"refused":["personalization","analytics","marketing"]`)
	yes := regexp.QuoteMeta(`"agreed":["personalization","analytics","marketing"],"refused":[]`)
	if lines := regexp.MustCompile(no + `.*\n.*` + yes); !lines.Match(text) {
		t.Errorf("the receipts are %s", text)
	}
}
