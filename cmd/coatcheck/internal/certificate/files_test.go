package certificate_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/certificate"
	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
)

// issue returns certificate and key of a host, with a number by which a test knows it.
func issue(t *testing.T, host string, number int64, until time.Time) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func inAnHour() time.Time { return time.Now().Add(time.Hour) }

// number is that of the certificate that a client of the host gets.
func number(config *tls.Config, host string) int64 {
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	go tls.Server(server, config).Handshake()
	conn := tls.Client(client, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	if conn.Handshake() != nil {
		return 0
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}

func TestClientsGetTheCertificateOfTheirHost(t *testing.T) {
	dir := t.TempDir()
	var pairs []certificate.Pair
	for i, host := range []string{"shop.example", "blog.example"} {
		pair := certificate.Pair{Certificate: filepath.Join(dir, host+".crt"), Key: filepath.Join(dir, host+".key")}
		cert, key := issue(t, host, int64(i+1), inAnHour())
		write(t, pair.Certificate, cert)
		write(t, pair.Key, key)
		pairs = append(pairs, pair)
	}
	files, err := certificate.OpenFiles(t.Context(), pairs, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int64{"shop.example": 1, "blog.example": 2, "other.example": 1, "": 1} {
		if got := number(files.Config(), host); got != want {
			t.Errorf("%q gets certificate %d; want %d", host, got, want)
		}
	}
}

func TestWrongFilesAreRefusedWithTheReason(t *testing.T) {
	dir := t.TempDir()
	cert, key := issue(t, "shop.example", 1, inAnHour())
	_, otherKey := issue(t, "shop.example", 2, inAnHour())
	old, oldKey := issue(t, "shop.example", 3, time.Now().Add(-time.Minute))
	for name, c := range map[string]struct {
		cert, key []byte
		says      string
	}{
		"empty":       {nil, nil, "PEM"},
		"other key":   {cert, otherKey, "private key does not match"},
		"exchanged":   {key, cert, "PEM"},
		"expired":     {old, oldKey, "browsers refuse it"},
		"no key file": {cert, nil, "PEM"},
	} {
		pair := certificate.Pair{Certificate: filepath.Join(dir, "a.crt"), Key: filepath.Join(dir, "a.key")}
		write(t, pair.Certificate, c.cert)
		write(t, pair.Key, c.key)
		_, err := certificate.OpenFiles(t.Context(), []certificate.Pair{pair}, slog.Default())
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), pair.Certificate) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := certificate.OpenFiles(t.Context(), nil, slog.Default()); err == nil {
		t.Error("no pairs are no error")
	}
}

// A locked buffer is a log that two goroutines use.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(b) }
func (l *locked) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func TestFilesAreReplacedUnderLoadWithoutAFailedRequest(t *testing.T) {
	dir := t.TempDir()
	pair := certificate.Pair{Certificate: filepath.Join(dir, "a.crt"), Key: filepath.Join(dir, "a.key")}
	cert, key := issue(t, "shop.example", 1, inAnHour())
	write(t, pair.Certificate, cert)
	write(t, pair.Key, key)
	var log locked
	files, err := certificate.OpenFiles(t.Context(), []certificate.Pair{pair}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	server, err := httpserver.Listen("127.0.0.1:0", "--listen")
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = files.Config()
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- httpserver.Run(ctx, 10*time.Second, func() {}, server) }()

	var requests, failed atomic.Int64
	var clients sync.WaitGroup
	done := make(chan struct{})
	for i := range 8 {
		clients.Go(func() { ask(server.URL(), i%2 == 0, done, &requests, &failed) })
	}
	// Each time the files are wrong for a while: the key comes after its certificate.
	for n := int64(2); n <= 4; n++ {
		cert, key = issue(t, "shop.example", n, inAnHour())
		write(t, pair.Certificate, cert)
		seen := requests.Load()
		await(t, "requests while key and certificate do not fit", func() bool { return requests.Load() > seen+50 })
		write(t, pair.Key, key)
		await(t, "the new certificate", func() bool { return number(files.Config(), "shop.example") == n })
	}
	write(t, pair.Certificate, []byte("no certificate"))
	await(t, "a complaint", func() bool { return strings.Contains(log.String(), "the one before stays") })
	if got := number(files.Config(), "shop.example"); got != 4 {
		t.Errorf("certificate %d is used; want the last good one, 4", got)
	}
	close(done)
	clients.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), requests.Load())
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// ask sends requests until done, by HTTP/2 or HTTP/1.1. A new connection is made for every tenth.
func ask(url string, http2 bool, done <-chan struct{}, requests, failed *atomic.Int64) {
	transport := &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		default:
		}
		res, err := client.Get(url)
		requests.Add(1)
		if err != nil {
			failed.Add(1)
			continue
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != "page" || http2 != (res.ProtoMajor == 2) {
			failed.Add(1)
		}
		if n%10 == 9 {
			transport.CloseIdleConnections()
		}
	}
}

// What no browser would take is told, with what to do.
func TestPairsAreChecked(t *testing.T) {
	folder := t.TempDir()
	cert, key := issue(t, "a.example", 1, inAnHour())
	old, oldKey := issue(t, "a.example", 2, time.Now().Add(-time.Minute))
	for name, text := range map[string][]byte{"a.pem": cert, "a.key": key, "old.pem": old, "old.key": oldKey} {
		write(t, filepath.Join(folder, name), text)
	}
	for _, tt := range []struct{ cert, key, says string }{
		{"a.pem", "a.key", ""},
		{"a.pem", "old.key", "does not match"},
		{"old.pem", "old.key", "good until"},
		{"a.key", "a.pem", "switched"},
	} {
		err := certificate.Pair{
			Certificate: filepath.Join(folder, tt.cert), Key: filepath.Join(folder, tt.key),
		}.Check()
		if (err == nil) != (tt.says == "") || err != nil && (!strings.Contains(err.Error(), tt.says) ||
			!strings.Contains(err.Error(), "give the files")) {
			t.Errorf("%s with %s: %v, want %q", tt.cert, tt.key, err, tt.says)
		}
	}
}
