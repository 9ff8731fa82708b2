package config

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/http/httpguts"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/identity"
	"coatcheck.dev/cmd/coatcheck/internal/route"
	"coatcheck.dev/csrf"
	"coatcheck.dev/state"
	"coatcheck.dev/token"
)

// Check names everything that is wrong in a configuration: see [Problems]. It looks into the files that the
// configuration names, and opens nothing else.
func (s *Serve) Check() error {
	c := &checker{file: s.file, set: s.set}
	c.server(&s.Server)
	c.pushes(&s.Pushes)
	sites := s.All()
	switch {
	case s.file != nil && s.file.at["sites"] != nil && len(s.Sites) == 0:
		c.add("sites", "the list is empty; name a site, or take the key out")
	case len(s.Sites) > 0 && s.file != nil:
		c.onlySites()
	}
	for i, site := range sites {
		if s.file != nil && s.file.at["sites"] != nil && len(s.Sites) == 0 {
			break
		}
		c.prefix = ""
		if len(s.Sites) > 0 {
			c.prefix = fmt.Sprintf("sites[%d].", i)
		}
		c.site(site, &s.Server)
		c.beside(site, &s.Server)
	}
	c.prefix = ""
	if len(s.Sites) > 0 {
		c.between(sites)
	}
	c.certified(&s.Server, sites)
	return join(c.problems)
}

// Changed returns the keys, beside those of sites, that another configuration has with other values. A program that
// runs cannot take these up.
func (s *Serve) Changed(other *Serve) (keys []string) {
	a, b := reflect.ValueOf(&s.Server).Elem(), reflect.ValueOf(&other.Server).Elem()
	for _, k := range keysOf(a.Type()) {
		if !reflect.DeepEqual(a.FieldByIndex(k.index).Interface(), b.FieldByIndex(k.index).Interface()) {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// All returns the sites: those of the file, or the one of the flags.
func (s *Serve) All() []*Site {
	if len(s.Sites) == 0 {
		return []*Site{&s.Site}
	}
	all := make([]*Site, len(s.Sites))
	for i := range s.Sites {
		all[i] = &s.Sites[i]
	}
	return all
}

// A checker collects what is wrong.
type checker struct {
	file     *document
	set      map[string]bool // flags that win over the file
	prefix   string          // of the keys of a site
	problems []*Problem
}

// add reports a problem of a key, where the file has it, or where it should be.
func (c *checker) add(path, format string, args ...any) {
	if c.file != nil {
		for at := path; ; {
			if n := c.file.at[at]; n != nil {
				c.problems = append(c.problems, c.file.problemAt(n, path, format, args...))
				return
			}
			i := max(strings.LastIndexByte(at, '.'), strings.LastIndexByte(at, '['))
			if i < 0 {
				break
			}
			at = at[:i]
		}
		if !c.set[flagName(path)] {
			c.problems = append(c.problems, &Problem{c.file.name, 1, 1, path, fmt.Sprintf(format, args...)})
			return
		}
	}
	c.problems = append(c.problems, &Problem{Key: "--" + flagName(path), What: fmt.Sprintf(format, args...)})
}

func (c *checker) of(key, format string, args ...any) { c.add(c.prefix+key, format, args...) }

func (c *checker) server(s *Server) {
	c.addresses(s)
	c.encryption(s)
	for key, address := range map[string]string{"store": s.Store, "move-from": s.MoveFrom, "move-to": s.MoveTo} {
		if address != "" {
			if _, err := backend.Parse(address, key); err != nil {
				c.add(key, "%s", strings.TrimPrefix(err.Error(), key+": "))
			}
		}
	}
	for key, d := range map[string]time.Duration{
		"lease": s.Lease, "store-timeout": s.StoreTimeout, "bind-lifetime": s.BindLifetime,
	} {
		if d <= 0 {
			c.add(key, "%v is no time; write one such as 5s, or take the key out for the default", d)
		}
	}
	if s.MoveFrom != "" && s.MoveTo != "" {
		c.add("move-to", "it contradicts move-from: sessions move in one direction; take one of them out")
	}
	for key, address := range map[string]string{"move-from": s.MoveFrom, "move-to": s.MoveTo} {
		if address != "" && address == s.Store {
			c.add(key, "it is the store that sessions are in already; name the other one")
		}
	}
	if s.ClientConns < 0 || s.StoreCalls <= 0 {
		c.add("store-calls", "it is less than 1; take it out for the default, 256")
	}
}

// present returns the first of the keys that the file has, or else the first.
func (c *checker) present(keys ...string) string {
	for _, key := range keys {
		if c.file != nil && c.file.at[key] != nil {
			return key
		}
	}
	return keys[0]
}

// onlySites refuses keys of one site beside several.
func (c *checker) onlySites() {
	for _, k := range siteKeys() {
		if c.file.at[k] != nil {
			c.add(k, "it is of one site, but there is a list of sites; write it below the site that it is for")
		}
	}
}

func (c *checker) site(s *Site, server *Server) {
	c.upstream(s, server)
	c.hosts(s)
	c.cookie(s, server.Dev)
	c.times(s)
	c.routes(s)
	if s.Realm != strings.TrimSpace(s.Realm) || strings.ContainsFunc(s.Realm, unicode.IsControl) {
		c.of("realm", "%.100q has what nobody sees, a space at an end or a control character; write the name without",
			s.Realm)
	}
	if s.SignIn != "" && !localPath(s.SignIn) {
		c.of("sign-in", "%.100q is no path of the site; begin it with one slash, as in /login", s.SignIn)
	}
	for i, path := range s.Public {
		if !strings.HasPrefix(path, "/") || path == "/" || strings.ContainsAny(path, " {}") {
			c.of(fmt.Sprintf("public[%d]", i), "%.100q is no path; write one such as /static/ or /robots.txt; "+
				"patterns belong in routes", path)
		} else if _, err := route.ParsePattern(path); err != nil {
			c.of(fmt.Sprintf("public[%d]", i), "%s", err)
		}
	}
	for i, origin := range s.TrustOrigin {
		if err := (csrf.Options{TrustedOrigins: []string{origin}}).Check(); err != nil {
			why := strings.TrimPrefix(err.Error(), "csrf: Options.TrustedOrigins: ")
			if origin == "null" {
				why = `"null" is what any site can send, out of a sandboxed frame; if it has to be, write ` +
					"insecure-trust-null-origin: true"
			}
			c.of(fmt.Sprintf("trust-origin[%d]", i), "%s", why)
		}
	}
	for i, name := range s.PassHeader {
		if !httpguts.ValidHeaderFieldName(name) {
			c.of(fmt.Sprintf("pass-header[%d]", i), "%.100q is no name of a header; write one such as "+
				"True-Client-IP", name)
		} else if !slices.Contains(identity.MisleadingNames(), strings.ToLower(name)) {
			c.of(fmt.Sprintf("pass-header[%d]", i), "%.100q is not among the headers that are asked for so: it passes "+
				"anyway, or never; take it out", name)
		}
	}
	switch issuerErr := (token.Options{Issuer: s.TokensIssuer}).Check(); {
	case s.TokensFor != "" && s.TokensIssuer == "":
		c.of("tokens-for", "it needs tokens-issuer (--tokens-issuer): the site's URL, such as https://shop.example")
	case s.TokensIssuer != "" && (issuerErr != nil || !webURL(s.TokensIssuer)):
		c.of("tokens-issuer", "%.100q is no URL; write one such as https://shop.example", s.TokensIssuer)
	}
	if s.Inventory != "" {
		if info, err := os.Stat(s.Inventory); err != nil || !info.Mode().IsRegular() {
			c.of("inventory", "there is no file %.200s; correct the name, or take the key out", s.Inventory)
		} else if err := checkInventory(s.Inventory); err != nil {
			c.of("inventory", "%v; correct the file %.200s", err, s.Inventory)
		}
	}
	for key, n := range map[string]int{"max-sessions": s.MaxSessions, "max-visitors": s.MaxVisitors,
		"max-keys": s.MaxKeys, "max-bytes": s.MaxBytes} {
		if n < 1 {
			c.of(key, "%d is less than 1; take the key out for the default", n)
		}
	}
	if s.MaxBytes > gate.MaxBytes {
		c.of("max-bytes", "%d is more than %d: all data travels in one header, and many servers read no longer one; "+
			"lower it", s.MaxBytes, gate.MaxBytes)
	}
}

func (c *checker) routes(s *Site) {
	for i := range s.Routes {
		r, path := &s.Routes[i], fmt.Sprintf("routes[%d]", i)
		if r.Match.String() == "" {
			if c.file == nil || c.file.at[c.prefix+path+".match"] == nil {
				c.of(path, "match is missing: say which requests the route is for, such as match: /static/")
			}
			continue
		}
		if err := r.Rule().Check(); err != nil {
			c.of(path, "%s", err)
		}
		for key, nothing := range map[string]bool{
			"recent": r.Recent == 0, "level": r.Level == 0, "stale": r.Stale == 0,
		} {
			if nothing && c.given(path+"."+key) {
				c.of(path+"."+key, "0 asks for nothing; write what is needed, or take the key out")
			}
		}
		for _, path := range s.Public {
			if r.Access != "public" && strings.HasPrefix(path, "/") && route.PublicPattern(path).Covers(r.Match) {
				c.of(fmt.Sprintf("routes[%d].match", i), "the route is never reached, because public: %s matches all "+
					"of it; take one of them out", path)
			}
		}
		for j, before := range s.Routes[:i] {
			if before.Match.String() != "" && before.Match.Covers(r.Match) {
				c.of(path+".match", "the route is never reached, because routes[%d] (%s) matches all of it; "+
					"put this one before that", j, before.Match)
				break
			}
		}
	}
	if c.signInPageIsRequired(s) {
		return
	}
	c.bearer(s)
	for i, p := range s.Bearer {
		if p.String() == "/" && len(s.Routes) > 0 && s.SignIn != "" {
			c.of(fmt.Sprintf("bearer[%d]", i), "all paths are bearer clients', so nobody is sent to the sign-in page; "+
				"narrow it, or take sign-in out")
		}
	}
}

// bearer refuses paths of clients without cookies where no session is looked up, or where browsers sign in.
func (c *checker) bearer(s *Site) {
	page, _, _ := strings.Cut(s.SignIn, "?")
	for i, p := range s.Bearer {
		path := fmt.Sprintf("bearer[%d]", i)
		if page != "" && p.String() != "/" && p.Matches(http.MethodGet, page) {
			c.of(path, "it matches the sign-in page, where browsers get their cookie; narrow it, or take sign-in out")
		}
		for _, public := range s.Public {
			if route.PublicPattern(public).Covers(p) {
				c.of(path, "no session is looked up below public: %s, so no ticket counts there; take one of them out",
					public)
			}
		}
	}
}

// given reports whether the file has a key of the site.
func (c *checker) given(key string) bool { return c.file != nil && c.file.at[c.prefix+key] != nil }

// signInPageIsRequired reports a sign-in page that can only be seen by who is signed in.
func (c *checker) signInPageIsRequired(s *Site) bool {
	path, _, _ := strings.Cut(s.SignIn, "?")
	if path == "" || !localPath(s.SignIn) {
		return false
	}
	for i, public := range s.Public {
		if strings.HasPrefix(public, "/") && route.PublicPattern(public).Matches(http.MethodPost, path) {
			c.of(fmt.Sprintf("public[%d]", i), "it matches the sign-in page, where somebody has to become signed in, "+
				"and no session is looked up on public paths; take it out")
			return true
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for i := range s.Routes {
			r := &s.Routes[i]
			if r.Match.String() == "" || !r.Match.Matches(method, path) {
				continue
			}
			access := r.Rule().Access
			if access == route.Required || access == route.Public && method == http.MethodPost {
				c.of(fmt.Sprintf("routes[%d].match", i), "it matches the sign-in page, %s %s, where nobody is "+
					"signed in yet "+
					"and somebody has to become it; put a route before it: match: %s, access: any", method, path, path)
				return true
			}
			break
		}
	}
	return false
}

func localPath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "\\ \t\r\n#")
}

// webURL reports whether a text is a URL of the web.
func webURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// checkInventory reports what is wrong with a file that declares what a site keeps.
func checkInventory(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, state.MaxInventory+1))
	if err == nil {
		_, err = state.ParseInventory(text)
	}
	return err
}
