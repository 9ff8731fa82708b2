package store

// A Sealed is a record as stores keep it: the body in one string, and beside it what changes without the body. Most
// requests need little of a record; [Sealed.Head] tells that much without decoding the rest.
type Sealed struct {
	ID        ID // the zero ID if there is no record
	Version   uint64
	Seen      int64 // when the session was last seen, in microseconds after its creation
	Body      string
	UserAgent string // if the store keeps that apart from the body, which then has none
}

// Record decodes the whole record. An error is ErrDamaged.
func (s *Sealed) Record() (Record, error) {
	r := Record{ID: s.ID, Version: s.Version}
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
	Secret      Hash
	CreatedAt   int64
	LastSeen    int64
	ExpiresAt   int64
	IdleTimeout int64 // microseconds; 0 means never
	RotatedAt   int64 // when the last rotation began or was confirmed; CreatedAt if there was none
	Pending     bool  // a rotation is waiting for the first use of its successor
}

// Head returns the front of the body, and false if that is damaged or of another version.
func (s *Sealed) Head() (h Head, ok bool) {
	d := decoder{rest: s.Body}
	if d.byte() != bodyVersion {
		return h, false
	}
	h.User = d.string()
	d.bytes(h.Secret[:])
	h.CreatedAt = d.varint()
	h.LastSeen = h.CreatedAt + s.Seen
	h.ExpiresAt = h.CreatedAt + d.varint()
	h.IdleTimeout = d.varint()
	h.RotatedAt = h.CreatedAt
	if flags := d.byte(); flags&flagRotation != 0 {
		d.skip(len(Nonce{}) + len(Hash{}))
		h.RotatedAt = h.CreatedAt + d.varint()
		h.Pending = flags&flagConfirmed == 0
	}
	return h, !d.failed
}

// Data returns the application's values, and false if the body is damaged or of another version.
func (s *Sealed) Data() (Data, bool) {
	d := decoder{rest: s.Body}
	if d.byte() != bodyVersion {
		return Data{}, false
	}
	d.string() // user
	d.skip(len(Hash{}))
	d.numbers(3) // times
	if d.byte()&flagRotation != 0 {
		d.skip(len(Nonce{}) + len(Hash{}))
		d.numbers(1)
		d.string()
	}
	auths := d.uvarint()
	if auths > MaxAuths {
		return Data{}, false
	}
	for range auths {
		d.string()
		d.numbers(2)
	}
	d.string() // device
	d.string()
	d.string()
	data, err := parseData(d.string())
	return data, err == nil && !d.failed
}

// CreatedAt returns when the session began, in microseconds since 1970.
func (s *Sealed) CreatedAt() int64 {
	d := decoder{rest: s.Body}
	d.byte()
	d.string()
	d.skip(len(Hash{}))
	return d.varint()
}

// User returns who is signed in.
func (s *Sealed) User() string {
	d := decoder{rest: s.Body}
	d.byte()
	return d.string()
}

// Over reports whether the session is over at the time now; see [Record.Over].
func (h *Head) Over(now int64) bool {
	return now >= h.ExpiresAt || h.IdleTimeout > 0 && now >= h.LastSeen+h.IdleTimeout
}
