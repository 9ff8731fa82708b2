package audit

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"coatcheck.dev/internal/visible"
)

//go:embed report.html
var reportPage string

//go:embed report.css
var reportStyle string

var report = template.Must(template.New("report").Parse(reportPage))

// The report as its template has it. What the site has chosen is visible text.
type (
	reportView struct {
		Site, Summary string
		Style         template.CSS
		Started       time.Time
		Seconds       int
		Truncated     bool
		Drift         []itemView
		Groups        []groupView
		Missing       []string
		Faults        []Fault
		Scenes        []sceneView
		Times         []timesView
	}
	groupView struct {
		ID, Title string
		Items     []itemView
	}
	itemView struct {
		Kind, Name, Verdict, Says, Where, Cookie, Size, Scenes, First, Declared string
		Sources                                                                 []string
		Problems                                                                []Problem
	}
	sceneView struct {
		Name, Pages, Note string
		Shots             []shotView
	}
	shotView struct {
		Source             template.URL
		Page, Scene, After string
	}
	timesView struct {
		Name string
		Rows []rowView
	}
	rowView struct {
		What, Text, After string
		Percent           int
	}
)

// WriteHTML writes the audit as one page, with screenshots and a time line. It loads nothing and has no scripts.
func (a *Audit) WriteHTML(w io.Writer) error {
	v := reportView{Site: a.Site, Summary: a.headline(), Style: template.CSS(reportStyle), Started: a.Started.UTC(),
		Seconds: int(a.Took.Round(time.Second).Seconds()), Truncated: a.Truncated, Scenes: a.sceneViews(),
		Times: a.timesViews()}
	own := groupView{ID: "own", Title: "Of the site itself"}
	foreign := groupView{ID: "foreign", Title: "Of other sites"}
	for _, i := range a.Items {
		switch {
		case i.Verdict == Drift:
			v.Drift = append(v.Drift, i.view())
		case i.ThirdParty:
			foreign.Items = append(foreign.Items, i.view())
		default:
			own.Items = append(own.Items, i.view())
		}
	}
	for _, g := range []groupView{own, foreign} {
		if len(g.Items) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	for _, name := range a.Missing {
		v.Missing = append(v.Missing, visible.Text(name))
	}
	for _, f := range a.faults() {
		f.Cookie, f.Message = visible.Text(cmp.Or(f.Cookie, "(no name)")), visible.Text(f.Message)
		v.Faults = append(v.Faults, f)
	}
	var page bytes.Buffer // whole before its first byte goes out
	if err := report.Execute(&page, v); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func (a *Audit) headline() string {
	text := many(len(a.Items), "item")
	if a.Judged {
		text += fmt.Sprintf(", %d not as the inventory says", len(a.Drifts()))
	}
	return text + fmt.Sprintf(", %s of cookies.", many(len(a.faults()), "fault"))
}

var says = map[Verdict]string{Unjudged: "Not compared", Declared: "As declared", Drift: "Not as declared"}

func (i *Item) view() itemView {
	v := itemView{
		Kind: string(i.Kind), Name: visible.Text(cmp.Or(i.Name, "(no name)")), Verdict: string(i.Verdict),
		Where: visible.Text(i.where()), Scenes: visible.Text(strings.Join(i.Scenes, ", ")), Problems: i.Problems,
		First: visible.Text(i.First.Page) + ", after " + after(i.First.After),
		Says:  says[i.Verdict],
	}
	if i.Attributes != nil {
		v.Cookie = i.Attributes.String()
	}
	if i.Size > 0 {
		v.Size = many(i.Size, "byte")
	}
	if i.Declared != "" {
		v.Declared = visible.Text(i.Declared + " (" + i.Purpose + ")")
	}
	for _, s := range i.Sources {
		v.Sources = append(v.Sources, visible.Text(s.String()))
	}
	return v
}

func (a *Audit) sceneViews() (list []sceneView) {
	for _, s := range a.Scenes {
		v := sceneView{Name: visible.Text(s.Name), Pages: many(s.Pages, "page"), Note: visible.Text(s.Note)}
		for _, shot := range s.Shots {
			v.Shots = append(v.Shots, shotView{
				Source: template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(shot.JPEG)),
				Page:   visible.Text(shot.Page), Scene: v.Name, After: after(shot.After),
			})
		}
		list = append(list, v)
	}
	return list
}

// timesViews are the happenings of each scene. The bar shows when in the scene something happened.
func (a *Audit) timesViews() (list []timesView) {
	for _, s := range a.Scenes {
		v, last := timesView{Name: visible.Text(s.Name)}, time.Duration(1)
		for _, h := range a.Happened {
			if h.Scene == s.Name {
				last = max(last, h.After)
			}
		}
		for _, h := range a.Happened {
			if h.Scene == s.Name {
				v.Rows = append(v.Rows, rowView{What: h.What, Text: visible.Text(h.Text), After: after(h.After),
					Percent: int(98 * h.After / last)})
			}
		}
		list = append(list, v)
	}
	return list
}

func after(d time.Duration) string { return fmt.Sprintf("%.2f\u00a0s", d.Seconds()) }
