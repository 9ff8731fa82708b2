package devices

import (
	"context"
	"net/http"

	"coatcheck.dev/session"
)

// maxForm is the size of the largest body in bytes. Our own form has 26.
const maxForm = 4 << 10

// others stands in the place of a handle for all of the user's other devices. No handle is that short.
const others = "others"

func (h *handler) end(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || len(r.PostForm["end"]) != 1 {
		h.fail(w, r, http.StatusBadRequest, "The form has to have one value end: a handle, or others.")
		return
	}
	user := h.sessions.From(r.Context()).User()
	ctx := session.WithActor(r.Context(), user, "asked for on the page of devices")
	if r.PostForm.Get("end") == others {
		ended, err := h.sessions.RevokeUser(ctx, user, h.sessions.From(ctx).Handle())
		h.ended(w, r, ended, others, err)
		return
	}
	ended, err := h.endOne(ctx, r.PostForm.Get("end"))
	switch {
	case ended && !h.sessions.From(ctx).SignedIn():
		h.ended(w, r, 1, "", err) // the sign-in page comes next
	case ended:
		h.ended(w, r, 1, "one", err)
	case err == nil && wantsJSON(r):
		h.fail(w, r, http.StatusNotFound, "You are not signed in on a device of this handle.")
	default:
		h.ended(w, r, 0, "gone", err)
	}
}

// endOne signs one of the user's own devices out, and reports whether there was one. A handle does not name its user,
// so the user's list decides.
func (h *handler) endOne(ctx context.Context, handle string) (bool, error) {
	s := h.sessions.From(ctx)
	if s.Handle().String() == handle {
		return true, s.SignOut()
	}
	infos, err := h.sessions.List(ctx, s.User())
	if err != nil {
		return false, err
	}
	for _, i := range infos {
		if i.Handle.String() == handle {
			return h.sessions.Revoke(ctx, i.Handle)
		}
	}
	return false, nil
}

// ended redirects to the list, so that a reload sends nothing again.
func (h *handler) ended(w http.ResponseWriter, r *http.Request, n int, what string, err error) {
	switch {
	case err != nil:
		h.unavailable(w, r)
	case wantsJSON(r):
		writeJSON(w, http.StatusOK, map[string]int{"ended": n})
	case what == "":
		http.Redirect(w, r, h.opts.Path, http.StatusSeeOther)
	default:
		http.Redirect(w, r, h.opts.Path+"?done="+what, http.StatusSeeOther)
	}
}
