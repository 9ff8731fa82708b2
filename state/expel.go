package state

import (
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/cookie"
	"coatcheck.dev/internal/wrapped"
)

// Handler makes browsers forget cookies that came without consent, such as those that a script of a page has set after
// the visitor said no. Nobody knows from a request by which path, domain and partition such a cookie is kept, so the
// response deletes it by every one that could have sent it here. Without such a cookie a request costs a look at the
// names of its cookies.
//
// Declare the names of scripts' cookies with [Inventory.Declare]: what nobody declared is nobody's to delete.
func (c *Consent) Handler(next http.Handler) http.Handler {
	wrapped.MustBe(next, "state: Consent.Handler")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.comesUninvited(r) {
			a, _ := c.Answer(r)
			c.expelSent(w, r, a.Agreed)
		}
		next.ServeHTTP(w, r)
	})
}

func (c *Consent) comesUninvited(r *http.Request) bool {
	for name := range cookie.All(r.Header["Cookie"]) {
		if e := c.optional(name); e != nil && !c.Allows(r, e.Purpose) {
			return true
		}
	}
	return false
}

// optional returns the entry of a cookie that needs consent, nil if the name is another one's.
func (c *Consent) optional(name string) *Entry {
	if e := c.inventory().lookup(KindCookie, "", name); e != nil && e.Purpose.NeedsConsent() {
		return &e.Entry
	}
	return nil
}

// expel deletes the cookies of all purposes but the agreed ones: the declared cookies as they are declared, because a
// cookie of another path is not in this request, and those in the request.
func (c *Consent) expel(w http.ResponseWriter, r *http.Request, agreed []Purpose) {
	clears, keeps := false, false // the browser's storage
	for _, e := range c.inventory().Entries() {
		kept := !e.Purpose.NeedsConsent() || slices.Contains(agreed, e.Purpose)
		switch e.Place.Kind() {
		case KindCookie:
			if !kept && !strings.HasSuffix(e.Name, "*") {
				remove(w, e.Cookie())
			}
		case KindLocalStorage, KindSessionStorage, KindIndexedDB, KindServiceWorker:
			clears, keeps = clears || !kept, keeps || kept
		}
	}
	if clears && !keeps { // the header takes all of it
		w.Header().Add("Clear-Site-Data", `"storage"`)
	}
	c.expelSent(w, r, agreed)
}

// Proxies accept a few kilobytes of headers, nginx 4 by default, and answer 502 beyond that. So a response has at most
// maxRemovals lines, of about a hundred bytes, and leaves what is left to the next one. A path has maxFolders at most,
// and a host maxLabels. The rest of longer ones is not looked at.
const (
	maxRemovals = 20
	maxFolders  = 8
	maxLabels   = 5
)

// expelSent deletes the cookies in the request that may not be there, by every scope that may have sent them. Those
// that are likely come first. The rest come by chance, so that sooner or later each has its turn.
func (c *Consent) expelSent(w http.ResponseWriter, r *http.Request, agreed []Purpose) {
	var done []string
	var likely, rest []cookie.Cookie
	for name := range cookie.All(r.Header["Cookie"]) {
		e := c.optional(name)
		if e == nil || slices.Contains(agreed, e.Purpose) || slices.Contains(done, name) {
			continue
		}
		done = append(done, name)
		first, others := scopes(e, name, r)
		likely, rest = append(likely, first...), append(rest, others...)
	}
	for _, all := range [][]cookie.Cookie{likely, rest} {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	all := append(likely, rest...)
	for i := range min(len(all), maxRemovals) {
		remove(w, &all[i])
	}
}

// scopes returns cookies of the name with all paths, domains and partitions by which a browser sends it with the
// request (RFC 6265bis sections 5.1.3 and 5.1.4; CHIPS): as it is declared or for the whole site, and all others. What
// is declared without a partition has none, and prefixes of names leave less to guess.
func scopes(e *Entry, name string, r *http.Request) (likely, rest []cookie.Cookie) {
	declared := *e.Cookie()
	declared.Name = name
	likely = []cookie.Cookie{declared}
	if lower := strings.ToLower(name); strings.HasPrefix(lower, "__host-") {
		return likely, nil
	}
	partitions := []bool{false, true}
	if e.Attributes != nil && !declared.Partitioned {
		partitions = partitions[:1]
	}
	for _, path := range pathsOf(r.URL.Path) {
		for _, domain := range domainsOf(r.Host) {
			for _, partitioned := range partitions {
				one := cookie.Cookie{Name: name, Domain: domain, Path: path, Partitioned: partitioned,
					Secure: partitioned || declared.Secure || strings.HasPrefix(name, "__")}
				if path == "/" {
					likely = append(likely, one)
				} else {
					rest = append(rest, one)
				}
			}
		}
	}
	return likely, rest
}

// domainsOf returns "" for the host alone, then the host and what it is below of, but for the last label.
func domainsOf(host string) []string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	all := []string{""}
	if net.ParseIP(strings.Trim(host, "[]")) != nil || len(host) > 253 {
		return all
	}
	for host = strings.ToLower(strings.TrimSuffix(host, ".")); strings.Contains(host, ".") &&
		len(all) < maxLabels; {
		all = append(all, host)
		_, host, _ = strings.Cut(host, ".")
	}
	return all
}

// pathsOf returns the paths that match a request's: "/", and for each folder the spelling with a slash and without.
func pathsOf(path string) []string {
	all := []string{"/"}
	for i := 1; i < len(path) && len(all) < 2*maxFolders; i++ {
		if path[i] == '/' {
			all = append(all, path[:i], path[:i+1])
		}
	}
	if len(path) > 1 && !strings.HasSuffix(path, "/") {
		all = append(all, path)
	}
	return all
}

// remove deletes a cookie. A scope that no browser keeps needs no removal.
func remove(w http.ResponseWriter, c *cookie.Cookie) {
	if err := cookie.Set(w.Header(), c.Deletion()); err == nil {
		keepPrivate(w.Header())
	}
}
