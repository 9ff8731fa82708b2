package cloakroom

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Address names a store. Its secrets do not show when it is printed.
type Address struct {
	Engine string // "SQLite", "PostgreSQL", "MySQL" or "Redis"

	shown   string
	secrets []string // as they may stand in an error
	open    func(ctx context.Context, look bool) (*Room, error)
}

// String is the address without its secrets.
func (a Address) String() string { return a.shown }

// File is the address of an SQLite database.
func File(path string) Address {
	return Address{Engine: "SQLite", shown: "sqlite:" + path, open: func(_ context.Context, look bool) (*Room, error) { return openFile(path, look) }}
}

// examples are what an error shows of each kind.
var examples = map[string]string{
	"sqlite":   "sqlite:/var/lib/coatcheck/sessions.db",
	"postgres": "postgres://coatcheck:PASSWORD@db.internal:5432/coatcheck", "postgresql": "postgres://coatcheck:PASSWORD@db.internal:5432/coatcheck",
	"mysql": "mysql://coatcheck:PASSWORD@db.internal:3306/coatcheck", "mariadb": "mysql://coatcheck:PASSWORD@db.internal:3306/coatcheck",
	"redis": "redis://:PASSWORD@cache.internal:6379/0", "rediss": "rediss://:PASSWORD@cache.internal:6379/0",
	"redis+sentinel": "redis+sentinel://:PASSWORD@s1.internal:26379,s2.internal:26379/mymaster", "rediss+sentinel": "rediss+sentinel://:PASSWORD@s1.internal:26379,s2.internal:26379/mymaster",
	"redis+cluster": "redis+cluster://:PASSWORD@n1.internal:6379,n2.internal:6379", "rediss+cluster": "rediss+cluster://:PASSWORD@n1.internal:6379,n2.internal:6379",
}

// Parse reads an address. An error is one line that names the flag and has an example, and no secret.
func Parse(text, flag string) (Address, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	example, known := examples[scheme]
	if !ok || !known {
		return Address{}, fmt.Errorf("%s: a store begins with sqlite:, postgres://, mysql://, redis://, rediss://, redis+sentinel:// or redis+cluster://, as in %s", flag, examples["postgres"])
	}
	a, err := parse(scheme, rest)
	if err != nil {
		return Address{}, fmt.Errorf("%s: %w, as in %s", flag, err, example)
	}
	return a, nil
}

func parse(scheme, rest string) (Address, error) {
	if scheme == "sqlite" {
		return parseFile(rest)
	}
	u, err := parseURL(scheme, rest)
	if err != nil {
		return Address{}, err
	}
	a := Address{shown: u.redacted(), secrets: u.secrets()}
	switch scheme {
	case "postgres", "postgresql":
		a.Engine = "PostgreSQL"
		err = a.postgres(u)
	case "mysql", "mariadb":
		a.Engine = "MySQL"
		err = a.mysql(u)
	default:
		a.Engine = "Redis"
		err = a.redis(u)
	}
	if err == nil {
		err = u.unread()
	}
	return a, a.hide(err)
}

func parseFile(path string) (Address, error) {
	path = strings.TrimPrefix(path, "//")
	switch {
	case path == "" || path == ":memory:":
		return Address{}, errors.New("it names no file")
	case strings.ContainsAny(path, "\x00\n"):
		return Address{}, errors.New("a path is one line")
	}
	path, err := filepath.Abs(path)
	return File(path), err
}

// hide takes the secrets out of an error.
func (a Address) hide(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range a.secrets {
		text = strings.ReplaceAll(text, s, hidden)
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

const hidden = "***"

// A location is a URL whose authority may name several hosts, which url.Parse does not take.
type location struct {
	scheme   string
	user     *url.Userinfo
	hosts    []string
	path     string
	query    url.Values
	ownQuery map[string]bool // what was read of it
}

func parseURL(scheme, rest string) (*location, error) {
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return nil, fmt.Errorf("after %s: come two slashes", scheme)
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	l := &location{scheme: scheme, ownQuery: make(map[string]bool)}
	var err error
	if l.query, err = url.ParseQuery(query); err != nil {
		return nil, errors.New("its query is malformed")
	}
	if l.path, err = url.PathUnescape(path); err != nil {
		return nil, errors.New("its path is malformed")
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if l.user, err = userinfo(authority[:at]); err != nil {
			return nil, err
		}
		authority = authority[at+1:]
	}
	if strings.ContainsAny(authority, "@ \t\n") {
		return nil, errors.New("its host is malformed")
	}
	for host := range strings.SplitSeq(authority, ",") {
		if host != "" {
			l.hosts = append(l.hosts, host)
		}
	}
	if len(l.hosts) == 0 {
		return nil, errors.New("it names no host")
	}
	return l, nil
}

// userinfo reads USER:PASSWORD. A password may have any character but those that end the authority; % begins an escape.
func userinfo(text string) (*url.Userinfo, error) {
	name, password, has := strings.Cut(text, ":")
	name, err := url.PathUnescape(name)
	if err == nil {
		password, err = url.PathUnescape(password)
	}
	switch {
	case err != nil:
		return nil, errors.New("in its user or password a % does not begin an escape: write %25")
	case has:
		return url.UserPassword(name, password), nil
	}
	return url.User(name), nil
}

func (l *location) username() string { return l.user.Username() }

func (l *location) password() string {
	p, _ := l.user.Password()
	return p
}

// secret says which parameters do not show.
func secret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "password") || strings.Contains(name, "secret") || strings.Contains(name, "passfile")
}

func (l *location) redacted() string {
	text := l.scheme + "://"
	if l.user != nil {
		text += url.PathEscape(l.username())
		if _, has := l.user.Password(); has {
			text += ":" + hidden
		}
		text += "@"
	}
	text += strings.Join(l.hosts, ",")
	if l.path != "" {
		text += "/" + l.path
	}
	var params []string
	for name, values := range l.query {
		for _, v := range values {
			if v = url.QueryEscape(v); secret(name) {
				v = hidden
			}
			params = append(params, url.QueryEscape(name)+"="+v)
		}
	}
	if len(params) > 0 {
		slices.Sort(params)
		text += "?" + strings.Join(params, "&")
	}
	return text
}

func (l *location) secrets() (all []string) {
	add := func(s string) {
		if s != "" {
			all = append(all, s, url.PathEscape(s), url.QueryEscape(s))
		}
	}
	add(l.password())
	for name, values := range l.query {
		for _, v := range values {
			if secret(name) {
				add(v)
			}
		}
	}
	return all
}

// withPort returns the hosts, each with a port.
func (l *location) withPort(port string) (hosts []string) {
	for _, h := range l.hosts {
		if i := strings.LastIndexByte(h, ':'); i < 0 || strings.HasSuffix(h, "]") {
			h += ":" + port
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// take reads a parameter of ours, which does not go on to the driver.
func (l *location) take(name string) string {
	v := l.query.Get(name)
	l.query.Del(name)
	return v
}

func (l *location) takeNumber(name string, least, most, otherwise int) (int, error) {
	text := l.take(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s is a number from %d to %d", name, least, most)
	}
	return n, nil
}

func (l *location) takeTime(name string, otherwise time.Duration) (time.Duration, error) {
	text := l.take(name)
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Millisecond || d > time.Minute {
		return 0, fmt.Errorf("%s is a time from 1ms to 1m", name)
	}
	return d, nil
}

// unread complains of parameters that nobody has read: a misspelt one must not be a setting that does nothing.
func (l *location) unread() error {
	for name := range l.query {
		if !l.ownQuery["*"] {
			return fmt.Errorf("there is no parameter %q", name)
		}
	}
	return nil
}
