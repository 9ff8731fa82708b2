package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
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
	Shown  bool        // the values are on the page, as far as they may be
	Back   string
	Line   []happening // what is known of it, oldest first
	user   string
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

// A kept value has a size on the page. Its content is there only if an operator has asked for it who may see it, and
// its key is not declared as a secret.
type kept struct {
	Key   string
	Bytes count
	Text  string
	Held  bool // it may not be seen
}

func (c *Console) showSession(w http.ResponseWriter, r *http.Request) { c.showOne(w, r, nil) }

// showValues shows a session with what is kept in it, and notes that somebody has looked.
func (c *Console) showValues(w http.ResponseWriter, r *http.Request) { c.showOne(w, r, c.opts.Shows) }

// showOne shows a session, with the values of the keys that shows reports, if it is not nil.
func (c *Console) showOne(w http.ResponseWriter, r *http.Request, shows func(key string) bool) {
	handle, err := store.ParseID(r.PathValue("handle"))
	if err != nil {
		c.malformed(w, r, "The address of this page does not name a session.")
		return
	}
	var page detail
	err = c.opts.Sessions.Update(r.Context(), handle, func(s *session.Session) error {
		page = c.newDetail(s, time.Now(), shows)
		return nil
	})
	if err == nil && shows != nil {
		c.noteLook(r, handle, page)
	}
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

// noteLook keeps in the history that an operator has looked at values.
func (c *Console) noteLook(r *http.Request, handle store.ID, page detail) {
	var keys []string
	for _, v := range page.Values {
		if !v.Held {
			keys = append(keys, v.Key)
		}
	}
	if len(keys) > 0 {
		c.opts.History.Note(history.Entry{
			Kind: history.OperatorActed, Handle: handle, User: page.user, Actor: c.operatorName(r),
			Address: c.address(r), Reason: history.Looked(keys),
		})
	}
}

func (c *Console) newDetail(s *session.Session, now time.Time, shows func(key string) bool) detail {
	info, _ := s.Info()
	d := detail{row: newRow(info, c.opts.Sessions.Options(), now), Back: "/", Shown: shows != nil,
		user: info.User}
	d.IdleBy = newDisplayTime(info.Ends(), now).Exact
	if info.User != "" {
		d.Back = listingURL(info.User, store.Cursor{})
	}
	for _, a := range slices.Backward(s.Auth()) {
		d.Proofs = append(d.Proofs, shownAuth{howProved(a), newDisplayTime(a.At, now)})
	}
	for key, value := range s.Values() {
		v := kept{Key: visible.Text(key), Bytes: count(len(value))}
		if shows != nil {
			if v.Held = !shows(key); !v.Held {
				v.Text = visible.Text(string(value))
			}
		}
		d.Values = append(d.Values, v)
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
