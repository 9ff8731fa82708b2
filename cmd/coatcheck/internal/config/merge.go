package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// load reads the configuration file, if there is one, and checks the whole.
func (s *Serve) load(ctx *kong.Context) error {
	if s.Config != "" {
		if err := s.under(ctx); err != nil {
			return err
		}
	}
	err := s.Check()
	if err != nil && s.Config == "" {
		err = fmt.Errorf("%w (see coatcheck serve --help)", err)
	}
	return err
}

// under puts the values of a configuration file where neither the command line nor the environment has any.
func (s *Serve) under(ctx *kong.Context) error {
	f, err := readFile(s.Config)
	if err != nil {
		return err
	}
	s.file = f
	set := flagsSet(ctx)
	s.set = set
	if len(f.flags.Sites) > 0 {
		for _, k := range leaves(reflect.TypeFor[Site](), "") {
			if set[flagName(k.name)] {
				return &Problem{Key: "--" + flagName(k.name), What: "(or " + envName(k.name) + " in the " +
					"environment) is of one " +
					"site, but " + s.Config + " has several; set it there"}
			}
		}
	}
	to, from := reflect.ValueOf(s).Elem(), reflect.ValueOf(&f.flags).Elem()
	for _, k := range leaves(to.Type(), "") {
		if f.at[k.name] != nil && !set[flagName(k.name)] {
			to.FieldByIndex(k.index).Set(from.FieldByIndex(k.index))
		}
	}
	return nil
}

// leaves returns the keys of a struct with those of the mappings in it, by their paths.
func leaves(t reflect.Type, path string) (all []knob) {
	for _, k := range keysOf(t) {
		k.name = path + k.name
		if k.field.Type.Kind() != reflect.Struct || isText(k.field.Type) {
			all = append(all, k)
			continue
		}
		for _, below := range leaves(k.field.Type, k.name+".") {
			below.index = append(append([]int{}, k.index...), below.index...)
			all = append(all, below)
		}
	}
	return all
}

func envName(path string) string {
	return "COATCHECK_" + strings.ToUpper(strings.ReplaceAll(flagName(path), "-", "_"))
}

// flagsSet returns the names of the flags that the command line or the environment sets.
func flagsSet(ctx *kong.Context) map[string]bool {
	set := make(map[string]bool)
	for _, path := range ctx.Path {
		if path.Flag != nil {
			set[path.Flag.Name] = true
		}
	}
	for _, flag := range ctx.Flags() {
		for _, env := range flag.Envs {
			if _, ok := os.LookupEnv(env); ok {
				set[flag.Name] = true
			}
		}
	}
	return set
}
