package echo_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

// start serves an echo until the test ends, and returns its address.
func start(t *testing.T, opts echo.Options) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	opts.Log = slog.New(slog.DiscardHandler)
	go func() { ended <- echo.New(opts).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// say sends text and returns what comes back, up to the end of the connection.
func say(t *testing.T, addr, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	back, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%v after %q", err, back)
	}
	return string(back)
}

// ask sends a request by GET with lines of a header, and returns the answer.
func ask(t *testing.T, addr, target string, lines ...string) (*http.Response, string) {
	t.Helper()
	text := say(t, addr, "GET "+target+" HTTP/1.1\r\nHost: x\r\n"+strings.Join(append(lines, ""), "\r\n")+"\r\n")
	return parse(t, text)
}

func parse(t *testing.T, text string) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return res, string(body)
}

// What reaches the app is told as it came: each line, in its order and spelling, trailers beside the header.
func TestTellsWhatReachedIt(t *testing.T) {
	addr := start(t, echo.Options{})
	_, body := parse(t, say(t, addr, "POST /a?b HTTP/1.1\r\nhost: x\r\nCoatcheck_User: a\r\nCOATCHECK-USER : b\r\n"+
		"Coatcheck-User:\r\nCoatcheck-User: c\r\nCookie: s=1\r\nTransfer-Encoding: chunked\r\n\r\n"+
		"5;x=y\r\nhello\r\n0\r\ncoatcheck-user: d\r\n\r\n"))
	var got echo.Report
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := echo.Report{
		ID: got.ID, Method: "POST", Target: "/a?b", Protocol: "HTTP/1.1", Host: "x", Body: 5, Listens: addr,
		Header: []echo.Line{
			{"host", "x"}, {"Coatcheck_User", "a"}, {"COATCHECK-USER ", "b"}, {"Coatcheck-User", ""},
			{"Coatcheck-User", "c"},
			{"Cookie", echo.Digest("s=1")}, {"Transfer-Encoding", "chunked"},
		},
		Trailer: []echo.Line{{"coatcheck-user", "d"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if exact, loose := got.Values("Coatcheck-User", false), got.Values("Coatcheck-User", true); len(exact) != 2 ||
		len(loose) != 4 {
		t.Errorf("values: %q, %q", exact, loose)
	}
}

// A page of the site must not read what browsers hide from scripts.
func TestSecretsAreShownOnlyIfToldTo(t *testing.T) {
	const secrets = "Cookie: s=SECRET\r\ncookie: t=SECRET\r\nAuthorization: Bearer SECRET\r\nCoatcheck_Data: SECRET"
	for _, show := range []bool{false, true} {
		addr := start(t, echo.Options{ShowSecrets: show})
		for _, accept := range []string{"*/*", "text/html"} {
			_, body := ask(t, addr, "/", "Accept: "+accept, secrets)
			if shown := strings.Count(body, "SECRET"); shown != map[bool]int{false: 0, true: 4}[show] {
				t.Errorf("show %t, %s: %d secrets in %s", show, accept, shown, body)
			}
		}
	}
}

func TestServices(t *testing.T) {
	addr := start(t, echo.Options{SignIn: true})
	for _, tt := range []struct {
		target, line string
		status       int
		want         string // a line of the header
	}{
		{"/.echo/status/401", "", 401, `Www-Authenticate: Echo realm="its own"`},
		{"/.echo/status/503", "", 503, "Retry-After: 7"},
		{"/.echo/status/304", "", 304, `Etag: "echo"`},
		{"/.echo/status/302", "", 302, "Location: /.echo"},
		{"/.echo/status/1000", "", 400, ""},
		{"/.echo/session", "", 200, "Coatcheck-Set: echo=true"},
		{"/.echo/sign-in?user=ada", "", 200, "Coatcheck-Sign-In: ada"},
		{"/.echo/sign-in?user=ada&remember&level=2&return_to=/a", "", 303, "Coatcheck-Sign-In: ada; remember; level=2"},
		{"/.echo/sign-in?user=ada&return_to=/a%3Fb", "", 303, "Location: /a?b"},
		{"/.echo/sign-in?user=ada&return_to=//evil", "", 200, "Coatcheck-Sign-In: ada"},
		{"/.echo/sign-in?user=ada%3Bremember", "", 400, ""},
		{"/.echo/sign-in?user=ada%0d%0aX:y", "", 400, ""},
		{"/.echo/sign-in?user=ada&level=0", "", 400, ""},
		{"/.echo/sign-in", "", 200, "Content-Type: text/html; charset=utf-8"},
		{"/.echo/sign-out", "", 200, "Coatcheck-Sign-Out: this"},
		{"/.echo/sign-out?which=all", "", 200, "Coatcheck-Sign-Out: all"},
		{"/.echo/sign-out?which=some", "", 400, ""},
		{"/.echo/shared", "", 200, "Cache-Control: public, max-age=60"},
		{"/.echo/range", "Range: bytes=3-5", 206, "Content-Range: bytes 3-5/1000"},
		{"/.echo/range", "Range: bytes=3-2000", 416, "Content-Range: bytes */1000"},
		{"/.echo/slow?seconds=61", "", 400, ""},
		{"/.echo/events?seconds=0", "", 200, "Content-Type: text/event-stream"},
		{"/.echo/socket", "", 426, "Upgrade: websocket"},
		{"/.echo/nothing-here", "", 200, "Content-Type: application/json"},
		{"/anything", "", 200, "Cache-Control: no-store"},
	} {
		lines := []string{}
		if tt.line != "" {
			lines = append(lines, tt.line)
		}
		res, body := ask(t, addr, tt.target, lines...)
		var header strings.Builder
		res.Header.Write(&header)
		if res.StatusCode != tt.status || !strings.Contains(header.String(), tt.want) {
			t.Errorf("%s: %d\n%s%s", tt.target, res.StatusCode, &header, body)
		}
	}
}

// Beside a real app, an order to sign anybody in would open every account.
func TestSignInHasToBeAllowed(t *testing.T) {
	addr := start(t, echo.Options{})
	for _, target := range []string{"/.echo/sign-in?user=ada", "/.echo/sign-out", "/.echo/sign-in"} {
		if res, _ := ask(t, addr, target); res.StatusCode != 403 || len(res.Header["Coatcheck-Sign-In"]) > 0 {
			t.Errorf("%s: %d %v", target, res.StatusCode, res.Header)
		}
	}
}

func TestWholeConversations(t *testing.T) {
	addr := start(t, echo.Options{})
	key := "dGhlIHNhbXBsZSBub25jZQ=="
	for name, tt := range map[string]struct{ send, want string }{
		"early hints": {"GET /.echo/early-hints HTTP/1.1\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nLink: </echo.css>; rel=pre"},
		"trailers":    {"GET /.echo/trailers HTTP/1.1\r\n\r\n", "\r\n0\r\nEcho-Trailer: last\r\n\r\n"},
		"no body":     {"HEAD /.echo/status/200 HTTP/1.1\r\n\r\n", "Echo-Status: 200\r\nContent-Length: "},
		"two cookies": {"GET /.echo/two-cookies HTTP/1.0\r\n\r\n", "Set-Cookie: echo-two=2; Path=/; Max-Age=600"},
		"continue": {"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
			"HTTP/1.1 100 Continue\r\n"},
		"page":        {"GET / HTTP/1.1\r\nAccept: text/html\r\nX: <b>\r\n\r\n", "<code>&lt;b&gt;</code>"},
		"empty line":  {"\r\n", "HTTP/1.1 400 "},
		"no request":  {"hello\r\n\r\n", "HTTP/1.1 400 "},
		"other":       {"GET / HTTP/2.0\r\n\r\n", "HTTP/1.1 505 "},
		"two lengths": {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 "},
		"a length":    {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 "},
		"a coding":    {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 "},
		"a target":    {"GET x HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
		"long line":   {"GET / HTTP/1.1\r\nA: " + strings.Repeat("a", 70<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
		"many lines":  {"GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 12<<10) + "\r\n", "HTTP/1.1 431 "},
		"long cookies": {"GET / HTTP/1.1\r\nCookie: " + strings.Repeat("a", 60<<10) + "\r\n\r\n",
			"(61440 bytes, sha256"},
		"long body": {"POST / HTTP/1.1\r\nContent-Length: 10485761\r\n\r\n" + strings.Repeat("a", 10<<20+1),
			"HTTP/1.1 413 "},
		"socket": {"GET /.echo/socket HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " + key + "\r\n\r\n" +
			"\x89\x82\x01\x02\x03\x04il" + "\x82\xfe\x00\x80" + strings.Repeat("\x00", 132) +
			"\x88\x80\x00\x00\x00\x00",
			"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" + "\x8a\x02hn" + "\x82\x7e\x00\x80" + strings.Repeat("\x00",
				128) + "\x88\x00"},
		"unmasked frame": {"GET /.echo/socket HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " + key +
			"\r\n\r\n\x81\x01a",
			"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := say(t, addr, tt.send); !strings.Contains(got, tt.want) {
				t.Errorf("got %.600q, want in it %q", got, tt.want)
			}
		})
	}
}

// The server ends while a stream is open, and with it the stream.
func TestStreamsEndWithTheServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- echo.New(echo.Options{}).Serve(ctx, l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /.echo/events?seconds=3600 HTTP/1.1\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	if err != nil || line != "data: 0\n" {
		t.Fatalf("%q %v", line, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
