package redisserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// StartSecure starts a master and a Sentinel that speak TLS and nothing else. It returns the Sentinel's address, and
// the file of the certificate that both have.
func StartSecure(t testing.TB) (sentinel, certificate string) {
	t.Helper()
	certificate, key := certify(t)
	addrs := proc.FreeAddrs(t, 2)
	for i, more := range []string{"save \"\"\n", "sentinel monitor " + MasterSet + " %s %s 1\n"} {
		host, port, _ := net.SplitHostPort(addrs[i])
		dir := t.TempDir()
		conf := fmt.Sprintf("bind %s\nport 0\ntls-port %s\ndir %s\ntls-cert-file %s\ntls-key-file %s\n"+
			"tls-ca-cert-file %[4]s\ntls-auth-clients no\ntls-replication yes\n", host, port, dir, certificate, key)
		args := []string{filepath.Join(dir, "redis.conf")}
		if i == 1 {
			master, port, _ := net.SplitHostPort(addrs[0])
			more = fmt.Sprintf(more, master, port)
			args = append(args, "--sentinel")
		}
		if err := os.WriteFile(args[0], []byte(conf+more), 0o600); err != nil {
			t.Fatal(err)
		}
		spec := proc.Spec{Path: tool.Find(t, "redis-server", "valkey-server"), Args: args, Dir: dir}
		proc.Start(t, spec).AwaitListening(addrs[i])
	}
	return addrs[1], certificate
}

// certify writes a certificate for this machine, which vouches for itself, and its key.
func certify(t testing.TB) (certificate, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("certificate.pem", "CERTIFICATE", public), write("key.pem", "PRIVATE KEY", private)
}
