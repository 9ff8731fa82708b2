package main

import (
	"cmp"
	"fmt"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/internal/atomicfile"
)

// openOperators opens the console's operators, and notes for other processes where links to it lead.
func (s *server) openOperators(flags *config.Server) (*operator.Roster, error) {
	path := cmp.Or(flags.Operators, s.folder.OperatorsPath())
	roster, err := operator.Open(path, s.folder.LinksPath())
	if err != nil {
		return nil, fmt.Errorf("--operators: %w", err)
	}
	if gates := flags.ConsoleGates(); len(gates) > 0 {
		s.log.Warn("--console-trust-user-from: whoever can connect to the console from there is any operator they like",
			"networks", gates)
	}
	if err := atomicfile.Replace(s.folder.ConsolePath(), []byte(s.back.URL()+"\n")); err != nil {
		s.log.Error("the console's address cannot be noted: coatcheck operators link needs --console", "error", err)
	}
	return roster, nil
}

// followOperators signs out whoever is no operator any more, or may do less than before.
func (s *server) followOperators(roster *operator.Roster) {
	go roster.Follow(s.closing, s.console.Dismiss, func(err error) {
		s.log.Error("the operators cannot be read again; those of before stay", "error", err)
	})
}
