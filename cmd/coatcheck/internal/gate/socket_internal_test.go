package gate

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// pipe is a way to an app that says what reads has, and remembers what it hears.
type pipe struct {
	io.Reader
	heard bytes.Buffer
}

func (p *pipe) Write(b []byte) (int, error) { return p.heard.Write(b) }
func (p *pipe) Close() error                { return nil }

func TestSocketsCarryEveryByteInBothDirections(t *testing.T) {
	for _, size := range []int{
		0, 1, waitBytes - 1, waitBytes, waitBytes + 1, bufferBytes + waitBytes, 3*bufferBytes + 7,
	} {
		text := strings.Repeat("ticket ", size/7+1)[:size]
		for name, reader := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "by halves": iotest.HalfReader,
			"end with data": iotest.DataErrReader,
		} {
			var client bytes.Buffer
			s := &socket{&pipe{Reader: reader(strings.NewReader(text))}, new(buffers)}
			if n, err := s.WriteTo(&client); n != int64(size) || err != nil || client.String() != text {
				t.Errorf("%s, %d bytes of the app: %d, %v", name, size, n, err)
			}
			app := new(pipe)
			s = &socket{app, new(buffers)}
			n, err := s.ReadFrom(reader(strings.NewReader(text)))
			if n != int64(size) || err != nil || app.heard.String() != text {
				t.Errorf("%s, %d bytes of the client: %d, %v", name, size, n, err)
			}
		}
	}
}

func TestSocketsTellWhyTheyBreak(t *testing.T) {
	s := &socket{&pipe{Reader: iotest.ErrReader(io.ErrUnexpectedEOF)}, new(buffers)}
	if _, err := s.WriteTo(io.Discard); err != io.ErrUnexpectedEOF {
		t.Errorf("got %v; want %v", err, io.ErrUnexpectedEOF)
	}
}
