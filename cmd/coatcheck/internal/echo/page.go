package echo

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageText string

var pages = template.Must(template.New("page").Parse(pageText))

// view is what the pages show.
type view struct {
	Report   *Report
	Services []offer
	Secrets  bool
	SignIn   bool
	ReturnTo string
}

type offer struct{ Path, About string }

// page is for people: what reached the echo, and what it can do.
func (x *conversation) page() error {
	v := view{Report: x.shown(), Secrets: x.server.opts.ShowSecrets, SignIn: x.server.opts.SignIn}
	for _, s := range services {
		v.Services = append(v.Services, offer{Prefix + s.path, s.about})
	}
	return x.render("page", v)
}

// form asks who is to be signed in.
func (x *conversation) form() error {
	return x.render("form", view{ReturnTo: x.query.Get("return_to")})
}

func (x *conversation) render(name string, v view) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, v); err != nil {
		return x.write(&output{status: http.StatusInternalServerError})
	}
	return x.write(&output{status: http.StatusOK, kind: "text/html; charset=utf-8", body: b.Bytes()})
}
