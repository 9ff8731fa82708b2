package backend

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hidden stands where a secret was.
const hidden = "***"

// A location is a URL whose authority may name several hosts, which url.Parse does not take.
type location struct {
	scheme string
	user   *url.Userinfo
	hosts  []string
	path   string
	query  url.Values
}

func parseURL(scheme, rest string) (*location, error) {
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return nil, fmt.Errorf("%s: is followed by two slashes", scheme)
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	l := &location{scheme: scheme}
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
		if host == "" {
			continue
		}
		if port := portOf(host); port != "" {
			if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
				return nil, fmt.Errorf("%.50q is no port, a number from 1 to 65535", port)
			}
		}
		l.hosts = append(l.hosts, host)
	}
	if len(l.hosts) == 0 {
		return nil, errors.New("it names no host")
	}
	return l, nil
}

// portOf is what follows the colon behind a host, if one does. An address of IPv6 is in brackets.
func portOf(host string) string {
	_, port, _ := strings.Cut(host[strings.LastIndexByte(host, ']')+1:], ":")
	return port
}

// userinfo reads USER:PASSWORD. A percent sign begins an escape. A password may have any character that does not end
// the authority.
func userinfo(text string) (*url.Userinfo, error) {
	name, password, has := strings.Cut(text, ":")
	name, err := url.PathUnescape(name)
	if err == nil {
		password, err = url.PathUnescape(password)
	}
	switch {
	case err != nil:
		return nil, errors.New("a % in the user or password is written %25")
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

// secret reports whether the value of a parameter must not show.
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

// takeRest reads all parameters that are left, for a driver.
func (l *location) takeRest() string {
	rest := l.query.Encode()
	clear(l.query)
	return rest
}

// unread refuses a parameter that nobody has taken: a misspelt one must not be a setting that does nothing.
func (l *location) unread() error {
	for name := range l.query {
		return fmt.Errorf("there is no parameter %q", name)
	}
	return nil
}
