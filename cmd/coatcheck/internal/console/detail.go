package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A detail is the page of one session.
type detail struct {
	row
	Proofs []shownAuth // of who the user is, the newest first
	IdleBy string      // when it ends if it is not used
	Values []kept      // by key
	Bytes  count       // of all values
	Back   string
	Line   []happening // what is known of it, oldest first
}

// A gone session is the page of one that there is no more.
type gone struct {
	Handle string
	Ended  string // when, by whom and why, if that is known
	Line   []happening
}

// A shownAuth says how and when a user proved who they are.
type shownAuth struct {
	How string
	At  displayTime
}

// A kept value has a size on the page, and no content: that is not for operators.
type kept struct {
	Key   string
	Bytes count
}

func (c *Console) showSession(w http.ResponseWriter, r *http.Request) {
	handle, err := store.ParseID(r.PathValue("handle"))
	if err != nil {
		c.malformed(w, r, "The address of this page does not name a session.")
		return
	}
	var page detail
	err = c.opts.Sessions.Update(r.Context(), handle, func(s *session.Session) error {
		page = c.newDetail(s, time.Now())
		return nil
	})
	line, ended := c.line(r, handle)
	switch {
	case errors.Is(err, session.ErrEnded):
		c.show(w, r, http.StatusNotFound, "gone", "This session has ended", gone{handle.String(), ended, line})
	case err != nil:
		c.storeFailed(w, r)
	default:
		page.Line = line
		c.show(w, r, http.StatusOK, "session", "Session "+handle.String(), page)
	}
}

func (c *Console) newDetail(s *session.Session, now time.Time) detail {
	info, _ := s.Info()
	d := detail{row: newRow(info, c.opts.Sessions.Options(), now), Back: "/"}
	d.IdleBy = newDisplayTime(info.Ends(), now).Exact
	if info.User != "" {
		d.Back = listingURL(info.User, store.Cursor{})
	}
	for _, a := range slices.Backward(s.Auth()) {
		d.Proofs = append(d.Proofs, shownAuth{howProved(a), newDisplayTime(a.At, now)})
	}
	for key, value := range s.Values() {
		d.Values = append(d.Values, kept{visible.Text(key), count(len(value))})
		d.Bytes += count(len(value))
	}
	slices.SortFunc(d.Values, func(a, b kept) int { return strings.Compare(a.Key, b.Key) })
	return d
}

// howProved is the app's word for the method, with the level if it is not the plain one.
func howProved(a store.Auth) string {
	how := visible.Text(a.Method)
	if how == "" {
		how = "in a way that the app does not name"
	}
	if a.Level > 1 {
		how += ", level " + strconv.Itoa(a.Level)
	}
	return how
}
