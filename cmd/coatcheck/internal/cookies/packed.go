package cookies

import (
	"encoding/binary"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// The first byte of a packed cookie: what is true of it, and which of its times are there.
const (
	packHostOnly = 1 << iota
	packSecure
	packHTTPOnly
	packAncestor
	packExpires
	packCreated
	packAccess
)

// pack appends a cookie as bytes without a pointer, which take less memory than a jar.Cookie and no work of the
// collector.
func pack(b []byte, c *jar.Cookie) []byte {
	var flags byte
	set := func(bit byte, on bool) {
		if on {
			flags |= bit
		}
	}
	set(packHostOnly, c.HostOnly)
	set(packSecure, c.Secure)
	set(packHTTPOnly, c.HttpOnly)
	set(packAncestor, c.Partition.CrossSiteAncestor)
	set(packExpires, !c.Expires.IsZero())
	set(packCreated, !c.Created.IsZero())
	set(packAccess, !c.LastAccess.IsZero())
	b = append(b, flags, byte(c.SameSite), byte(c.Priority))
	for _, text := range [...]string{c.Name, c.Value, c.Domain, c.Path, c.Partition.TopLevelSite} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	for _, t := range [...]time.Time{c.Expires, c.Created, c.LastAccess} {
		if !t.IsZero() {
			b = binary.AppendVarint(b, t.Unix())
			b = binary.AppendUvarint(b, uint64(t.Nanosecond()))
		}
	}
	return b
}

// unpack reads a packed cookie.
func unpack(b []byte) (c jar.Cookie) {
	flags := b[0]
	c.HostOnly, c.Secure, c.HttpOnly = flags&packHostOnly != 0, flags&packSecure != 0, flags&packHTTPOnly != 0
	c.Partition.CrossSiteAncestor = flags&packAncestor != 0
	c.SameSite, c.Priority = cookie.SameSite(b[1]), cookie.Priority(b[2])
	b = b[3:]
	for _, to := range [...]*string{&c.Name, &c.Value, &c.Domain, &c.Path, &c.Partition.TopLevelSite} {
		n, k := binary.Uvarint(b)
		*to = string(b[k : k+int(n)])
		b = b[k+int(n):]
	}
	for i, to := range [...]*time.Time{&c.Expires, &c.Created, &c.LastAccess} {
		if flags&(packExpires<<i) != 0 {
			seconds, k := binary.Varint(b)
			nanos, l := binary.Uvarint(b[k:])
			*to = time.Unix(seconds, int64(nanos)).UTC()
			b = b[k+l:]
		}
	}
	return c
}
