package config

import (
	"reflect"
	"strings"
)

// A knob is a field of a configuration that a file can set.
type knob struct {
	name  string // in its mapping
	field reflect.StructField
	index []int // of the field in the outermost struct
}

// keysOf returns the keys of a struct, those of embedded ones among them.
func keysOf(t reflect.Type) (keys []knob) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		switch {
		case f.Anonymous && name == "":
			for _, k := range keysOf(f.Type) {
				k.index = append([]int{i}, k.index...)
				keys = append(keys, k)
			}
		case name != "" && name != "-":
			keys = append(keys, knob{name, f, []int{i}})
		}
	}
	return keys
}

// enum returns the values that a key can have, and nil if any will do.
func (k *knob) enum() []string {
	text := k.field.Tag.Get("enum")
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimPrefix(text, ","), ",")
}

// secret reports whether no message may have the value.
func (k *knob) secret() bool {
	_, ok := k.field.Tag.Lookup("secret")
	return ok
}

// fill gives every key of a struct its default.
func fill(v reflect.Value) {
	for _, k := range keysOf(v.Type()) {
		field := v.FieldByIndex(k.index)
		if text, ok := k.field.Tag.Lookup("default"); ok && text != "" && !strings.HasPrefix(text, "${") {
			if err := setText(field, text); err != nil {
				panic("config: default of " + k.name + ": " + err.Error())
			}
		} else if field.Kind() == reflect.Struct {
			fill(field)
		}
	}
}

// flagName returns the flag of a key, by its path below the site: "cookie.name" is --cookie-name.
func flagName(path string) string { return strings.ReplaceAll(path, ".", "-") }
