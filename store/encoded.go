package store

// An Encoded is a record as stores keep it: the body in one string, with the more volatile fields beside it. It is not
// encrypted. Most requests need little of a record: [Encoded.Head] decodes no more.
type Encoded struct {
	ID        ID // the zero ID if there is no record
	Version   uint64
	Seen      int64 // when the session was last seen, in microseconds after its creation
	Body      string
	UserAgent string // if the store keeps it apart; the body has none then
}

// Encode returns the record as stores keep it.
func (r *Record) Encode() Encoded {
	seen := r.LastSeen.UnixMicro() - r.CreatedAt.UnixMicro()
	return Encoded{ID: r.ID, Version: r.Version, Seen: seen, Body: string(r.AppendBody(nil))}
}

// Record decodes the whole record. An error is ErrDamaged.
func (s *Encoded) Record() (r Record, err error) {
	r.ID, r.Version = s.ID, s.Version
	if err := r.SetBody(s.Body); err != nil {
		return Record{}, err
	}
	r.LastSeen = micro(r.CreatedAt.UnixMicro() + s.Seen)
	if s.UserAgent != "" {
		r.Device.UserAgent = s.UserAgent
	}
	return r, nil
}

// A Head is the front of a record: enough to know whether a ticket shows the current secret, and whether the session
// goes on. Times are microseconds since 1970.
type Head struct {
	User        string
	Guard       string // what a guard keeps of the session; see [Record.Guard]
	Secret      Hash
	CreatedAt   int64
	LastSeen    int64
	ExpiresAt   int64
	IdleTimeout int64 // microseconds; 0 means never
	RotatedAt   int64 // when the last rotation began or was confirmed; CreatedAt if there was none
	Pending     bool  // a rotation is waiting for the first use of its successor
}

// Head returns the front of the body, and false if the body is damaged or of another version.
func (s *Encoded) Head() (h Head, ok bool) {
	d := decoder{rest: s.Body}
	if d.byte() != bodyVersion {
		return h, false
	}
	d.bytes(h.Secret[:])
	h.CreatedAt = d.int64()
	h.LastSeen = h.CreatedAt + s.Seen
	h.ExpiresAt = d.int64()
	h.IdleTimeout = d.int64()
	h.RotatedAt = h.CreatedAt
	flags := d.byte()
	if flags&flagRotation != 0 {
		d.skip(len(Nonce{}) + len(Hash{}))
		h.RotatedAt = d.int64()
		d.string() // past
		h.Pending = flags&flagConfirmed == 0
	}
	h.User = d.string()
	switch {
	case flags&flagGuard == 0:
	case flags&flagPlace != 0:
		d.skipTo(placeIn(s.Body), s.Body)
		h.Guard = d.string()
	default:
		d.toData()
		d.pass(1)
		h.Guard = d.string()
	}
	return h, !d.failed
}

// Data returns the application's values, and false if the body is damaged or of another version.
func (s *Encoded) Data() (Data, bool) {
	d := decoder{rest: s.Body}
	if d.byte() != bodyVersion {
		return Data{}, false
	}
	flags := d.toUser()
	d.pass(1)
	d.toData()
	data, err := parseData(d.string())
	d.guard(flags, s.Body) // a body that is cut behind the data is damaged too
	if err != nil || d.failed {
		return Data{}, false
	}
	return data, true
}

// CreatedAt returns when the session began, in microseconds since 1970.
func (s *Encoded) CreatedAt() int64 {
	d := decoder{rest: s.Body}
	d.skip(1 + len(Hash{}))
	return d.int64()
}

// Ends returns when the record is over if it is not used any more, in microseconds since 1970; see [Record.Ends]. A
// front of the body of [EndsLen] bytes is enough.
func (s *Encoded) Ends() int64 {
	d := decoder{rest: s.Body}
	d.skip(1 + len(Hash{}))
	seen := d.int64() + s.Seen
	expires, idle := d.int64(), d.int64()
	if idle > 0 {
		return min(expires, seen+idle)
	}
	return expires
}

// EndsLen is how much of a body tells when a record is over.
const EndsLen = 1 + len(Hash{}) + 3*8

// User returns the signed-in user.
func (s *Encoded) User() string {
	d := decoder{rest: s.Body}
	d.skip(1)
	d.toUser()
	return d.string()
}

// toUser goes on from behind the version to the user, and returns the flags it meets on the way.
func (d *decoder) toUser() (flags byte) {
	d.skip(len(Hash{}) + 3*8) // secret and times
	flags = d.byte()
	if flags&flagRotation != 0 {
		d.skip(len(Nonce{}) + len(Hash{}) + 8)
		d.string()
	}
	return flags
}

// toData goes on from behind the user to the data.
func (d *decoder) toData() {
	auths := d.uvarint()
	if auths > MaxAuths {
		d.fail()
		return
	}
	for range auths {
		d.pass(1)
		d.numbers(2)
	}
	d.pass(3) // device
}

// guard returns the guard of a body with these flags, of which the decoder has come to it.
func (d *decoder) guard(flags byte, body string) string {
	if flags&flagGuard == 0 {
		return ""
	}
	at := len(body) - len(d.rest)
	text := d.string()
	if flags&flagPlace != 0 && (len(d.rest) < placeLen || placeIn(body) != at) {
		d.fail()
		return ""
	}
	return text
}

// placeIn returns where a body that ends with a place says that its guard begins.
func placeIn(body string) int {
	if len(body) < placeLen {
		return len(body)
	}
	p := body[len(body)-placeLen:]
	return int(uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24)
}

// skipTo goes on to that place in the body. It never goes back.
func (d *decoder) skipTo(at int, body string) { d.skip(at - (len(body) - len(d.rest))) }

// Over reports whether the session is over at the time now; see [Record.Over].
func (h *Head) Over(now int64) bool {
	return now >= h.ExpiresAt || h.IdleTimeout > 0 && now >= h.LastSeen+h.IdleTimeout
}
