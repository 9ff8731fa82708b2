package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// A Pair names the PEM files of one certificate, with the chain to its authority behind it, and of its private key.
type Pair struct{ Certificate, Key string }

// follow is how often files are looked at.
const follow = time.Second

// Files are certificates in files. The methods may be called from any number of goroutines.
type Files struct {
	log   *slog.Logger
	pairs []*followed
}

// followed is a pair that is read again when a file has changed. Only the goroutine that follows changes seen and told.
type followed struct {
	Pair
	current atomic.Pointer[tls.Certificate]
	seen    [2]stamp // of the files when they were last read
	told    string   // the complaint about what is there now
}

// A stamp tells one state of a file from another.
type stamp struct {
	modified time.Time
	size     int64
	file     fs.FileInfo // to tell a file from one that took its place
}

func (s stamp) same(t stamp) bool {
	return s.modified.Equal(t.modified) && s.size == t.size && (s.file == nil) == (t.file == nil) &&
		(s.file == nil || os.SameFile(s.file, t.file))
}

// OpenFiles reads the pairs, and follows them until ctx is done. An error says which file is wrong, and how.
func OpenFiles(ctx context.Context, pairs []Pair, log *slog.Logger) (*Files, error) {
	if len(pairs) == 0 {
		return nil, errors.New("there is no certificate")
	}
	f := &Files{log: log}
	for _, pair := range pairs {
		p := &followed{Pair: pair, seen: pair.stamps()}
		loaded, err := pair.load()
		if err != nil {
			return nil, err
		}
		p.current.Store(loaded)
		f.pairs = append(f.pairs, p)
	}
	go f.follow(ctx)
	return f, nil
}

func (f *Files) follow(ctx context.Context) {
	for tick := time.NewTicker(follow); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			for _, p := range f.pairs {
				p.refresh(f.log)
			}
		}
	}
}

// refresh takes up a pair that has changed. While a program writes one file after the other they do not fit, so a pair
// that is wrong is tried again at each look, and complained about once it has stayed the same for one.
func (p *followed) refresh(log *slog.Logger) {
	now := p.stamps()
	changed := !now[0].same(p.seen[0]) || !now[1].same(p.seen[1])
	if !changed && p.told == "" {
		return
	}
	loaded, err := p.load()
	if err == nil {
		p.current.Store(loaded)
		p.seen, p.told = now, ""
		log.Info("a certificate was taken up", "file", p.Certificate, "until", loaded.Leaf.NotAfter)
		return
	}
	if complaint := err.Error(); complaint != p.told {
		p.told = complaint
	} else if changed {
		p.seen = now
		log.Error("a certificate that has changed is refused; the one before stays", "reason", err)
	}
}

func (p Pair) stamps() (all [2]stamp) {
	for i, path := range []string{p.Certificate, p.Key} {
		if info, err := os.Stat(path); err == nil {
			all[i] = stamp{info.ModTime(), info.Size(), info}
		}
	}
	return all
}

// Check reports why a pair cannot be used now, if so, and what to do.
func (p Pair) Check() error {
	if _, err := p.load(); err != nil {
		return fmt.Errorf("%w; give the files (PEM) of a certificate that is good now, and of its own key", err)
	}
	return nil
}

// load reads a pair that can be used now.
func (p Pair) load() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", p.Certificate, p.Key, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("certificate %s: %w", p.Certificate, err)
		}
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("certificate %s was good until %s; browsers refuse it", p.Certificate,
			pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	return &pair, nil
}

// Config returns a configuration of TLS with the certificate for the name that a client asks for, and the first one for
// everybody else.
func (f *Files) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.pick}
}

func (f *Files) pick(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	for _, p := range f.pairs {
		if c := p.current.Load(); hello.SupportsCertificate(c) == nil {
			return c, nil
		}
	}
	return f.pairs[0].current.Load(), nil
}
