package gate_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/identity"
)

// reads answers with how much of a body arrived.
func reads(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	fmt.Fprintln(w, n, err)
}

// send writes a request byte for byte, and returns the answer.
func (s *site) send(request string) (*http.Response, net.Conn) {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		s.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, conn
}

const chunked = "POST / HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nTransfer-Encoding: chunked\r\n\r\n"

func TestMalformedBodyIsTheClientsFault(t *testing.T) {
	for name, body := range map[string]string{
		"no length":         "zz\r\nabc\r\n0\r\n\r\n",
		"length too short":  "2\r\nabcdef\r\n0\r\n\r\n",
		"length too large":  "fffffffffffffffff\r\nabc\r\n",
		"second chunk":      "3\r\nabc\r\nxyz\r\n",
		"malformed trailer": "3\r\nabc\r\n0\r\nno colon\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, reads)
			res, _ := s.send(chunked + body)
			if res.StatusCode != http.StatusBadRequest || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("status %d, Cache-Control %q", res.StatusCode, res.Header.Get("Cache-Control"))
			}
			if log := s.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "the app") {
				t.Errorf("the app is blamed:\n%s", log)
			}
		})
	}
}

func TestClientWhoPausesIsToldSo(t *testing.T) {
	s := newSite(t, reads, func(up *setup) { up.gate.BodyTimeout = 20 * time.Millisecond })
	res, _ := s.send(chunked + "3\r\nabc\r\n") // and nothing more
	if res.StatusCode != http.StatusRequestTimeout || !res.Close {
		t.Errorf("status %d, close %t", res.StatusCode, res.Close)
	}
	if log := s.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("the app is blamed:\n%s", log)
	}
}

// A byte now and then is never a pause, and still not enough.
func TestClientWhoDripsIsToldSo(t *testing.T) {
	s := newSite(t, reads, func(up *setup) { up.gate.BodyTimeout = 200 * time.Millisecond })
	dripping, w := io.Pipe()
	go func() {
		for {
			if _, err := w.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	defer w.Close()
	req, err := http.NewRequest("POST", s.url, dripping)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestTimeout {
		t.Errorf("status %d", res.StatusCode)
	}
}

// Whoever sends steadily may take longer than a pause may be.
func TestSteadyClientMayTakeLong(t *testing.T) {
	t.Parallel()
	const pause = 2 * time.Second // a machine with much to do may itself pause for a while
	s := newSite(t, reads, func(up *setup) { up.gate.BodyTimeout = pause })
	steady, w := io.Pipe()
	go func() {
		defer w.Close()
		for begun := time.Now(); time.Since(begun) < 3*pause; {
			if _, err := w.Write(make([]byte, 4<<10)); err != nil {
				return
			}
			<-time.After(pause / 100)
		}
	}()
	res, err := http.Post(s.url, "text/plain", steady)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
}

// The time of a body is over with it: the app may think for as long as it likes.
func TestSlowAppIsNoSlowBody(t *testing.T) {
	t.Parallel()
	const pause = 500 * time.Millisecond
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			t.Error("the request was broken off")
		case <-time.After(2 * pause):
		}
		io.WriteString(w, "done")
	}, func(up *setup) { up.gate.BodyTimeout = pause })
	for range 2 { // the second on the same connection
		res, err := http.Post(s.url, "text/plain", strings.NewReader("abc"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != "done" {
			t.Errorf("status %d, %q, %v", res.StatusCode, body, err)
		}
	}
}

func TestTrailersBringNoCookie(t *testing.T) {
	for name, announce := range map[string]bool{"announced": true, "unannounced": false} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
				prefix := http.TrailerPrefix
				if announce {
					w.Header().Set("Trailer", "Set-Cookie, X-Sum")
					prefix = ""
				}
				io.WriteString(w, "body")
				w.(http.Flusher).Flush()
				w.Header().Set(prefix+"Set-Cookie", "__Host-session=planted; Secure; Path=/")
				w.Header().Set(prefix+"X-Sum", "42")
			})
			res := s.visitor().get("/")
			if res.Trailer.Get("Set-Cookie") != "" || res.Trailer.Get("X-Sum") != "42" {
				t.Errorf("trailers %v", res.Trailer)
			}
		})
	}
}

func TestMisleadingHeadersDoNotReachTheApp(t *testing.T) {
	names := []string{
		"Client-IP", "True-Client-IP", "X-Client-IP", "X_Client_IP", "CF-Connecting-IP", "X-Cluster-Client-Ip",
		"X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "x-http-method-override", "X-Method-Override",
		"X-Host", "Proxy", "Proxy-Client-IP", "WL-Proxy-Client-IP", "HTTP_CLIENT_IP", "Forwarded-For", "X-Forwarded",
		"Remote-User", "Remote_User", "X-Remote-User", "X-WebAuth-User", "X-Auth-Request-User",
		"X-SSL-Client-Verify", "X-Middleware-Subrequest", "Front-End-Https", "X-Url-Scheme", "X_Scheme", "WL-Proxy-SSL",
		"DO-Connecting-IP", "Remote-Groups", "SSL_CLIENT_CERT", "Cf-Access-Authenticated-User-Email",
		"X-Ms-Client-Principal-Name", "X-Script-Name",
	}
	names = append(names, identity.MisleadingNames()...)
	var got http.Header
	app := func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() }
	ask := func(s *site) {
		req, err := http.NewRequest("GET", s.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header["X-Kept"] = []string{"yes"}
		for _, name := range names {
			req.Header[name] = []string{"203.0.113.7"}
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	ask(newSite(t, app))
	for _, name := range names {
		if v := got[http.CanonicalHeaderKey(name)]; v != nil {
			t.Errorf("%s: %s reached the app", name, v)
		}
	}
	if got.Get("X-Kept") != "yes" {
		t.Error("other headers are gone as well")
	}
	ask(newSite(t, app, func(up *setup) { up.gate = asking(up.gate, "x-http-method-override") }))
	if got.Get("X-Http-Method-Override") == "" || got.Get("True-Client-Ip") != "" {
		t.Errorf("asked for one header, got %v", got)
	}
}

func asking(o gate.Options, header string) gate.Options {
	o.PassHeaders = []string{header}
	return o
}

// Rows: A31
func TestRequestTrailersReachTheApp(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v %v", body, err, r.Trailer)
	})
	const request = "POST / HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nTransfer-Encoding: chunked\r\n" +
		"Trailer: X-Sum, X-Late, Coatcheck-User, X-Forwarded-For, True-Client-Ip\r\n\r\n" +
		"3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\nCoatcheck-User: eve\r\nX-Forwarded-For: 6.6.6.6\r\n" +
		"True-Client-Ip: 6.6.6.6\r\nX-Unannounced: 1\r\n\r\n"
	res, _ := st.send(request)
	got, err := io.ReadAll(res.Body)
	if want := "abc <nil> map[X-Late:[] X-Sum:[1 2]]"; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
