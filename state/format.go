package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"coatcheck.dev/cookie"
)

// The JSON form of an inventory. Whoever reads it ignores no field that it does not know: a new one comes with a new
// version.
//
//	{"version": 1, "entries": [{"name": …}]}
type file struct {
	Version int         `json:"version"`
	Entries []fileEntry `json:"entries"`
}

const fileVersion = 1

type fileEntry struct {
	Name         string            `json:"name"`
	Place        Place             `json:"place"`
	Host         string            `json:"host,omitempty"`
	Purpose      Purpose           `json:"purpose"`
	Sensitivity  Sensitivity       `json:"sensitivity,omitempty"`
	Lifetime     int64             `json:"lifetime_seconds,omitempty"`
	Description  string            `json:"description"`
	Translations map[string]string `json:"translations,omitempty"`
	Owner        string            `json:"owner,omitempty"`
	Recipients   []string          `json:"recipients,omitempty"`
	LegalBasis   LegalBasis        `json:"legal_basis,omitempty"`
	Attributes   *fileAttributes   `json:"attributes,omitempty"`

	// These follow from the others. They are written for programs, and when read have to be true.
	Kind         Kind   `json:"kind,omitempty"`
	ControlledBy string `json:"controlled_by,omitempty"`
	NeedsConsent *bool  `json:"needs_consent,omitempty"`
}

type fileAttributes struct {
	Path        string `json:"path,omitempty"`
	Domain      string `json:"domain,omitempty"`
	Secure      bool   `json:"secure"`
	HTTPOnly    bool   `json:"http_only"`
	SameSite    string `json:"same_site,omitempty"`
	Partitioned bool   `json:"partitioned,omitempty"`
}

// MarshalJSON encodes the inventory for other programs: {"version": 1, "entries": [...]}. An entry has the fields of
// [Entry], and kind, controlled_by and needs_consent, which follow from them. [ParseInventory] reads it.
func (inv *Inventory) MarshalJSON() ([]byte, error) {
	f := file{Version: fileVersion, Entries: []fileEntry{}}
	for _, e := range inv.Entries() {
		consent := e.Purpose.NeedsConsent()
		fe := fileEntry{
			Name: e.Name, Place: e.Place, Host: e.Host, Purpose: e.Purpose, Sensitivity: e.Sensitivity,
			Lifetime: int64(e.Lifetime / time.Second), Description: e.Description, Translations: e.Translations,
			Owner: e.Owner, Recipients: e.Recipients, LegalBasis: e.LegalBasis,
			Kind: e.Place.Kind(), ControlledBy: e.Place.ControlledBy(), NeedsConsent: &consent,
		}
		if a := e.Attributes; a != nil {
			fe.Attributes = &fileAttributes{a.Path, a.Domain, a.Secure, a.HttpOnly, a.SameSite.String(), a.Partitioned}
		}
		f.Entries = append(f.Entries, fe)
	}
	return json.Marshal(f)
}

// MaxInventory is the size in bytes of the largest inventory for [ParseInventory].
const MaxInventory = 1 << 20

// ParseInventory reads the JSON form of an inventory, such as another program's. Only Name, Place, Purpose and
// Description are required of an entry. An error says which entry is wrong, and why; what is misspelled or does not
// follow is an error as well, so that nothing is lost in silence.
func ParseInventory(data []byte) (*Inventory, error) {
	if len(data) > MaxInventory {
		return nil, fmt.Errorf("state: inventory: it has more than %d bytes", MaxInventory)
	}
	var f struct {
		Version int               `json:"version"`
		Entries []json.RawMessage `json:"entries"`
	}
	if err := strict(data, &f); err != nil {
		return nil, fmt.Errorf("state: inventory: %w", err)
	}
	if f.Version != fileVersion {
		return nil, fmt.Errorf("state: inventory: its version is %d, and this program reads version %d",
			f.Version, fileVersion)
	}
	inv := NewInventory()
	for i, raw := range f.Entries {
		var fe fileEntry
		err := strict(raw, &fe)
		if err == nil {
			err = fe.declare(inv)
		}
		if err != nil {
			return nil, fmt.Errorf("state: inventory: entry %d (%s %.64q): %w", i+1, fe.Place, fe.Name, err)
		}
	}
	return inv, nil
}

// strict decodes one JSON value with no unknown field and nothing behind it.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("there is something behind the JSON value")
	}
	return nil
}

const maxLifetime = 100 * 365 * 24 * 60 * 60 // seconds; more would not be a time.Duration

func (fe *fileEntry) declare(inv *Inventory) error {
	switch {
	case fe.Lifetime < 0 || fe.Lifetime > maxLifetime:
		return fmt.Errorf("lifetime_seconds is not 0 to %d", maxLifetime)
	case fe.Kind != "" && fe.Kind != fe.Place.Kind():
		return fmt.Errorf("the kind of %s is %q: leave it out", fe.Place, fe.Place.Kind())
	case fe.ControlledBy != "" && fe.ControlledBy != fe.Place.ControlledBy():
		return fmt.Errorf("a %s is controlled by the %s: leave controlled_by out", fe.Place, fe.Place.ControlledBy())
	case fe.NeedsConsent != nil && *fe.NeedsConsent != fe.Purpose.NeedsConsent():
		return fmt.Errorf("needs_consent of purpose %q is %v: leave it out", fe.Purpose, fe.Purpose.NeedsConsent())
	}
	e := Entry{
		Name: fe.Name, Place: fe.Place, Host: fe.Host, Purpose: fe.Purpose, Sensitivity: fe.Sensitivity,
		Lifetime: time.Duration(fe.Lifetime) * time.Second, Description: fe.Description,
		Translations: fe.Translations, Owner: fe.Owner, Recipients: fe.Recipients, LegalBasis: fe.LegalBasis,
	}
	if a := fe.Attributes; a != nil {
		sameSite, err := parseSameSite(a.SameSite)
		if err != nil {
			return err
		}
		e.Attributes = &Attributes{a.Path, a.Domain, a.Secure, a.HTTPOnly, a.Partitioned, sameSite}
	}
	return inv.declare(e)
}

func parseSameSite(text string) (cookie.SameSite, error) {
	all := []cookie.SameSite{cookie.SameSiteUnset, cookie.SameSiteLax, cookie.SameSiteStrict, cookie.SameSiteNone}
	i := slices.IndexFunc(all, func(s cookie.SameSite) bool { return s.String() == text })
	if i < 0 {
		return 0, fmt.Errorf("same_site %.64q is not Lax, Strict or None", text)
	}
	return all[i], nil
}
