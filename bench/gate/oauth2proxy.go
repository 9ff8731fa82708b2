package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// oauth2Proxy is the peer that is compared with. Its version stands here alone.
const (
	oauth2ProxyVersion = "v7.15.6"
	oauth2ProxyModule  = "github.com/oauth2-proxy/oauth2-proxy/v7@" + oauth2ProxyVersion
	oauth2Proxy        = "oauth2-proxy " + oauth2ProxyVersion
)

// errNotHere means that this machine lacks something without which nothing can be measured.
var errNotHere = errors.New("not measured")

// oauth2Proxy builds the peer, starts it with a Redis and a provider of its own, and has a user sign in. What is set is
// what it demands, and what it takes to run here.
func (f *field) oauth2Proxy(ctx context.Context) (*contender, error) {
	store, err := f.store(ctx)
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", errNotHere, err)
	} else if err != nil {
		return nil, err
	}
	if err := f.extent.install(ctx, oauth2ProxyModule); err != nil {
		return nil, err
	}
	provider, err := f.start(ctx, f.extent.self, "-role=provider")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p, err := f.startSilent(ctx, "http://127.0.0.1:"+port, filepath.Join(f.extent.folder, "oauth2-proxy"),
		"--http-address=127.0.0.1:"+port, "--upstream=static://202", "--email-domain=*", "--skip-provider-button",
		"--provider=oidc", "--oidc-issuer-url="+provider.url, "--client-id=shop", "--client-secret=secret",
		"--redirect-url=http://127.0.0.1:"+port+"/oauth2/callback",
		"--session-store-type=redis", "--redis-connection-url="+store.url,
		"--cookie-secret=0123456789abcdef", "--cookie-secure=false",
		"--reverse-proxy", "--trusted-proxy-ip=127.0.0.1", "--set-xauthrequest")
	if err != nil {
		return nil, err
	}
	cookie, err := throughProvider(ctx, p.url, "_oauth2_proxy")
	return &contender{p, oauth2Proxy, cookie, store}, err
}

// throughProvider signs in at a provider, as a browser that is sent there and back, and returns the Cookie header with
// the named cookie.
func throughProvider(ctx context.Context, site, name string) (string, error) {
	cookies, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, site+"/oauth2/start?rd=/", nil)
	if err != nil {
		return "", err
	}
	res, err := (&http.Client{Jar: cookies}).Do(r)
	if err != nil {
		return "", err
	}
	res.Body.Close()
	for _, c := range cookies.Cookies(r.URL) {
		if c.Name == name {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("sign-in by a provider gave no cookie: %s", res.Status)
}

// install builds a program from its module into the folder.
func (p *extent) install(ctx context.Context, module string) error {
	build := exec.CommandContext(ctx, "go", "install", module)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+p.folder)
	out, err := build.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return fmt.Errorf("%w: go install %s: %s", errNotHere, module, lines[len(lines)-1])
}
