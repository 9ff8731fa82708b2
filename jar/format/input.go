package format

import (
	"bufio"
	"bytes"
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

// newInput returns the text of a file as UTF-8, without a byte order mark. Windows writes one, and UTF-16 too.
func newInput(r io.Reader) *bufio.Reader {
	in := bufio.NewReaderSize(r, headSize)
	mark, _ := in.Peek(3)
	switch {
	case bytes.HasPrefix(mark, []byte("\xef\xbb\xbf")):
		in.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")):
		in.Discard(2)
		return bufio.NewReaderSize(&utf16Reader{r: in, order: binary.LittleEndian}, headSize)
	case bytes.HasPrefix(mark, []byte("\xfe\xff")):
		in.Discard(2)
		return bufio.NewReaderSize(&utf16Reader{r: in, order: binary.BigEndian}, headSize)
	}
	return in
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
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		long := false
		if err == bufio.ErrBufferFull {
			long, line = true, bytes.Clone(line)
			for err == bufio.ErrBufferFull {
				_, err = in.ReadSlice('\n')
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
