package auth

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"text/template"
)

// A Setup is what the configuration of a proxy has to say.
type Setup struct {
	Coatcheck string // where this program listens, host:port
	Script    string // where HAProxy finds its script
	Sites     []Site
}

// A Site is what a proxy has to know of a site beside which this program stands.
type Site struct {
	Hosts            []string // its names; none is every name
	Listen           string   // where the proxy listens, host:port or :port; "" is the usual port
	Certificate, Key string   // files of the certificate for https; "" is plain http
	App              *url.URL // scheme http, https or unix
	Cookie           string   // name of the session's cookie
	Authorization    bool     // what the app finds in Authorization is for this program to say
}

// Check reports what a proxy cannot be told, if anything.
func (s *Setup) Check() error {
	if _, _, err := net.SplitHostPort(s.Coatcheck); err != nil {
		return fmt.Errorf("%.100q is no address of this program; write host:port", s.Coatcheck)
	}
	for _, site := range s.Sites {
		u := site.App
		switch {
		case u == nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "unix":
			return fmt.Errorf("the app has to be at http://HOST:PORT, https://HOST:PORT or unix:/PATH, not at %v", u)
		case (site.Certificate == "") != (site.Key == ""):
			return fmt.Errorf("a certificate and its key belong together")
		}
		for _, text := range append(site.Hosts, site.Listen, site.Certificate, site.Key, site.Cookie, u.String()) {
			if strings.ContainsAny(text, "\n\r\t {};\"'`\\$#%") {
				return fmt.Errorf("%.100q has a character that a proxy's configuration takes for something else", text)
			}
		}
	}
	return nil
}

// WriteSnippet writes a configuration of the proxy. It is complete.
func (d *Dialect) WriteSnippet(w io.Writer, setup Setup) error {
	if err := setup.Check(); err != nil {
		return err
	}
	t, err := template.New(d.name).Funcs(functions).Parse(d.snippet)
	if err != nil {
		return fmt.Errorf("auth: the snippet of %s: %w", d.name, err)
	}
	return t.Execute(w, setup)
}

var functions = template.FuncMap{
	"path": func() string { return Path }, "names": names, "certificates": certificates,
	"nginxListen": nginxListen, "nginxUpstream": nginxUpstream,
	"caddyAddresses": caddyAddresses, "caddyBind": caddyBind, "caddyUpstream": caddyUpstream,
	"envoyAddress": envoyAddress, "envoyDomains": envoyDomains, "appAddress": appAddress,
	"traefikRule": traefikRule, "haproxyListen": haproxyListen, "haproxyServer": haproxyServer,
}

// certificates reports whether a proxy has any.
func certificates(sites []Site) bool {
	return slices.ContainsFunc(sites, func(s Site) bool { return s.Certificate != "" })
}

// ListenAddress is where the proxy listens, the usual port by default.
func (s Site) ListenAddress() string {
	switch {
	case s.Listen != "":
		return s.Listen
	case s.Certificate != "":
		return ":443"
	}
	return ":80"
}

// names are the hosts without their ports, or what nginx calls none.
func names(hosts []string) string {
	if len(hosts) == 0 {
		return "_"
	}
	var all []string
	for _, host := range hosts {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		all = append(all, host)
	}
	return strings.Join(all, " ")
}
