package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
)

// operators runs one of the commands on the console's operators.
func (p *Program) operators(line *config.Line) error {
	switch flags := &line.Operators; line.Command {
	case config.AddOperator:
		return p.addOperator(&flags.Add)
	case config.ChangeOperator:
		return p.changeRole(&flags.Role)
	case config.RetireOperator:
		return p.retireOperator(&flags.Retire)
	case config.LinkOperator:
		return p.linkOperator(&flags.Link)
	case config.ResetPasskey:
		return p.resetPasskey(&flags.ResetPasskey)
	}
	return p.listOperators(operatorsPath(line.Operators.List))
}

// operatorsPath is where the operators are.
func operatorsPath(where config.OperatorFile) string {
	return cmp.Or(where.File, folder.At(where.Data).OperatorsPath())
}

func (p *Program) addOperator(flags *config.NewOperator) error {
	token, o, err := operator.New(flags.Name, operator.Role(flags.Role), time.Now())
	if err != nil {
		return err
	}
	path := operatorsPath(flags.OperatorFile)
	if err := operator.Change(path, func(all []operator.Operator) ([]operator.Operator, error) {
		if slices.ContainsFunc(all, func(a operator.Operator) bool { return strings.EqualFold(a.Name, o.Name) }) {
			return nil, fmt.Errorf("there is an operator %s already; coatcheck operators role changes what they may do",
				o.Name)
		}
		return append(all, o), nil
	}); err != nil {
		return err
	}
	return p.showToken(token, flags.Name, path)
}

// showToken prints a token alone to standard output, for scripts.
func (p *Program) showToken(token, name, path string) error {
	if _, err := fmt.Fprintln(p.Stdout, token); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.Stderr, "This token of %s is shown once; %s has its hash.\n", name, path)
	return err
}

func (p *Program) changeRole(flags *config.NewRole) error {
	path := operatorsPath(flags.OperatorFile)
	token := ""
	if err := operator.Edit(path, flags.Name, func(o *operator.Operator) error {
		if o.Name == operator.Owner {
			return fmt.Errorf("the operator %s does everything; add another, with a role of their own", operator.Owner)
		}
		o.Role, token = operator.Role(flags.Role), o.NewToken()
		return nil
	}); err != nil {
		return fmt.Errorf("%.40q: %w", flags.Name, err)
	}
	return p.showToken(token, flags.Name, path)
}

func (p *Program) retireOperator(flags *config.OneOperator) error {
	if flags.Name == operator.Owner {
		return fmt.Errorf("the operator %s cannot retire: whoever may read the data folder is one", operator.Owner)
	}
	path := operatorsPath(flags.OperatorFile)
	if err := operator.Change(path, func(all []operator.Operator) ([]operator.Operator, error) {
		rest := slices.DeleteFunc(slices.Clone(all), func(o operator.Operator) bool { return o.Name == flags.Name })
		if len(rest) == len(all) {
			return nil, fmt.Errorf("%.40q: %w", flags.Name, operator.ErrUnknown)
		}
		return rest, nil
	}); err != nil {
		return err
	}
	operator.LinksIn(folder.At(flags.Data).LinksPath()).Withdraw(flags.Name)
	_, err := fmt.Fprintf(p.Stdout, "Retired: %s\n", flags.Name)
	return err
}

func (p *Program) linkOperator(flags *config.NewLink) error {
	at := folder.At(flags.Data)
	all, err := operator.Load(operatorsPath(flags.OperatorFile))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(o operator.Operator) bool { return o.Name == flags.Name })
	switch {
	case i < 0 && flags.Name != operator.Owner:
		return fmt.Errorf("%.40q: %w", flags.Name, operator.ErrUnknown)
	case i >= 0 && !all[i].Role.May(operator.Look):
		return fmt.Errorf("%s may not use the console: the role is %s", flags.Name, all[i].Role)
	}
	console, err := consoleURL(flags.Console, at)
	if err != nil {
		return err
	}
	secret, err := operator.LinksIn(at.LinksPath()).Mint(flags.Name, time.Now())
	if err != nil {
		return fmt.Errorf("make a sign-in link: %w", err)
	}
	_, err = fmt.Fprintln(p.Stdout, operator.LinkURL(console, secret))
	return err
}

// consoleURL is where browsers find the console of a data folder's program.
func consoleURL(given string, at *folder.Folder) (string, error) {
	if given == "" {
		text, err := os.ReadFile(at.ConsolePath())
		if err != nil {
			return "", errors.New("no program has run in this data folder; name it with --data, or the console with " +
				"--console")
		}
		given = strings.TrimSpace(string(text))
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%.60q is no address of a console, such as https://console.example", given)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (p *Program) resetPasskey(flags *config.OneOperator) error {
	path := operatorsPath(flags.OperatorFile)
	had := 0
	if err := operator.Edit(path, flags.Name, func(o *operator.Operator) error {
		had, o.Passkeys = len(o.Passkeys), nil
		return nil
	}); err != nil {
		return fmt.Errorf("%.40q: %w", flags.Name, err)
	}
	_, err := fmt.Fprintf(p.Stdout, "Forgotten: %d passkeys of %s\n", had, flags.Name)
	return err
}

func (p *Program) listOperators(path string) error {
	all, err := operator.Load(path)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "NAME\tROLE\tADDED\tPASSKEYS\n")
	if !slices.ContainsFunc(all, func(o operator.Operator) bool { return o.Name == operator.Owner }) {
		fmt.Fprintf(table, "%s\t%s\t-\t0\n", operator.Owner, operator.Security)
	}
	for i := range all {
		o := &all[i]
		added := "-"
		if !o.Created.IsZero() {
			added = o.Created.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\n", o.Name, o.Role, added, len(o.Passkeys))
	}
	return table.Flush()
}
