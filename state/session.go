package state

import (
	"fmt"
	"slices"

	"coatcheck.dev/session"
)

// A SessionSpec describes a value in the session. Name, Purpose and Description are required.
type SessionSpec struct {
	// Name is the key's name: 1 to 64 ASCII letters, digits, dots, hyphens or underscores.
	Name string

	// Purpose is [Essential] or [Preference]. Anything else is refused, because the session does not ask for consent.
	Purpose Purpose

	// Description tells in a few words what the value is for. Translations have the same in other languages, by their
	// tags, such as "de".
	Description  string
	Translations map[string]string

	// Sensitivity is [Personal] by default. The session is the place for [Identity] and [Secret].
	Sensitivity Sensitivity

	// Owner, Recipients and LegalBasis are optional: see [Entry].
	Owner      string
	Recipients []string
	LegalBasis LegalBasis

	// Carry keeps the value at sign-in; see [session.Carry].
	Carry bool
}

// A Session is a typed value in the session, declared in an inventory. It lives as long as the session. Its methods
// are those of [session.Key].
type Session[T any] struct{ session.Key[T] }

// NewSession declares a value in the session, with the options of its key beside Carry, such as [session.Upgrade]. It
// panics if the spec is wrong or the name is taken.
func NewSession[T any](inv *Inventory, spec SessionSpec, options ...session.KeyOption) Session[T] {
	if err := spec.declare(inv); err != nil {
		panic(fmt.Errorf("state: declare session value %q: %w", spec.Name, err))
	}
	if spec.Carry {
		options = append(slices.Clone(options), session.Carry)
	}
	return Session[T]{session.NewKey[T](spec.Name, options...)}
}

func (spec SessionSpec) declare(inv *Inventory) error {
	if err := session.CheckKey(spec.Name); err != nil {
		return err
	}
	if err := spec.Purpose.check(); err != nil {
		return err
	}
	if spec.Purpose.NeedsConsent() {
		return fmt.Errorf("purpose %q needs consent: keep it in a cookie that is declared with NewOptional",
			spec.Purpose)
	}
	return inv.declare(Entry{Name: spec.Name, Place: InSession, Purpose: spec.Purpose, Sensitivity: spec.Sensitivity,
		Description: spec.Description, Translations: spec.Translations, Owner: spec.Owner,
		Recipients: spec.Recipients, LegalBasis: spec.LegalBasis})
}
