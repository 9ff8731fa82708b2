package config

import (
	"reflect"
	"strings"
)

// UserData is userData, for systems that this one is not.
var UserData = userData

// ParseDocument reads and checks the text of a configuration file.
func ParseDocument(name string, text []byte) (*Serve, error) {
	f, err := parseFile(name, text)
	if err != nil {
		return nil, err
	}
	s := f.flags
	s.file = f
	return &s, s.Check()
}

// Paths returns the paths of all keys, and whether a flag should have their names.
func Paths() map[string]bool {
	all := make(map[string]bool)
	for _, k := range leaves(reflect.TypeFor[Serve](), "") {
		all[k.name] = k.field.Tag.Get("kong") != "-" && !strings.HasPrefix(k.name, "shared-signals.")
	}
	for _, k := range leaves(reflect.TypeFor[Route](), "routes.") {
		all[k.name] = false
	}
	return all
}
