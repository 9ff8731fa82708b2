package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// Options say what is asked of a certificate authority. Only Names and Folder are required.
type Options struct {
	Names  []string // of the site: hosts, each of which gets a certificate of its own
	Folder string   // where accounts and certificates are kept, for their owner alone
	Email  string   // to which the authority may write; the default is none

	// Staging asks the authority's staging service, whose certificates no browser trusts and whose limits are wide.
	Staging bool

	// Directory is the URL of another authority, and Roots a PEM file of who signs for its server. The default is Let's
	// Encrypt, and the roots of the system.
	Directory, Roots string

	// HTTPPort and TLSPort are where this program listens, to which the ports 80 and 443 lead. HTTPPort 0 says that
	// nothing listens for plain http: then the handshake alone is asked for.
	HTTPPort, TLSPort int

	Log *slog.Logger
}

// An Authority has certificates from a certificate authority, and renews them.
type Authority struct {
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
	cache  *certmagic.Cache
}

// Obtain has the certificates of all names, from the folder or from the authority. It returns at once. Until there is a
// certificate for a name, handshakes for it fail, and the log says why; it is tried again, less and less often.
// Whoever calls this agrees to the authority's terms. It ends with ctx or [Authority.Close].
func Obtain(ctx context.Context, o Options) (*Authority, error) {
	if len(o.Names) == 0 || o.Folder == "" {
		return nil, errors.New("a certificate needs a name, and a folder to be kept in")
	}
	roots, err := o.roots()
	if err != nil {
		return nil, err
	}
	log := zap.New(bridge{o.Log.Handler()})
	a := new(Authority)
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
		Logger:           log,
	})
	a.config = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: o.Folder}, Logger: log,
		OCSP: certmagic.OCSPConfig{DisableStapling: true}, // whose answers say where visitors go
	})
	a.issuer = certmagic.NewACMEIssuer(a.config, certmagic.ACMEIssuer{
		CA: o.authority(), TestCA: o.authority(), Email: o.Email, Agreed: true, TrustedRoots: roots,
		AltHTTPPort: o.HTTPPort, DisableHTTPChallenge: o.HTTPPort == 0, AltTLSALPNPort: o.TLSPort, Logger: log,
	})
	a.config.Issuers = []certmagic.Issuer{a.issuer}
	if err := a.config.ManageAsync(ctx, o.Names); err != nil {
		a.Close()
		return nil, fmt.Errorf("certificates of %v: %w", o.Names, err)
	}
	return a, nil
}

func (o *Options) authority() string {
	switch {
	case o.Directory != "":
		return o.Directory
	case o.Staging:
		return certmagic.LetsEncryptStagingCA
	}
	return certmagic.LetsEncryptProductionCA
}

func (o *Options) roots() (*x509.CertPool, error) {
	if o.Roots == "" {
		return nil, nil
	}
	text, err := os.ReadFile(o.Roots)
	if err != nil {
		return nil, fmt.Errorf("roots of the certificate authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("roots of the certificate authority: %s has no certificate in PEM", o.Roots)
	}
	return roots, nil
}

// Config returns a configuration of TLS with the certificates. It also answers the authority's challenges.
func (a *Authority) Config() *tls.Config {
	config := a.config.TLSConfig()
	config.NextProtos = append([]string{"h2", "http/1.1"}, config.NextProtos...)
	return config
}

// Challenges answers the authority where it comes by plain http, and leaves all other requests to next.
func (a *Authority) Challenges(next http.Handler) http.Handler {
	return a.issuer.HTTPChallengeHandler(next)
}

// Close ends the renewal of certificates.
func (a *Authority) Close() { a.cache.Stop() }
