package format

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLine is the length in bytes that a line of text may have: far more than a cookie.
const maxLine = 64 << 10

// headSize is how many bytes of a file show its format.
const headSize = 64 << 10

// newInput returns the text of a file as UTF-8, without a byte order mark: Windows writes one, and UTF-16 too. Of a
// file compressed by gzip it returns the content.
func newInput(r io.Reader) *bufio.Reader {
	in := bufio.NewReaderSize(r, headSize)
	if mark, _ := in.Peek(2); string(mark) == "\x1f\x8b" {
		if unpacked, err := gzip.NewReader(in); err == nil {
			in = bufio.NewReaderSize(unpacked, headSize)
		}
	}
	if mark, _ := in.Peek(3); string(mark) == "\xef\xbb\xbf" {
		in.Discard(3)
		return in
	}
	order, mark := utf16Order(in)
	if order == nil {
		return in
	}
	in.Discard(mark)
	return bufio.NewReaderSize(&utf16Reader{r: in, order: order}, headSize)
}

// utf16Order returns the order of bytes if a text is in UTF-16, and the length of its byte order mark. Without a mark
// it shows by its first characters: no text in UTF-8 has a zero in it.
func utf16Order(in *bufio.Reader) (order binary.ByteOrder, mark int) {
	head, _ := in.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return binary.LittleEndian, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return binary.BigEndian, 2
	case len(head) < 4:
	case head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		return binary.LittleEndian, 0
	case head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		return binary.BigEndian, 0
	}
	return nil, 0
}

// A utf16Reader reads UTF-16 as UTF-8.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	high  rune // the first half of a pair; 0 for none
	text  []byte
}

func (u *utf16Reader) Read(to []byte) (int, error) {
	for len(u.text) == 0 {
		var raw [4096]byte
		n, err := io.ReadFull(u.r, raw[:])
		for i := 0; i+1 < n; i += 2 {
			u.unit(rune(u.order.Uint16(raw[i:])))
		}
		if n == 0 {
			return 0, err
		}
	}
	n := copy(to, u.text)
	u.text = u.text[n:]
	return n, nil
}

func (u *utf16Reader) unit(c rune) {
	if u.high != 0 {
		pair := utf16.DecodeRune(u.high, c)
		u.high = 0
		u.text = utf8.AppendRune(u.text, pair)
		if pair != utf8.RuneError {
			return
		}
	}
	if utf16.IsSurrogate(c) {
		u.high = c
		return
	}
	u.text = utf8.AppendRune(u.text, c)
}

// eachLine calls f with each line, without its end; whole is false for a last line that does not end. A line over
// maxLine is cut to it, and f gets long.
func eachLine(in *bufio.Reader, f func(n int, line []byte, whole, long bool)) error {
	end := lineEnd(in)
	for n := 1; ; n++ {
		line, err := in.ReadSlice(end)
		long := false
		if err == bufio.ErrBufferFull {
			long, line = true, bytes.Clone(line)
			for err == bufio.ErrBufferFull {
				_, err = in.ReadSlice(end)
			}
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if len(line) > 0 {
			f(n, bytes.TrimRight(line, "\r\n"), err == nil, long)
		}
		if err == io.EOF {
			return nil
		}
	}
}

// lineEnd returns what ends the lines of a text: \n, or the \r of old programs if there is no other.
func lineEnd(in *bufio.Reader) byte {
	head, _ := in.Peek(headSize)
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}
