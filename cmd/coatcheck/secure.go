package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"coatcheck.dev/cmd/coatcheck/internal/access"
	"coatcheck.dev/cmd/coatcheck/internal/certificate"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
	"coatcheck.dev/cmd/coatcheck/internal/metrics"
)

// secure has the site speak https, if the flags say so, and answers plain http beside it.
func (s *server) secure(flags *config.Server) error {
	s.front.ProxiesSend = flags.Announcing()
	if !flags.Encrypted() {
		return nil
	}
	redirect := s.redirect()
	if len(flags.TLSCert) > 0 {
		files, err := certificate.OpenFiles(s.closing, flags.Pairs(), s.log)
		if err != nil {
			return err
		}
		s.front.TLS = files.Config()
	} else {
		authority, err := s.obtain(flags)
		if err != nil {
			return err
		}
		context.AfterFunc(s.closing, authority.Close)
		s.front.TLS, redirect = authority.Config(), authority.Challenges(redirect)
	}
	if s.plain != nil {
		s.plain.Log, s.plain.Handler, s.plain.ProxiesSend = s.log, redirect, s.front.ProxiesSend
	}
	return nil
}

// redirect leads from plain http to https. Who asks without a port came by port 80: that is this program's own, or
// somebody leads it here, and then 443 as well.
func (s *server) redirect() http.Handler {
	bare := 443
	if s.plain != nil && s.plain.Port() == 80 {
		bare = s.front.Port()
	}
	return httpserver.ToHTTPS(s.front.Port(), bare)
}

// finish adds to the site what counts for all of its answers.
func (s *server) finish(flags *config.Server, counts *metrics.Metrics) error {
	if flags.HSTS > 0 {
		s.front.Handler = httpserver.Strict(s.front.Handler, flags.HSTS, flags.HSTSBelow)
	}
	if s.plain != nil {
		s.plain.Limit = s.front.Limit
	}
	if flags.Forwarded {
		if len(flags.TrustProxy) == 0 {
			return errors.New("--forwarded needs --trust-proxy: whose word counts")
		}
		defer func() { s.front.Handler = httpserver.Forwarded(s.front.Handler, flags.TrustedProxies()) }()
	}
	log, err := s.accessLog(flags)
	if err != nil {
		return err
	}
	s.front.Handler = access.Handler(s.front.Handler, access.Options{
		Log: log, Count: counts.WatchRequests(), Proxies: flags.TrustedProxies(),
	})
	return nil
}

// accessLog opens the file of --access-log to add to. It is closed with the program's last request.
func (s *server) accessLog(flags *config.Server) (*slog.Logger, error) {
	out := io.Writer(os.Stdout)
	switch flags.AccessLog {
	case "":
		return nil, nil
	case "-":
	default:
		file, err := os.OpenFile(flags.AccessLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("--access-log: %w", err)
		}
		out = file
	}
	if flags.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(out, nil)), nil
	}
	return slog.New(slog.NewTextHandler(out, nil)), nil
}

func (s *server) obtain(flags *config.Server) (*certificate.Authority, error) {
	o := certificate.Options{
		Names: flags.ACME, Folder: s.folder.CertificatesPath(), Email: flags.ACMEEmail, Staging: flags.ACMEStaging,
		Directory: flags.ACMEDirectory, Roots: flags.ACMERoots, TLSPort: s.front.Port(), Log: s.log,
	}
	if s.plain != nil {
		o.HTTPPort = s.plain.Port()
	}
	return certificate.Obtain(s.closing, o)
}

// listenPlain takes the address of --redirect-from, if there is one.
func (s *server) listenPlain(flags *config.Server) (err error) {
	if flags.RedirectFrom == "" {
		return nil
	}
	s.plain, err = httpserver.Listen(flags.RedirectFrom, "--redirect-from", s.servers()...)
	return err
}

// servers are all of the program, in the order in which they stop.
func (s *server) servers() []*httpserver.Server {
	all := []*httpserver.Server{s.plain, s.front, s.service, s.counts, s.back}
	return slices.DeleteFunc(all, func(server *httpserver.Server) bool { return server == nil })
}

// release gives the addresses back, if the program does not start.
func (s *server) release() (err error) {
	for _, server := range s.servers() {
		err = errors.Join(err, server.Close())
	}
	return err
}
