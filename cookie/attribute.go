package cookie

import "iter"

// An Attribute is one attribute of a Set-Cookie line and its fate.
type Attribute struct {
	// Name and Value are as written, without the spaces and tabs around them.
	Name, Value string
	Fate        Fate
}

// A Fate is the outcome of an attribute in a browser.
type Fate uint8

const (
	// Applied: the attribute holds. So do a Path without a leading '/' and an unknown SameSite or Priority: they
	// stand for the default and undo an earlier one (RFC 6265bis sections 5.6.4 and 5.6.7).
	Applied Fate = iota
	// Overridden: a later attribute of the same name holds.
	Overridden
	// Unknown: no browser knows the name.
	Unknown
	// TooLong: the value has more than MaxAttributeValue bytes, and the attribute is ignored.
	TooLong
	// Unparsable: the Expires is no date, or the Max-Age no number, and the attribute is ignored.
	Unparsable
	// Outranked: an Expires beside a Max-Age (RFC 6265bis section 5.7, step 6).
	Outranked
)

// String returns the end of a sentence about the attribute: applies, is overridden by a later one.
func (f Fate) String() string {
	return nameOf([]string{
		"applies", "is overridden by a later one", "is not known and ignored", "is too long and ignored",
		"cannot be parsed and is ignored", "loses to Max-Age",
	}, uint8(f))
}

// Attributes yields the attributes of the line in order, each with its fate. It parses the line again,
// because most callers of Parse do not ask.
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

// lastOfKind returns the index of the valid attribute of each kind: the last one.
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

// segments yields the attributes as written, without the empty ones.
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

// fateAlone is the fate of an attribute without others beside it.
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
