package console

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/cmd/coatcheck/internal/passkey"
	"coatcheck.dev/session"
)

// A waiting visitor has shown a link or a token, and has to show a passkey as well.
type waiting struct {
	Operator operator.Operator // as it was then
	Method   string            // by what it was shown
	Until    time.Time
	ReturnTo string
}

var (
	waits    = session.NewKey[waiting]("waiting")
	ceremony = session.NewKey[passkey.State]("passkey") // that is under way in a browser
)

// mustShowPasskey notes that a visitor has shown the first factor.
func (c *Console) mustShowPasskey(w http.ResponseWriter, r *http.Request, o *operator.Operator, method string) bool {
	s := c.operators.From(r.Context())
	until := time.Now().Add(passkey.Time)
	err := waits.Set(s, waiting{*o, method, until, session.ReturnTo(r, "/")})
	if errors.Is(err, session.ErrPlainHTTP) {
		c.askToSignIn(w, r, http.StatusForbidden, "") // which says why
		return false
	}
	if err != nil {
		c.log.Error("remember the first factor", "error", err)
		http.Error(w, "The console could not go on. The log says why.", http.StatusInternalServerError)
		return false
	}
	return true
}

// A keyPage is the page that has a browser make or show a passkey.
type keyPage struct {
	Name    string
	Options string // for navigator.credentials
	Problem string
	Notice  string // what has just happened
	Keys    []shownKey
	Full    bool // there may be no more passkeys
}

// A shownKey is a passkey in a list.
type shownKey struct {
	ID      string
	Host    string
	Created displayTime
}

// awaited returns who has to show a passkey, if the first factor still counts.
func (c *Console) awaited(r *http.Request) (waiting, bool) {
	wait, ok := waits.Lookup(c.operators.From(r.Context()))
	if !ok || time.Now().After(wait.Until) || !c.opts.Operators.Keeps(&wait.Operator) {
		return wait, false
	}
	return wait, true
}

func (c *Console) askForPasskey(w http.ResponseWriter, r *http.Request) {
	c.askPasskey(w, r, http.StatusOK, "")
}

func (c *Console) askPasskey(w http.ResponseWriter, r *http.Request, status int, problem string) {
	wait, ok := c.awaited(r)
	if !ok {
		c.askToSignIn(w, r, http.StatusUnauthorized, "It took too long, or something has changed. Please begin again.")
		return
	}
	options, state, err := passkey.Ask(&wait.Operator, r.Host)
	if err != nil {
		c.say(w, r, http.StatusForbidden, message{"Your passkeys are good at another name", "They were made for " +
			wait.Operator.Passkeys[0].Host + ": open the console there. If that is not possible any more, run " +
			"coatcheck operators reset-passkey beside the program.", "/sign-in", "Begin again"})
		return
	}
	if !c.remember(w, r, state) {
		return
	}
	c.show(w, r, status, "passkey", "Show your passkey", keyPage{
		Name: wait.Operator.Name, Options: options, Problem: problem,
	})
}

// remember keeps the state of a ceremony, for one answer.
func (c *Console) remember(w http.ResponseWriter, r *http.Request, state passkey.State) bool {
	if err := ceremony.Set(c.operators.From(r.Context()), state); err != nil {
		c.log.Error("begin with a passkey", "error", err)
		http.Error(w, "The console could not ask for a passkey. The log says why.", http.StatusInternalServerError)
		return false
	}
	return true
}

// recall takes the state of the ceremony that an answer belongs to, so that no second answer is good.
func (c *Console) recall(r *http.Request) (passkey.State, bool) {
	s := c.operators.From(r.Context())
	state, ok := ceremony.Lookup(s)
	return state, ok && ceremony.Delete(s) == nil
}

func (c *Console) showPasskey(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	wait, waited := c.awaited(r)
	state, begun := c.recall(r)
	if !waited || !begun {
		c.askPasskey(w, r, http.StatusUnauthorized, "It took too long. Please try again.")
		return
	}
	shown, err := passkey.Shown(&wait.Operator, r.Host, state, r.PostForm.Get("answer"))
	if err != nil {
		c.refuse(r, wait.Operator.Name, err)
		c.askPasskey(w, r, http.StatusUnauthorized, "That was not your passkey.")
		return
	}
	if err := c.editPasskeys(wait.Operator.Name, func(o *operator.Operator) error {
		for i := range o.Passkeys {
			if string(o.Passkeys[i].ID) == string(shown.ID) {
				o.Passkeys[i] = shown
			}
		}
		return nil
	}); err != nil {
		c.log.Error("count the use of a passkey", "operator", wait.Operator.Name, "error", err)
	}
	if c.signInOperator(w, r, &wait.Operator, wait.Method+" and passkey") {
		http.Redirect(w, r, wait.ReturnTo, http.StatusSeeOther)
	}
}

// editPasskeys changes the file of the operators.
func (c *Console) editPasskeys(name string, edit func(*operator.Operator) error) error {
	if c.opts.Operators.Path() == "" {
		return errors.New("there is no file of operators")
	}
	err := operator.Edit(c.opts.Operators.Path(), name, edit)
	c.opts.Operators.Refresh()
	return err
}

func (c *Console) listPasskeys(w http.ResponseWriter, r *http.Request) {
	c.askNewPasskey(w, r, http.StatusOK, "")
}

func (c *Console) askNewPasskey(w http.ResponseWriter, r *http.Request, status int, problem string) {
	o, now := c.Who(r), time.Now()
	page := keyPage{
		Name: o.Name, Problem: problem, Notice: c.takeNotice(r), Full: len(o.Passkeys) >= operator.MaxPasskeys,
	}
	for i := range o.Passkeys {
		k := &o.Passkeys[i]
		page.Keys = append(page.Keys, shownKey{
			base64.RawURLEncoding.EncodeToString(k.ID), k.Host, newDisplayTime(k.Created, now),
		})
	}
	options, state, err := passkey.New(o, r.Host)
	switch {
	case err != nil && problem == "":
		page.Problem = upper(err.Error())
	case err == nil && !c.remember(w, r, state):
		return
	case err == nil:
		page.Options = options
	}
	c.show(w, r, status, "passkeys", "Passkeys", page)
}

var errFull = errors.New("there are as many passkeys as there may be")

func (c *Console) addPasskey(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	o := c.Who(r)
	state, begun := c.recall(r)
	if !begun {
		c.askNewPasskey(w, r, http.StatusConflict, "It took too long. Please try again.")
		return
	}
	made, err := passkey.Made(o, r.Host, state, r.PostForm.Get("answer"), time.Now())
	if err != nil {
		c.log.Warn("passkey_refused", "operator", o.Name, "reason", err)
		c.askNewPasskey(w, r, http.StatusUnprocessableEntity, "Nothing was added: the browser's answer is not good.")
		return
	}
	if err := c.editPasskeys(o.Name, func(o *operator.Operator) error {
		if len(o.Passkeys) >= operator.MaxPasskeys {
			return errFull
		}
		o.Passkeys = append(o.Passkeys, made)
		return nil
	}); err != nil {
		c.log.Error("add a passkey", "operator", o.Name, "error", err)
		c.askNewPasskey(w, r, http.StatusInternalServerError, "Nothing was added. The log says why.")
		return
	}
	c.log.Warn("passkey_added", "operator", o.Name, "address", r.RemoteAddr)
	c.dismissOthers(r, o.Name)
	c.leaveTo(w, r, "/passkeys", "The passkey is there. From now on it is asked for.")
}

// dismissOthers ends an operator's other sessions: they have begun without the passkey, or by one that is gone.
func (c *Console) dismissOthers(r *http.Request, name string) {
	if _, err := c.operators.RevokeUser(r.Context(), name, c.operators.From(r.Context()).Handle()); err != nil {
		c.log.Error("end an operator's other sessions", "operator", name, "error", err)
	}
}

// signInAnew has the operator's own session begin now, because those that were there when a passkey went are ended.
func (c *Console) signInAnew(w http.ResponseWriter, r *http.Request, name string) bool {
	o := c.opts.Operators.Find(name)
	if o == nil {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return false
	}
	s, _ := c.operators.From(r.Context()).Info()
	return c.signInOperator(w, r, o, s.Method)
}

func (c *Console) removePasskey(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	o := c.Who(r)
	id, err := base64.RawURLEncoding.DecodeString(r.PostForm.Get("id"))
	if err != nil || len(id) == 0 {
		c.malformed(w, r, "The form does not name a passkey.")
		return
	}
	if err := c.editPasskeys(o.Name, func(o *operator.Operator) error {
		o.Passkeys = slices.DeleteFunc(o.Passkeys, func(k operator.Passkey) bool { return string(k.ID) == string(id) })
		return nil
	}); err != nil {
		c.log.Error("remove a passkey", "operator", o.Name, "error", err)
		c.askNewPasskey(w, r, http.StatusInternalServerError, "Nothing was removed. The log says why.")
		return
	}
	c.log.Warn("passkey_removed", "operator", o.Name, "address", r.RemoteAddr)
	c.dismissOthers(r, o.Name)
	if !c.signInAnew(w, r, o.Name) {
		return
	}
	c.leaveTo(w, r, "/passkeys", "The passkey is forgotten.")
}
