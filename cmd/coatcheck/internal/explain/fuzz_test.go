package explain_test

import (
	"bytes"
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/explain"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// FuzzRead: whatever is pasted, there is a report or an error, and the report shows no ticket.
func FuzzRead(f *testing.F) {
	m := session.New(memory.New(), session.Options{SweepInterval: -1})
	f.Cleanup(func() { _ = m.Close(context.Background()) })
	ticket := "1" + strings.Repeat("A", 22) + "SeCrEtSeCrEtSeCrEtSeCrEtSeCrEtSe"
	for _, text := range []string{
		ticket, "Cookie: a=b; __Host-session=" + ticket, "a=b; c", "Set-Cookie: x=1; Path=/\nSet-Cookie: x=; Max-Age=0",
		"x=" + ticket + "; HttpOnly", "=;=", ":", "Set-Cookie:",
		ticket[1:23], "a=" + ticket[1:23],
		"msg=x session=" + ticket[1:23], "https://a/session/" + ticket[1:23],
		ticket + "=x", "Set-Cookie: " + ticket + "=x; Path=/" + ticket, "Authorization: Bearer " + ticket,
		"curl 'https://site.example/" + ticket + "' -H 'Cookie: a=b' -b \"" + ticket + "=c\" \\",
		"-H 'X: " + ticket + "=",
	} {
		f.Add(text)
	}
	u := &url.URL{Scheme: "https", Host: "site.example", Path: "/"}
	f.Fuzz(func(t *testing.T, text string) {
		report, err := explain.Read(t.Context(), strings.NewReader(text), explain.Options{
			Ticket: m.Explain, Session: m.Lookup, URL: u, Cookies: []string{"__Host-session"},
		})
		if (report == nil) == (err == nil) {
			t.Fatalf("%v, %v", report, err)
		}
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := report.WriteText(&out, time.Now()); err != nil {
			t.Error(err)
		}
		if err := report.WriteJSON(&out); err != nil {
			t.Error(err)
		}
		if strings.Contains(text, ticket) && bytes.Contains(out.Bytes(), []byte(ticket)) {
			t.Errorf("the ticket is shown:\n%s", &out)
		}
	})
}
