package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// answers is the server that a check of the session API is compared with: it does no more than answer.
func answers(size int) http.Handler {
	text := strings.Repeat("x", size)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		io.WriteString(w, text)
	})
}

// A service asks the session API who is behind a request, at each of its own.
type service struct {
	url, key string
	body     string // of a check
}

// request is one check, as HTTP libraries send it.
func (s *service) request(base string) string {
	return strings.Join([]string{
		"POST /v1/sessions/check HTTP/1.1", "Host: " + strings.TrimPrefix(base, "http://"),
		"Authorization: Bearer " + s.key, "Content-Type: application/json", "Accept: */*", "User-Agent: node",
		"Content-Length: " + strconv.Itoa(len(s.body)), "", s.body,
	}, "\r\n")
}

// ask sends a body, and decodes the answer into v. It returns the answer's size.
func (s *service) ask(ctx context.Context, path, body string, v any) (size int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode > 299 {
		err = fmt.Errorf("%s: %s %s", path, res.Status, text)
	}
	if err != nil {
		return 0, err
	}
	return len(text), json.Unmarshal(text, v)
}

// begin has a user sign in who is checked from then on, and returns the size of the answer to a check.
func (s *service) begin(ctx context.Context) (size int, err error) {
	var begun struct {
		SetCookie []string `json:"set_cookie"`
	}
	if _, err := s.ask(ctx, "/v1/sessions", `{"user":"u42","by":"password","data":{"cart":["tea","milk"]}}`,
		&begun); err != nil {
		return 0, err
	}
	cookie, _, _ := strings.Cut(begun.SetCookie[0], ";")
	s.body = fmt.Sprintf(`{"cookie":"theme=dark; consent=yes; %s","address":"192.0.2.7","user_agent":"Mozilla/5.0 `+
		`(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","method":"GET"}`, cookie)
	var is struct{ State string }
	size, err = s.ask(ctx, "/v1/sessions/check", s.body, &is)
	if err == nil && is.State != "valid" {
		err = fmt.Errorf("a check says %q", is.State)
	}
	return size, err
}

// service starts the program with an address for the API, and has a user sign in by it.
func (f *field) service(
	ctx context.Context, name string, start func(context.Context, string, ...string) (*contender, error),
) (*asked, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	c, err := start(ctx, name, "--api-listen=127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	key, err := exec.CommandContext(ctx, f.extent.program(), "app-keys", "new", "--scope=read", "--scope=create",
		"--data="+filepath.Join(f.extent.folder, name)).Output()
	if err != nil {
		return nil, err
	}
	s := service{url: "http://127.0.0.1:" + port, key: strings.TrimSpace(string(key))}
	size, err := s.begin(ctx)
	return &asked{c, s.url, s.request(s.url), size}, err
}

// An asked contender gets the same request again and again. The sizes of answers differ by the digits of a time.
type asked struct {
	*contender
	base, request string
	size          int // of its answer
}

// checks measures checks.
func (p *extent) checks(ctx context.Context, to *figures) error {
	f, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	sqlite, err := f.service(ctx, "check sqlite", f.gate)
	if err != nil {
		return err
	}
	bare, err := f.start(ctx, p.self, "-role=answers", "-size="+strconv.Itoa(sqlite.size))
	if err != nil {
		return err
	}
	all := []*asked{{&contender{process: bare, name: "answers"}, bare.url, sqlite.request, sqlite.size}, sqlite}
	redis, err := f.service(ctx, "check redis", f.redis)
	switch {
	case errors.Is(err, exec.ErrNotFound): // its row is left out
	case err != nil:
		return err
	default:
		all = append(all, redis)
	}
	return takeTurns(p, all, to, func(c *asked) error { return send(ctx, c.base, c.request, c.size, p.requests) })
}
