package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/appkey"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/internal/visible"
)

// appKeysPath is where the keys of services are.
func appKeysPath(where config.AppKeyFile) string {
	return cmp.Or(where.File, folder.At(where.Data).AppKeysPath())
}

// appKeys runs one of the commands on the keys of services.
func (p *Program) appKeys(line *config.Line) error {
	switch line.Command {
	case config.NewAppKey:
		return p.newAppKey(&line.AppKeys.New)
	case config.RetireAppKey:
		return p.retireAppKey(&line.AppKeys.Retire)
	}
	return p.listAppKeys(appKeysPath(line.AppKeys.List))
}

// newAppKey makes a key. It alone goes to standard output, for scripts.
func (p *Program) newAppKey(flags *config.NewKey) error {
	var scopes []appkey.Scope
	for _, s := range flags.Scope {
		scopes = append(scopes, appkey.Scope(s))
	}
	text, key, err := appkey.New(scopes, flags.Label)
	if err != nil {
		return err
	}
	path := appKeysPath(flags.AppKeyFile)
	if err := appkey.Add(path, key); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(p.Stdout, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stderr, "This key is shown once. Its ID is %s; %s has its hash.\n", key.ID, path)
	return err
}

func (p *Program) retireAppKey(flags *config.OldKey) error {
	path := appKeysPath(flags.AppKeyFile)
	existed, err := appkey.Remove(path, flags.ID)
	if err != nil {
		return err
	}
	if !existed {
		return fmt.Errorf("%s has no key %.40q; coatcheck app-keys list shows those that there are", path, flags.ID)
	}
	_, err = fmt.Fprintf(p.Stdout, "Retired: %s\n", flags.ID)
	return err
}

func (p *Program) listAppKeys(path string) error {
	keys, err := appkey.Load(path)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "ID\tCREATED\tSCOPES\tLABEL\n")
	for i := range keys {
		k := &keys[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.ID, k.Created.Format(time.RFC3339), appkey.List(k.Scopes),
			visible.Text(k.Label))
	}
	return table.Flush()
}

// openAppKeys opens the keys of services, and follows their file.
func (s *server) openAppKeys(file string) (*appkey.Ring, error) {
	ring, err := appkey.Open(cmp.Or(file, s.folder.AppKeysPath()))
	if err != nil {
		return nil, fmt.Errorf("--app-keys: %w", err)
	}
	go ring.Follow(s.closing, func(err error) {
		s.log.Error("the app keys cannot be read again; those of before stay in use", "error", err)
	})
	return ring, nil
}
