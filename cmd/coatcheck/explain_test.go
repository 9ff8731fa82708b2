package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Whoever looks into a complaint learns what the cookie is worth, and nobody learns the secret.
//
// Rows: A35
func TestExplain(t *testing.T) {
	data := t.TempDir()
	r := start(t, data, "demo", "--seal-data")
	b := newBrowser(t)
	b.signIn(t, r.site)
	ticket := b.cookies["__Host-session"]
	explain := func(text string, args ...string) (string, error) {
		var out bytes.Buffer
		p := Program{Stdin: strings.NewReader(text), Stdout: &out, Stderr: &bytes.Buffer{}}
		err := p.Run(t.Context(), append([]string{"explain", "--data=" + data}, args...))
		if text := out.String(); strings.Contains(text, ticket[23:]) {
			t.Errorf("the secret is shown:\n%s", text)
		}
		return out.String(), err
	}
	forged := ticket[:len(ticket)-4] + "AAAA"
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"Cookie: theme=dark; __Host-session=" + ticket,
			[]string{"theme: other", "__Host-session: live", "User       ada", "Session    " + ticket[1:23]}},
		{"cookie: __Host-session=" + forged, []string{"__Host-session: forged", "User       ada"}},
		{ticket + "\n", []string{"(ticket): live"}},
		{"__Host-session=" + ticket, []string{"__Host-session: live"}},
		{"Set-Cookie: __Host-session=" + ticket + "; Path=/; Secure; HttpOnly; SameSite=Lax",
			[]string{"__Host-session: live", "Chrome    kept"}},
		{"__Host-session=" + ticket + "; Path=/; HttpOnly", []string{": live", "EXCLUDE_INVALID_PREFIX"}},
		{"Set-Cookie: __Host-session=; Path=/; Secure; Max-Age=0", []string{"__Host-session: deletes"}},
		{"1" + strings.Repeat("A", len(ticket)-1), []string{"(ticket): unknown"}},
		{"sid=" + ticket, []string{"sid: live"}},
		{"__Host-session=abc", []string{"__Host-session: malformed"}},
		{"__Host-session=\"" + ticket + "\"", []string{"__Host-session: malformed", "stands in quotes"}},
		{ticket[1:23], []string{"(handle): handle", "opens nothing", "The session is live", "User       ada"}},
		{"__Host-session=" + ticket[1:23], []string{"__Host-session: handle", "User       ada"}},
		{"theme=" + ticket[1:23], []string{"theme: handle", "User       ada"}},
		{"session=" + ticket[1:23], []string{"(handle): handle", "User       ada"}},
		{"time=2026-11-30T19:20:10Z level=WARN msg=session_revoked actor=root session=" + ticket[1:23] + "\n",
			[]string{"(handle): handle", "User       ada"}},
		{"https://localhost:8081/session/" + ticket[1:23], []string{"(handle): handle", "User       ada"}},
		{"session=" + strings.Repeat("B", 21) + "A", []string{"(handle): handle", "no live"}},
		{strings.Repeat("B", 21) + "A", []string{"(handle): handle", "no live", "Session    BBBB"}},
		{"theme=" + strings.Repeat("A", 22), []string{"theme: other"}},
		{"\"" + ticket + "\",", []string{"(ticket): live"}},
		{"Authorization: Bearer " + ticket, []string{"(ticket): live"}},
		{"bearer " + ticket, []string{"(ticket): live"}},
		{"Session-Ticket: " + ticket, []string{"(ticket): live"}},
		{ticket + "=x", []string{"…: other"}},
		{"Cookie: __Host-session=" + ticket + "; a=b; __Host-session=" + forged,
			[]string{"__Host-session: live", "2 cookies of this name", "none of them counts"}},
		{"__Secure-session=" + ticket + "; __Secure-session=x", []string{"2 cookies of this name", "if no other is"}},
		{"> GET /a?b=c HTTP/1.1\r\n> Host: site.example\r\n> Cookie: __Host-session=" + ticket + "\r\n>\r\n",
			[]string{"__Host-session: live"}},
		{"HTTP/2 200\r\nDate: x=1\r\nset-cookie: __Host-session=" + ticket + "; Path=/; Secure\r\n",
			[]string{"__Host-session: live", "Chrome    kept"}},
		{"curl 'https://site.example/?a=b' \\\n  -H 'accept: */*' \\\n  -b '__Host-session=" + ticket +
			"' \\\n  --compressed", []string{"__Host-session: live"}},
		{"curl -H \"Cookie: __Host-session=" + ticket + "\" https://site.example/", []string{"__Host-session: live"}},
	} {
		got, err := explain(tt.text)
		if err != nil {
			t.Fatalf("%.40q: %v", tt.text, err)
		}
		if strings.Contains(tt.text, "site.example") && (strings.Contains(got, ": other") ||
			strings.Contains(got, "malformed")) {
			t.Errorf("%.40q: more is explained than its cookie:\n%s", tt.text, got)
		}
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%.40q: there is no %q in\n%s", tt.text, want, got)
			}
		}
	}
	text, err := explain("Cookie: __Host-session="+ticket, "--format=json")
	var report struct {
		Cookies []struct {
			Name, Worth string
			Session     struct{ Handle, User string }
		}
	}
	if err != nil || json.Unmarshal([]byte(text), &report) != nil || len(report.Cookies) != 1 ||
		report.Cookies[0].Worth != "live" || report.Cookies[0].Session.User != "ada" {
		t.Errorf("%v\n%s", err, text)
	}
	if b.me(r) == "" {
		t.Error("to look at the cookie has ended its session")
	}
	if status, _ := r.api("DELETE", "/v1/sessions?confirm=everybody"); status != 200 {
		t.Fatal(status)
	}
	if got, err := explain(ticket); err != nil || !strings.Contains(got, ": ended") {
		t.Errorf("%v\n%s", err, got)
	}
	b.signIn(t, r.site)
	ended := b.cookies["__Host-session"]
	if status, _ := r.api("DELETE", "/v1/sessions/"+ended[1:23]); status != 204 {
		t.Fatal(status)
	}
	for _, text := range []string{ended, ended[1:23]} {
		for deadline := time.Now().Add(10 * time.Second); ; { // until the history has it
			got, err := explain(text)
			if err == nil && strings.Contains(got, "ended by operator from 127.0.0.1: by token") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%v\n%s", err, got)
			}
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	data := t.TempDir()
	start(t, data, "demo")
	for name, tt := range map[string]struct {
		text string
		args []string
		want string
	}{
		"nothing":  {" \n\n", nil, "nothing to explain"},
		"too long": {strings.Repeat("a", 65<<10), nil, "more than 65536 bytes"},
		"no store": {"x", []string{"--data=" + t.TempDir()}, "no database"},
		"no URL":   {"x", []string{"--url=site"}, "no http or https URL"},
	} {
		p := Program{Stdin: strings.NewReader(tt.text), Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}
		err := p.Run(t.Context(), append([]string{"explain", "--data=" + data}, tt.args...))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
