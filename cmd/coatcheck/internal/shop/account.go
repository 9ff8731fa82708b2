package shop

import (
	"io"
	"net/http"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/csrf"
	"coatcheck.dev/devices"
	"coatcheck.dev/session"
)

// binding tells by what key a session is bound to its device.
func binding(i session.Info) (key string, since time.Time) {
	b, _ := bound.Of(i)
	return b.Key, b.Since
}

// account is the page of package devices, in the shop's layout.
func (s *shop) account(guard *csrf.Guard) http.Handler {
	return devices.Handler(s.sessions, devices.Options{
		Path: "/account/", Guard: guard, Log: s.opts.Log, Bound: binding,
		Page: func(w io.Writer, r *http.Request, p devices.Page) error {
			content, err := p.Content()
			if err != nil {
				return err
			}
			return s.template(r).ExecuteTemplate(w, "account", s.layout(nowhere{}, r, "Your devices", content))
		},
	})
}
