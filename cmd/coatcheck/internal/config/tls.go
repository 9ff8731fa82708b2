package config

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/certificate"
)

// TLS has the flags that say how the site speaks https, and who stands in front of it.
type TLS struct {
	TLSCert       []string      `yaml:"tls-cert" name:"tls-cert" placeholder:"FILE" sep:"," help:"Certificate of the site in PEM, with its chain; the site then speaks https. Repeatable, each with a --tls-key. Files that change are taken up within a second."`
	TLSKey        []string      `yaml:"tls-key" name:"tls-key" placeholder:"FILE" sep:"," help:"Private key in PEM, one for each --tls-cert, in their order."`
	ACME          []string      `yaml:"acme" name:"acme" placeholder:"NAME" sep:"," help:"Host of the site for which a certificate authority gives a certificate (ACME); the site then speaks https. You agree to the authority's terms by this. Repeatable."`
	ACMEEmail     string        `yaml:"acme-email" name:"acme-email" placeholder:"ADDRESS" help:"Where the authority may write to."`
	ACMEStaging   bool          `yaml:"acme-staging" name:"acme-staging" help:"Ask the authority's staging service, to try it out: no browser trusts its certificates."`
	ACMEDirectory string        `yaml:"acme-directory" name:"acme-directory" placeholder:"URL" help:"Directory of another authority. Default: that of Let's Encrypt"`
	ACMERoots     string        `yaml:"acme-roots" name:"acme-roots" placeholder:"FILE" help:"Who signs for the server of that authority, in PEM. Default: whom the system trusts"`
	RedirectFrom  string        `yaml:"redirect-from" placeholder:"ADDRESS" help:"Address, such as :80, on which plain http is answered with the way to https; the authority's questions are answered there, too."`
	HSTS          time.Duration `yaml:"hsts" name:"hsts" placeholder:"TIME" help:"How long browsers come by https alone once they have been here (Strict-Transport-Security), such as 8760h. Whoever cannot speak https any more is then locked out for as long. Default: they are not told"`
	HSTSBelow     bool          `yaml:"hsts-subdomains" name:"hsts-subdomains" help:"Let --hsts count for all hosts below the site's, too."`
	Forwarded     bool          `yaml:"forwarded" help:"Proxies of --trust-proxy say where a request came from in Forwarded (RFC 7239) and not in X-Forwarded headers, which then count for nothing."`
	ProxyProtocol []Network     `yaml:"proxy-protocol" placeholder:"CIDR" sep:"," help:"Load balancer in front whose connections begin with the PROXY protocol (1 or 2). Repeatable."`
}

// Encrypted reports whether the site speaks https.
func (t *TLS) Encrypted() bool { return len(t.TLSCert) > 0 || len(t.ACME) > 0 }

// Pairs are the files of --tls-cert and --tls-key.
func (t *TLS) Pairs() (pairs []certificate.Pair) {
	for i, file := range t.TLSCert {
		pairs = append(pairs, certificate.Pair{Certificate: file, Key: t.TLSKey[i]})
	}
	return pairs
}

// CheckCertificates names files of --tls-cert and --tls-key with which the program would not start: see [Problems]. It
// is for a configuration that is good otherwise. One that is read again does without, because whoever replaces these
// files may be half-way.
func (s *Serve) CheckCertificates() error {
	c := &checker{file: s.file, set: s.set}
	for i, pair := range s.Pairs() {
		if err := pair.Check(); err != nil {
			c.add(fmt.Sprintf("tls-cert[%d]", i), "%s", err)
		}
	}
	return join(c.problems)
}

// Check reports flags that contradict each other, and what to do.
func (t *TLS) Check() error {
	switch {
	case len(t.TLSCert) != len(t.TLSKey):
		return fmt.Errorf("there are %d --tls-cert and %d --tls-key; give each certificate its key", len(t.TLSCert),
			len(t.TLSKey))
	case len(t.TLSCert) > 0 && len(t.ACME) > 0:
		return errors.New("--tls-cert and --acme are two ways to a certificate; choose one")
	case len(t.ACME) == 0 && (t.ACMEEmail != "" || t.ACMEStaging || t.ACMEDirectory != "" || t.ACMERoots != ""):
		return errors.New("--acme-email, -staging, -directory and -roots need --acme NAME, the host of the site")
	case t.ACMEStaging && t.ACMEDirectory != "":
		return errors.New("--acme-staging is Let's Encrypt's; --acme-directory takes the staging URL of another")
	case !t.Encrypted() && t.RedirectFrom != "":
		return errors.New("--redirect-from leads to https, for which the site needs --acme or --tls-cert")
	case !t.Encrypted() && t.HSTS != 0:
		return errors.New("--hsts needs --acme or --tls-cert; behind a proxy that ends TLS, that one should say it")
	case t.HSTS < 0 || t.HSTS > 0 && t.HSTS < time.Second:
		return fmt.Errorf("--hsts %v is no time that a browser could keep; 8760h is a year", t.HSTS)
	case t.HSTSBelow && t.HSTS == 0:
		return errors.New("--hsts-subdomains needs --hsts TIME")
	}
	return nil
}

// Announcing returns the networks of --proxy-protocol.
func (t *TLS) Announcing() (all []netip.Prefix) {
	for _, n := range t.ProxyProtocol {
		all = append(all, n.Prefix)
	}
	return all
}
