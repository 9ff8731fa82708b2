package acme_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/proc"
)

// freePort is a port that nobody has now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func local(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// site is the program in front of an app, with certificates of an authority.
func site(t *testing.T, a *authority, data string, tlsPort int, more ...string) *proc.Process {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("X-Forwarded-Proto"), " ", r.Host)
	}))
	t.Cleanup(app.Close)
	p := proc.Start(t, proc.Spec{Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"), Args: append([]string{
		"serve", "--upstream", app.URL, "--data", data, "--listen", local(tlsPort), "--console-listen", local(0),
		"--acme", "localhost", "--acme-directory", a.directory(), "--acme-roots", a.roots, "--verbose",
	}, more...)})
	p.AwaitListening(local(tlsPort))
	return p
}

// handshake asks the site for its certificate.
func handshake(t *testing.T, port int) (*x509.Certificate, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{ServerName: "localhost", InsecureSkipVerify: true, NextProtos: []string{"h2"}}}
	conn, err := d.DialContext(ctx, "tcp", local(port))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// awaitCertificate waits until the site has a certificate that is good.
func awaitCertificate(t *testing.T, port int, good func(*x509.Certificate) bool) *x509.Certificate {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		c, err := handshake(t, port)
		if err == nil && good(c) {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("no certificate in time: %v", err)
		}
	}
}

func anything(*x509.Certificate) bool { return true }

// quarter is how long the certificates of most authorities are good, in seconds.
const quarter = 90 * 24 * 3600

func TestACertificateIsGivenAndKept(t *testing.T) {
	port, data := freePort(t), t.TempDir()
	a := openAuthority(t, freePort(t), port, quarter) // nothing answers by plain http, so this is TLS-ALPN-01
	p := site(t, a, data, port)
	first := awaitCertificate(t, port, anything)
	if err := first.VerifyHostname("localhost"); err != nil {
		t.Error(err)
	}
	getPage(t, port)
	p.Kill()
	onlyForTheOwner(t, filepath.Join(data, "certificates"))

	a.Close() // nothing is asked of it
	site(t, a, data, port)
	again := awaitCertificate(t, port, anything)
	if again.SerialNumber.Cmp(first.SerialNumber) != 0 {
		t.Error("a restart has brought another certificate")
	}
}

// The authority says of certificates that are good for seconds that it is time for the next one.
func TestACertificateIsRenewed(t *testing.T) {
	port, data := freePort(t), t.TempDir()
	a := openAuthority(t, freePort(t), port, 20)
	p := site(t, a, data, port)
	first := awaitCertificate(t, port, anything)
	p.Kill()
	site(t, a, data, port)
	awaitCertificate(t, port, func(c *x509.Certificate) bool {
		return c.SerialNumber.Cmp(first.SerialNumber) != 0 && c.NotAfter.After(first.NotAfter)
	})
}

// getPage goes through the gate by HTTP/2.
func getPage(t *testing.T, port int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{ServerName: "localhost", InsecureSkipVerify: true},
	}}
	defer client.CloseIdleConnections()
	res, err := client.Get("https://" + local(port) + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.ProtoMajor != 2 || res.StatusCode != http.StatusOK {
		t.Errorf("got %s by %s", res.Status, res.Proto)
	}
}

// onlyForTheOwner checks that nobody else can read a key.
func onlyForTheOwner(t *testing.T, folder string) {
	t.Helper()
	keys := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		if strings.HasSuffix(path, ".key") {
			keys++
		}
		return err
	})
	if err != nil || keys == 0 {
		t.Errorf("%d keys, %v", keys, err)
	}
}

func TestTheAuthorityIsAnsweredByPlainHTTP(t *testing.T) {
	port, plain := freePort(t), freePort(t)
	a := openAuthority(t, plain, freePort(t), quarter) // the other port leads nowhere, so this is HTTP-01
	site(t, a, t.TempDir(), port, "--redirect-from", local(plain))
	awaitCertificate(t, port, anything)

	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get("http://" + local(plain) + "/a%2Fb?q=1")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	want := "https://" + local(port) + "/a%2Fb?q=1"
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusPermanentRedirect || got != want {
		t.Errorf("got %s to %q; want 308 to %q", res.Status, got, want)
	}
}

// The name leads to somebody else's server, as when a domain was not moved yet.
func TestAWrongAnswerGivesNoCertificateAndIsLogged(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "hello from somebody else")
	}))
	defer stranger.Close()
	elsewhere := stranger.Listener.Addr().(*net.TCPAddr).Port
	port, data := freePort(t), t.TempDir()
	a := openAuthority(t, elsewhere, elsewhere, quarter)
	p := site(t, a, data, port, "--redirect-from", local(0))
	p.Await(regexp.MustCompile(`level=ERROR msg="certificates: .*localhost`))
	if c, err := handshake(t, port); err == nil {
		t.Errorf("there is a certificate: %v", c.Subject)
	}
	found, err := filepath.Glob(filepath.Join(data, "certificates", "certificates", "*", "*", "*.crt"))
	if err != nil || len(found) > 0 {
		t.Errorf("there is one in %v, %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(data, "coatcheck.db")); err != nil {
		t.Errorf("the program does not go on: %v", err)
	}
}
