package backend

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// An engine is one kind of store. Nothing else in the program names one.
type engine struct {
	name    string   // such as "PostgreSQL"
	schemes []string // what its addresses begin with
	example string   // an address, for help texts and errors
	parse   func(scheme, rest string) (Address, error)
}

// engines are all kinds of stores. A new one is a file with its engine, and a line here.
var engines = []engine{sqliteFile, postgresServer, mysqlServer, redisNode, redisSentinel, redisCluster}

// An opener opens a store. With look it makes nothing.
type opener func(ctx context.Context, look bool) (*Backend, error)

// Examples returns an address of each kind of store.
func Examples() (all []string) {
	for _, e := range engines {
		all = append(all, e.example)
	}
	return all
}

// Schemes returns what addresses begin with, in one line.
func Schemes() string {
	var all []string
	for _, e := range engines {
		scheme, rest, _ := strings.Cut(e.example, ":")
		if scheme += ":"; strings.HasPrefix(rest, "//") {
			scheme += "//"
		}
		all = append(all, scheme)
	}
	return strings.Join(all, ", ")
}

// engineOf returns the engine that a scheme belongs to.
func engineOf(scheme string) (engine, bool) {
	i := slices.IndexFunc(engines, func(e engine) bool { return slices.Contains(e.schemes, scheme) })
	if i < 0 {
		return engine{}, false
	}
	return engines[i], true
}

// server reads the address of a server. Parameters that read leaves in the query are an error.
func server(read func(*location) (opener, error)) func(scheme, rest string) (Address, error) {
	return func(scheme, rest string) (Address, error) {
		l, err := parseURL(scheme, rest)
		if err != nil {
			return Address{}, err
		}
		a := Address{text: l.redacted(), secrets: l.secrets()}
		open, err := read(l)
		if err == nil {
			err = l.unread()
		}
		a.open = func(ctx context.Context, look bool) (*Backend, error) {
			b, err := open(ctx, look)
			if err != nil {
				return nil, a.hide(fmt.Errorf("open %s: %w", a, err))
			}
			return b, nil
		}
		return a, a.hide(err)
	}
}
