package cookie

import "iter"

// An Attribute is one attribute of a Set-Cookie line and what became of it.
type Attribute struct {
	// Name and Value are as written, without the spaces and tabs around them.
	Name, Value string
	Fate        Fate
}

// A Fate is what a browser does with an attribute.
type Fate uint8

const (
	// Applied: the attribute holds. A Path that does not begin with '/', and a SameSite or Priority that no browser knows,
	// hold, too: they stand for the default and undo an earlier one (RFC 6265bis sections 5.6.4 and 5.6.7).
	Applied Fate = iota
	// Overridden: a later attribute of the same name holds.
	Overridden
	// Unknown: no browser knows the name.
	Unknown
	// TooLong: the value has more than MaxAttributeValue bytes, and the attribute is ignored.
	TooLong
	// Unparsable: an Expires that is no date or a Max-Age that is no number, and the attribute is ignored.
	Unparsable
	// Outranked: an Expires next to a Max-Age (RFC 6265bis section 5.7, step 3).
	Outranked
)

// String says what became of the attribute, as the end of a sentence that begins with it.
func (f Fate) String() string {
	return nameOf([]string{
		"applies", "is overridden by a later one", "is not known and ignored", "is too long and ignored",
		"cannot be parsed and is ignored", "loses to Max-Age",
	}, uint8(f))
}

// Attributes yields the attributes of the line in order, with their fate. It parses the line again: reasons cost only
// those who ask for them.
func (p *Parsed) Attributes() iter.Seq[Attribute] {
	return func(yield func(Attribute) bool) {
		if p.Reasons.Has(ExcludeFailureToStore) && len(p.Raw) > MaxLine {
			return
		}
		last := p.lastOfKind()
		i := 0
		for a := range p.segments() {
			k := kindOf(a.Name)
			a.Fate = fateAlone(k, a.Value)
			if a.Fate == Applied && last[k] != i {
				a.Fate = Overridden
			}
			if a.Fate == Applied && k == expires && p.maxAge != "" {
				a.Fate = Outranked
			}
			i++
			if !yield(a) {
				return
			}
		}
	}
}

// lastOfKind returns the index of the attribute that holds of each kind.
func (p *Parsed) lastOfKind() (last [numKinds]int) {
	i := 0
	for a := range p.segments() {
		if k := kindOf(a.Name); fateAlone(k, a.Value) == Applied {
			last[k] = i
		}
		i++
	}
	return last
}

// segments yields the attributes as written; empty ones are passed over.
func (p *Parsed) segments() iter.Seq[Attribute] {
	return func(yield func(Attribute) bool) {
		_, rest := cutSegment(p.Raw)
		for rest != "" {
			var segment string
			if segment, rest = cutSegment(rest); segment == "" {
				continue
			}
			name, value := cutAttribute(segment)
			if !yield(Attribute{Name: name, Value: value}) {
				return
			}
		}
	}
}

// fateAlone is the fate of an attribute that has no other beside it.
func fateAlone(k kind, value string) Fate {
	valid := true
	switch k {
	case unknown:
		return Unknown
	case expires:
		_, valid = ParseDate(value)
	case maxAge:
		valid = isMaxAge(value)
	}
	switch {
	case len(value) > MaxAttributeValue:
		return TooLong
	case !valid:
		return Unparsable
	}
	return Applied
}
