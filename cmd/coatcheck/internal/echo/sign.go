package echo

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// What a request may have the echo say to the gate. Anything else could be more than one order.
var (
	userName = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}$`)
	level    = regexp.MustCompile(`^[1-9][0-9]?$`)
)

// begin makes a session for a visitor, which is harmless: nobody is signed in.
func (x *conversation) begin(string) error {
	return x.write(x.told().add("Coatcheck-Set", "echo=true"))
}

// allowed answers requests that would sign anybody in where that is not allowed.
func (x *conversation) allowed() (bool, error) {
	if x.server.opts.SignIn {
		return true, nil
	}
	return false, x.write(&output{status: http.StatusForbidden, body: []byte(
		"Start coatcheck echo with --insecure-sign-in to sign anybody in without a password.\n")})
}

func (x *conversation) signIn(string) error {
	if ok, err := x.allowed(); !ok {
		return err
	}
	user := x.query.Get("user")
	switch {
	case user == "":
		return x.form()
	case !userName.MatchString(user):
		return x.bad("A user has 1 to 64 letters, digits and . _ @ -")
	}
	n := x.query.Get("level")
	if n != "" && !level.MatchString(n) {
		return x.bad("A level is 1 to 99.")
	}
	o := x.told()
	if to := x.query.Get("return_to"); local(to) {
		o.status = http.StatusSeeOther
		o.add("Location", to)
	}
	v := &asking{User: user, Remember: x.query.Has("remember")}
	v.Level, _ = strconv.Atoi(n) // 0 is none
	if x.server.opts.API != nil {
		return x.call("/v1/sessions", v, o)
	}
	order := user
	if v.Remember {
		order += "; remember"
	}
	if n != "" {
		order += "; level=" + n
	}
	return x.write(o.add("Coatcheck-Sign-In", order))
}

func (x *conversation) signOut(string) error {
	if ok, err := x.allowed(); !ok {
		return err
	}
	which := x.query.Get("which")
	switch which {
	case "":
		which = "this"
	case "this", "others", "all":
	default:
		return x.bad("Which is this, others or all.")
	}
	if x.server.opts.API != nil {
		return x.call("/v1/sessions/sign-out", &asking{Which: which}, x.told())
	}
	return x.write(x.told().add("Coatcheck-Sign-Out", which))
}

// local reports whether a place to go on to is a path of the site.
func local(to string) bool {
	return strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.ContainsAny(to, "\\\r\n\t")
}
