package format

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"

	"coatcheck.dev/jar"
)

// Safari is Cookies.binarycookies of Safari and of other programs on Apple's systems. The layout is known from those
// who have taken it apart; Apple has published none.
//
//	file    "cook", number of pages, size of each page (big-endian), the pages, checksum, 07 17 20 05 and a footer
//	page    00 00 01 00, number of cookies, offset of each (little-endian), 00 00 00 00, the cookies
//	cookie  size, version, flags, has-port, offsets of domain, name, path, value, comment (little-endian),
//	        4 bytes of 0, expiry and creation in seconds since 2001 (float64), the texts, each with a 0 behind
//
// The flags are 1 for Secure and 4 for HttpOnly. SameSite, Priority and the time of the last access are lost;
// partitioned cookies are left out, and so are those with a zero byte inside.
var Safari = Format{
	name: "safari", about: "Cookies.binarycookies of Safari", files: []string{"*.binarycookies"},
	sign:  "the word cook, in binary",
	sniff: func(head []byte) bool { return bytes.HasPrefix(head, []byte("cook\x00")) },
	read:  readSafari, write: func(*Options) encoder { return writeSafari },
}

const (
	safariSecure   = 1
	safariHTTPOnly = 4
	safariHeader   = 56   // bytes of a cookie before its texts
	safariPage     = 1000 // cookies in a page that is written
	maxSafariPage  = 64 << 20
	to2001         = 978307200 // seconds from 1970
)

func readSafari(in *bufio.Reader, _ *Options, s *sink) error {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || string(head[:4]) != "cook" {
		return errors.New("it does not begin with the word cook")
	}
	n := binary.BigEndian.Uint32(head[4:])
	if n > 1<<20 {
		return fmt.Errorf("it has %d pages, which is too many", n)
	}
	sizes := make([]byte, 4*n)
	if _, err := io.ReadFull(in, sizes); err != nil {
		return errors.New("the file ends in its table of pages")
	}
	for i := range int(n) {
		at := place{unit: "page", n: i + 1}
		size := binary.BigEndian.Uint32(sizes[4*i:])
		if size > maxSafariPage {
			s.note(at, "it has more bytes than a page may have, and nothing can be read behind it")
			break
		}
		page := make([]byte, size)
		got, err := io.ReadFull(in, page)
		readSafariPage(at, page[:got], s)
		if err != nil {
			s.note(at, "the file ends in it")
			break
		}
	}
	return nil
}

func readSafariPage(at place, page []byte, s *sink) {
	if len(page) < 8 || string(page[:4]) != "\x00\x00\x01\x00" {
		s.leaveOut(at, nil, "it is no page of cookies")
		return
	}
	n := int(binary.LittleEndian.Uint32(page[4:]))
	for i := range n {
		at := at.in("cookie", i+1)
		if 8+4*i+4 > len(page) {
			s.leaveOut(at, nil, "the page ends before it, and before what follows")
			return
		}
		offset := int(binary.LittleEndian.Uint32(page[8+4*i:]))
		c, err := readSafariCookie(page, offset)
		if err != nil {
			s.leaveOut(at, &c, err.Error())
			continue
		}
		s.add(at, &c)
	}
}

func readSafariCookie(page []byte, offset int) (c jar.Cookie, err error) {
	if offset > len(page) || len(page)-offset < safariHeader {
		return c, errors.New("it is outside of the page")
	}
	data := page[offset:]
	size := binary.LittleEndian.Uint32(data)
	if size < safariHeader || int64(size) > int64(len(data)) {
		return c, errors.New("it is longer than the page")
	}
	data = data[:size]
	var texts [4]string
	for i := range texts {
		from := binary.LittleEndian.Uint32(data[16+4*i:])
		if from < safariHeader || from >= size {
			return c, errors.New("a text is outside of it")
		}
		text, _, ok := bytes.Cut(data[from:], []byte{0})
		if !ok {
			return c, errors.New("a text has no end")
		}
		texts[i] = string(text)
	}
	readDomain(&c, texts[0])
	c.Name, c.Path, c.Value = texts[1], texts[2], texts[3]
	flags := binary.LittleEndian.Uint32(data[8:])
	c.Secure, c.HttpOnly = flags&safariSecure != 0, flags&safariHTTPOnly != 0
	c.Expires = safariTime(data[40:])
	c.Created = safariTime(data[48:])
	return c, nil
}

// safariTime reads seconds since 2001; 0 is no time.
func safariTime(data []byte) (t time.Time) {
	seconds := math.Float64frombits(binary.LittleEndian.Uint64(data))
	if seconds == 0 || math.IsNaN(seconds) {
		return t
	}
	return secondsTime(seconds + to2001)
}

func writeSafari(w io.Writer, cookies iter.Seq[jar.Cookie], lose func(Loss)) (n Counts, err error) {
	var pages, records [][]byte
	flush := func() {
		if len(records) > 0 {
			pages = append(pages, safariPageOf(records))
			records = nil
		}
	}
	for c := range cookies {
		switch {
		case c.Partition != (jar.Partition{}):
			n.LeftOut++
			lose(Loss{Cookie: c.Name, Domain: c.Domain, LeftOut: true, What: "it is partitioned"})
			continue
		case bytes.IndexByte([]byte(c.Name+c.Value+c.Path), 0) >= 0:
			n.LeftOut++
			lose(Loss{Cookie: c.Name, Domain: c.Domain, LeftOut: true, What: "it has a zero byte inside"})
			continue
		}
		changed := false
		losePlain(&c, func(what string) { changed = true; lose(lossOf(&c, what)) })
		n.Read++
		if changed {
			n.Changed++
		}
		if records = append(records, safariRecord(&c)); len(records) == safariPage {
			flush()
		}
	}
	flush()
	return n, writeSafariFile(w, pages)
}

func safariRecord(c *jar.Cookie) []byte {
	texts := []string{writeDomain(c), c.Name, c.Path, c.Value}
	b := make([]byte, safariHeader)
	var flags uint32
	if c.Secure {
		flags |= safariSecure
	}
	if c.HttpOnly {
		flags |= safariHTTPOnly
	}
	binary.LittleEndian.PutUint32(b[8:], flags)
	for i, text := range texts {
		binary.LittleEndian.PutUint32(b[16+4*i:], uint32(len(b)))
		b = append(append(b, text...), 0)
	}
	putSafariTime(b[40:], c.Expires)
	putSafariTime(b[48:], c.Created)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	return b
}

func putSafariTime(b []byte, t time.Time) {
	if !t.IsZero() {
		binary.LittleEndian.PutUint64(b, math.Float64bits(float64(t.UnixMicro())/1e6-to2001))
	}
}

func safariPageOf(records [][]byte) []byte {
	b := []byte{0, 0, 1, 0}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(records)))
	offset := uint32(8 + 4*len(records) + 4)
	for _, r := range records {
		b = binary.LittleEndian.AppendUint32(b, offset)
		offset += uint32(len(r))
	}
	b = append(b, 0, 0, 0, 0)
	for _, r := range records {
		b = append(b, r...)
	}
	return b
}

// writeSafariFile writes the pages, and their checksum: the sum of every fourth byte.
func writeSafariFile(w io.Writer, pages [][]byte) error {
	b := binary.BigEndian.AppendUint32([]byte("cook"), uint32(len(pages)))
	var sum uint32
	for _, page := range pages {
		b = binary.BigEndian.AppendUint32(b, uint32(len(page)))
		for i := 0; i < len(page); i += 4 {
			sum += uint32(page[i])
		}
	}
	for _, page := range pages {
		b = append(b, page...)
	}
	b = binary.BigEndian.AppendUint32(b, sum)
	b = append(b, 0x07, 0x17, 0x20, 0x05, 0, 0, 0, 0x4b)
	_, err := w.Write(append(b, safariFooter...))
	return err
}

// safariFooter is a property list that allows cookies of all sites: {"NSHTTPCookieAcceptPolicy": 2}.
var safariFooter = []byte("bplist00\xd1\x01\x02_\x10\x18NSHTTPCookieAcceptPolicy\x10\x02\x08\x0b&" +
	strings.Repeat("\x00", 6) + "\x01\x01" + // sizes of offsets and references
	strings.Repeat("\x00", 7) + "\x03" + // objects
	strings.Repeat("\x00", 8) + // the first of them
	strings.Repeat("\x00", 7) + "\x28") // where the table of offsets is
