package browsers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// An answer is what the site has for one request.
type answer struct {
	setCookie []string

	clearSiteData string        // the header, "" is none
	ahead         time.Duration // of the server's clock

	redirect string   // a URL
	frame    string   // a URL that the page has in a frame
	image    string   // a URL that the page has as an image
	script   []string // what the page assigns to document.cookie before it reports what it reads
}

// A site answers for every host, by http and https. What it answers is agreed on before, under an id in the query.
type site struct {
	proxy string // its address as a proxy, host:port
	rules string // for --host-resolver-rules
	key   string // for --ignore-certificate-errors-spki-list

	secure string // where it speaks TLS

	mu      sync.Mutex
	answers map[string]answer
	// the Cookie header that came with an id; with "script", what its script read; with "again", of the second request
	sent map[string]string
}

func newSite(t *testing.T) *site {
	t.Helper()
	certificate, key := selfSigned(t)
	s := &site{key: key, answers: map[string]answer{}, sent: map[string]string{}}
	server := &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	t.Cleanup(func() { server.Close() })
	plain, secure := listen(t), listen(t)
	go server.Serve(plain)
	go server.Serve(tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{certificate}}))
	s.proxy = plain.Addr().String()
	s.secure = secure.Addr().String()
	s.rules = fmt.Sprintf("MAP *:80 %s, MAP *:443 %s, MAP * ~NOTFOUND", plain.Addr(), secure.Addr())
	return s
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// selfSigned makes a certificate, and the hash of its key by which Chromium is told to take it for any host.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(48 * time.Hour), DNSNames: []string{"site.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(public)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, base64.StdEncoding.EncodeToString(hash[:])
}

// agree lays an answer ready and returns the URL that asks for it.
func (s *site) agree(url, id string, a answer) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[id] = a
	return url + "?id=" + id
}

// take returns what came with an id, and forgets it.
func (s *site) take(id string) (sent string, came bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent, came = s.sent[id]
	delete(s.sent, id)
	delete(s.answers, id)
	return sent, came
}

// tunnel takes a connection to any host by https to the site.
func (s *site) tunnel(w http.ResponseWriter) {
	to, err := net.Dial("tcp", s.secure)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer to.Close()
	from, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer from.Close()
	fmt.Fprint(from, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan bool, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- true
		}()
	}
	<-done
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		s.tunnel(w)
		return
	}
	id := r.URL.Query().Get("id")
	if r.URL.Path == "/report" {
		text, _ := io.ReadAll(r.Body) // what is missing is a difference
		s.mu.Lock()
		s.sent[id] = string(text)
		s.mu.Unlock()
		return
	}
	s.mu.Lock()
	a, expected := s.answers[id]
	if _, before := s.sent[id]; before {
		id += "again"
	}
	if expected {
		s.sent[id] = strings.Join(r.Header["Cookie"], " and ")
	}
	s.mu.Unlock()
	for _, line := range a.setCookie {
		w.Header().Add("Set-Cookie", line)
	}
	if a.clearSiteData != "" {
		w.Header().Set("Clear-Site-Data", a.clearSiteData)
	}
	w.Header().Set("Date", time.Now().Add(a.ahead).UTC().Format(http.TimeFormat))
	w.Header().Set("Cache-Control", "no-store")
	if a.redirect != "" {
		http.Redirect(w, r, a.redirect, http.StatusTemporaryRedirect)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!doctype html><title>A page</title><link rel="icon" href="data:,"><body>`)
	if a.frame != "" {
		fmt.Fprintf(w, `<iframe src="%s"></iframe>`, html.EscapeString(a.frame))
	}
	if a.image != "" {
		fmt.Fprintf(w, `<img src="%s">`, html.EscapeString(a.image))
	}
	if a.script != nil {
		fmt.Fprintf(w, reporter, literal(a.script), literal("/report?id="+id+"script"))
	}
}

// reporter is a script that the page waits for.
const reporter = `<script>
	for (const line of %s) document.cookie = line
	const report = new XMLHttpRequest()
	report.open("POST", %s, false)
	report.send(document.cookie)
</script>`

// literal writes a value for JavaScript, and so that HTML sees no tag in it.
func literal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}
