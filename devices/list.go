package devices

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A Device is a browser or other program with a session of the user.
type Device struct {
	Handle   store.ID  `json:"handle"`     // the value of end
	Name     string    `json:"name"`       // in a few words; the client chose them
	Address  string    `json:"address"`    // where the session began
	Started  time.Time `json:"created_at"` // when it began
	LastSeen time.Time `json:"last_seen"`  // when it was last used, stale by up to session.Options.TouchInterval
	Ends     time.Time `json:"expires_at"` // when it has to sign in again at the latest, however much it is used
	Remember bool      `json:"remember"`   // whether it stays signed in when the browser closes
	Current  bool      `json:"current"`    // whether it sent this request

	Key   string    `json:"key,omitempty"`           // the kind of the key that binds it to the device, if one does
	Since time.Time `json:"key_created_at,omitzero"` // when the browser made that key
}

const perPage = 50

func (h *handler) device(i session.Info) Device {
	d := newDevice(i)
	if h.opts.Bound != nil {
		d.Key, d.Since = h.opts.Bound(i)
	}
	return d
}

func newDevice(i session.Info) Device {
	name := cmp.Or(visible.Text(i.Device.Label), Name(i.Device.UserAgent), "Unknown browser")
	return Device{
		Handle: i.Handle, Name: name, Address: i.Device.Address, Started: i.CreatedAt.UTC(), LastSeen: i.LastSeen.UTC(),
		Ends: i.ExpiresAt.UTC(), Remember: i.Remember, Current: i.Current,
	}
}

// list returns where the user of the request is signed in, this device first.
func (h *handler) list(r *http.Request) ([]Device, error) {
	s := h.sessions.From(r.Context())
	infos, err := h.sessions.List(r.Context(), s.User())
	if err != nil {
		return nil, err
	}
	devices := make([]Device, 0, len(infos)+1)
	if own, ok := s.Info(); ok {
		devices = append(devices, h.device(own)) // also if the user has more sessions than are listed
	}
	for _, i := range infos {
		if !i.Current {
			devices = append(devices, h.device(i))
		}
	}
	return devices, nil
}

// slice returns one page of the list and its number, from 1. Numbers out of range lead to the nearest page.
func slice(devices []Device, number string) (page []Device, n, last int) {
	last = max(1, (len(devices)+perPage-1)/perPage)
	n, err := strconv.Atoi(number[:min(len(number), 5)])
	if err != nil {
		n = 1
	}
	n = min(max(n, 1), last)
	return slices.Clip(devices[(n-1)*perPage : min(n*perPage, len(devices))]), n, last
}
