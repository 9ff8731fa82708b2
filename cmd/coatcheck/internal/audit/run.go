package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/lint"
)

// Output says what the command writes.
type Output struct {
	Format string // text, json, sarif or html
	Report string // the file of an HTML report beside that; "" is none
	FailOn string // the lowest severity of package lint that fails: error, warning, note or never
	Colour bool
}

// Run audits, and writes the report to out. Its error is a [check.Error], unless the report cannot be written. Drift
// and findings of package lint are its findings.
func Run(ctx context.Context, o *Options, to Output, out io.Writer) error {
	a, err := Look(ctx, o)
	switch {
	case errors.Is(err, ErrUnreachable):
		return &check.Error{Status: check.Unreachable, Err: err}
	case err != nil:
		return err
	}
	if to.Report != "" {
		if err := a.save(to.Report); err != nil {
			return err
		}
	}
	switch to.Format {
	case "json":
		err = a.WriteJSON(out)
	case "sarif":
		err = a.WriteSARIF(out)
	case "html":
		err = a.WriteHTML(out)
	default:
		err = a.WriteText(out, to.Colour)
	}
	if err != nil {
		return err
	}
	return a.verdict(to.FailOn)
}

func (a *Audit) save(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(a.WriteHTML(f), f.Close())
}

// verdict is the error of an audit.
func (a *Audit) verdict(failOn string) error {
	if !a.Judged && len(a.Items) == 0 {
		return &check.Error{Status: check.Nothing,
			Err: errors.New("nothing to judge: the site keeps nothing, and there is no inventory")}
	}
	drift, faults := len(a.Drifts()), 0
	if failOn != "never" {
		least, err := lint.ParseSeverity(failOn)
		if err != nil {
			return &check.Error{Status: check.Usage, Err: err}
		}
		for _, f := range a.faults() {
			if f.severity >= least {
				faults++
			}
		}
	}
	if drift+faults == 0 {
		return nil
	}
	text := many(faults, "finding") + " at or above the severity " + failOn
	switch {
	case faults == 0:
		text = many(drift, "item") + " not as the inventory says"
	case drift > 0:
		text = many(drift, "item") + " not as the inventory says, " + text
	}
	return &check.Error{Status: check.Findings, Err: errors.New(text)}
}
