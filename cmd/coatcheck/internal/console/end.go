package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/devices"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

func (c *Console) endSession(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	handle, err := store.ParseID(r.PostForm.Get("handle"))
	if err != nil {
		c.malformed(w, r, "The form does not name a session.")
		return
	}
	whose := c.whose(r.Context(), handle)
	existed, err := c.opts.Sessions.Revoke(c.acting(r), handle)
	switch {
	case err != nil:
		c.storeFailed(w, r)
	case existed:
		c.leave(w, r, "The session of "+whose+" has ended.")
	default:
		c.leave(w, r, "This session had already ended.")
	}
}

// whose names a session as people do: by its user and browser.
func (c *Console) whose(ctx context.Context, handle store.ID) string {
	who := "somebody"
	err := c.opts.Sessions.Update(ctx, handle, func(s *session.Session) error {
		if info, ok := s.Info(); ok {
			who = cmp.Or(visible.Text(info.User), "a visitor")
			if browser := cmp.Or(visible.Text(info.Device.Label), devices.Name(info.Device.UserAgent)); browser != "" {
				who += ", " + browser + ","
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, session.ErrEnded) {
		c.log.Warn("look whose session is ended", "error", err) // it ends all the same
	}
	return who
}

// An endingUser asks whether to end all sessions of a user.
type endingUser struct {
	User  string // as it is shown
	Count count
	Here  string // names the user, whatever bytes the name has; a field of a form could not
	Back  string
}

func endUserURL(user string) string { return "/end-user?user=" + url.QueryEscape(user) }

// userOf returns whom a page or its form is about. A false return means that the request was answered.
func (c *Console) userOf(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return "", false
	}
	user = r.Form.Get("user")
	if user == "" || len(user) > session.MaxUserLen {
		asked := "address of this page"
		if r.Method == http.MethodPost {
			asked = "form"
		}
		c.malformed(w, r, "The "+asked+" does not name a user.")
		return "", false
	}
	return user, true
}

// confirmEndUser asks on a page of its own, which takes no script.
func (c *Console) confirmEndUser(w http.ResponseWriter, r *http.Request) {
	user, ok := c.userOf(w, r)
	if !ok {
		return
	}
	there, err := c.opts.Sessions.Count(r.Context(), user)
	if err != nil {
		c.storeFailed(w, r)
		return
	}
	c.show(w, r, http.StatusOK, "end-user", "End all sessions of "+visible.Text(user), endingUser{
		User: visible.Text(user), Count: count(there), Here: endUserURL(user), Back: listingURL(user, store.Cursor{}),
	})
}

func (c *Console) endUser(w http.ResponseWriter, r *http.Request) {
	user, ok := c.userOf(w, r)
	if !ok {
		return
	}
	ended, err := c.opts.Sessions.RevokeUser(c.acting(r), user)
	switch {
	case err != nil:
		c.storeFailed(w, r)
	case ended == 1:
		c.leave(w, r, fmt.Sprintf("The session of %s has ended.", visible.Text(user)))
	default:
		c.leave(w, r, fmt.Sprintf("%v sessions of %s have ended.", count(ended), visible.Text(user)))
	}
}

// An endingAll asks whether to end all sessions there are.
type endingAll struct {
	Count   count  // 0 if the store could not tell: that must not keep anybody from ending them
	Word    string // to be typed
	Problem string
}

func (c *Console) confirmEndEverybody(w http.ResponseWriter, r *http.Request) {
	c.askEndEverybody(w, r, http.StatusOK, "")
}

// askEndEverybody asks on a page of its own for a word: a slip of the hand must not sign out everybody.
func (c *Console) askEndEverybody(w http.ResponseWriter, r *http.Request, status int, problem string) {
	counting, cancel := context.WithTimeout(r.Context(), api.CountTime)
	defer cancel()
	there, _ := c.opts.Sessions.Count(counting, "")
	c.show(w, r, status, "end-everybody", "End everybody's sessions", endingAll{count(there), api.Everybody, problem})
}

func (c *Console) endEverybody(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	if strings.TrimSpace(r.PostForm.Get("confirm")) != api.Everybody {
		c.askEndEverybody(w, r, http.StatusUnprocessableEntity, "Nothing has ended: that was not the word.")
		return
	}
	ended, known, err := api.EndEverybody(c.acting(r), c.opts.Sessions)
	switch {
	case err != nil:
		c.storeFailed(w, r)
	case !known:
		c.leave(w, r, "All sessions have ended.")
	case ended == 1:
		c.leave(w, r, "All sessions have ended: there was 1.")
	default:
		c.leave(w, r, fmt.Sprintf("All sessions have ended: there were %v.", count(ended)))
	}
}
