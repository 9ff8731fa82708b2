package config

import (
	"reflect"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/route"
	"coatcheck.dev/session"
)

// SessionOptions returns what the site's visitors get, as far as it is the site's to say.
func (s *Site) SessionOptions() session.Options { return s.sessionOptions() }

func (s *Site) sessionOptions() session.Options {
	o := preset(s.Preset)
	for _, d := range []struct {
		to   *time.Duration
		from time.Duration
	}{
		{&o.IdleTimeout, s.IdleTimeout}, {&o.Lifetime, s.Lifetime},
		{&o.RememberIdleTimeout, s.RememberIdleTimeout}, {&o.RememberLifetime, s.RememberLifetime},
		{&o.RotateEvery, s.RotateEvery}, {&o.RotationGrace, s.RotationGrace},
	} {
		if d.from != 0 {
			*d.to = d.from
		}
	}
	o.Realm, o.Cookie, o.InsecureDomain = s.Realm, s.Cookie.Name, s.Cookie.Domain
	o.SameSiteStrict, o.Partitioned = s.Cookie.SameSite == "strict", s.Cookie.Partitioned
	o.Theft = map[string]session.TheftPolicy{"step-up": session.TheftStepUp, "log": session.TheftLogOnly}[s.Theft]
	o.AtLimit = map[string]session.LimitPolicy{
		"end-least-used": session.LimitEndLeastUsed, "refuse": session.LimitRefuse,
	}[s.AtLimit]
	o.MaxSessions, o.MaxVisitors, o.MaxBytes, o.MaxKeys = s.MaxSessions, s.MaxVisitors, s.MaxBytes, s.MaxKeys
	o.SignInPath, o.PrivateCaching = s.SignIn, true
	if len(s.Bearer) > 0 {
		o.Header = route.Bearer
	}
	for i := range s.Routes {
		r := s.Routes[i].Rule()
		if r.Passive {
			o.Passive = route.Passive
		}
		if r.Stale > 0 || r.Access == route.Optional {
			o.OnFailure = route.OnFailure
		}
	}
	return o
}

func preset(name string) session.Options {
	switch name {
	case "aal1":
		return session.AAL1()
	case "aal2":
		return session.AAL2()
	case "aal3":
		return session.AAL3()
	case "owasp-low":
		return session.OWASPLow()
	case "owasp-high":
		return session.OWASPHigh()
	}
	return session.Options{}
}

// RouteOptions returns what the site's requests need.
func (s *Site) RouteOptions() route.Options {
	o := route.Options{
		Public: s.Public, Bearer: s.Bearer, TrustedOrigins: s.TrustOrigin,
		InsecureTrustNullOrigin: s.InsecureTrustNullOrigin, InsecureReportCrossSite: s.InsecureReportCrossSite,
	}
	for i := range s.Routes {
		o.Routes = append(o.Routes, s.Routes[i].Rule())
	}
	return o
}

// Rule returns the route as every door has it.
func (r *Route) Rule() route.Route {
	access := map[string]route.Access{
		"public": route.Public, "optional": route.Optional, "required": route.Required,
	}[r.Access]
	if r.Access == "" && (r.Recent > 0 || r.Level > 0) {
		access = route.Required
	}
	return route.Route{
		Match: r.Match, Access: access, Recent: r.Recent, Level: r.Level, Stale: r.Stale, Passive: r.Passive,
	}
}

// siteKeys are the keys that belong to one site.
func siteKeys() (names []string) {
	for _, k := range keysOf(reflect.TypeFor[Site]()) {
		names = append(names, k.name)
	}
	return names
}
