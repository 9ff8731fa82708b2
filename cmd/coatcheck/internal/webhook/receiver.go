package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
)

// A Receiver is somebody who hears of events.
type Receiver struct {
	Name    string   // its own: what waits for it is kept under this name
	URL     string   // that requests are sent to
	Secrets []Secret // that sign them, the newest first
	Kinds   []string // that it hears of, out of [Kinds]; all if there are none

	// InsecurePlainHTTP lets requests go unencrypted to another machine.
	InsecurePlainHTTP bool

	// Signals makes it a receiver of shared signals: it gets security event tokens instead.
	Signals *Signals
}

const maxURL = 2048

var receiverName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// CheckName says what is wrong with the name of a receiver.
func CheckName(name string) error {
	if !receiverName.MatchString(name) {
		return fmt.Errorf("%.100q is no name; write small letters, digits and hyphens, at most 40, such as crm", name)
	}
	return nil
}

// CheckURL says what is wrong with the URL of a receiver.
func CheckURL(text string, insecurePlainHTTP bool) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return fmt.Errorf("it is longer than %d bytes", maxURL)
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("it is no URL; write one such as https://crm.example/hooks")
	case u.User != nil:
		return errors.New("a name and password in a URL are shown wherever it is; leave them out: " +
			"the signature says who sends")
	case u.Fragment != "":
		return errors.New("leave out what follows #, which is never sent")
	case u.Scheme == "http" && !insecurePlainHTTP && !loopback(u.Hostname()):
		return errors.New("names and addresses of users would travel unencrypted; write https, or, if it has to be, " +
			"insecure-plain-http: true")
	}
	return nil
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// same reports whether two receivers are sent the same in the same way.
func (r *Receiver) same(other *Receiver) bool {
	sameKey := func(a, b Secret) bool { return bytes.Equal(a.key, b.key) }
	return r.Name == other.Name && r.URL == other.URL && slices.EqualFunc(r.Secrets, other.Secrets, sameKey) &&
		slices.Equal(r.Kinds, other.Kinds) && (r.Signals == nil) == (other.Signals == nil) &&
		(r.Signals == nil || r.Signals.same(other.Signals))
}

// shown is the URL without its query, which may have a secret.
func (r *Receiver) shown() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return ""
	}
	if u.RawQuery != "" {
		u.RawQuery = "…"
	}
	return u.Scheme + "://" + u.Host + u.Path + map[bool]string{true: "?…"}[u.RawQuery != ""]
}
