package shop

import (
	"io"
	"net/http"

	"coatcheck.dev/csrf"
	"coatcheck.dev/devices"
)

// account is the page of package devices, in the shop's layout.
func (s *shop) account(guard *csrf.Guard) http.Handler {
	return devices.Handler(s.sessions, devices.Options{
		Path: "/account/", Guard: guard, Log: s.opts.Log,
		Page: func(w io.Writer, r *http.Request, p devices.Page) error {
			content, err := p.Content()
			if err != nil {
				return err
			}
			return templates.ExecuteTemplate(w, "account", s.layout(r, "Your devices", content))
		},
	})
}
