package gate

import (
	"errors"
	"io"
	"net/http"
)

// A socket is the way to the app after the protocol has changed, to that of WebSockets. Most of them are silent most of
// the time. So each waits with little memory, and takes a large buffer only while much comes.
type socket struct {
	io.ReadWriteCloser
	buffers *buffers
}

// waitBytes is how much a socket reads at a time until more comes.
const waitBytes = 512

// WriteTo and ReadFrom are what io.Copy looks for, in either direction.
func (s *socket) WriteTo(to io.Writer) (int64, error) { return s.copy(to, s.ReadWriteCloser) }

func (s *socket) ReadFrom(from io.Reader) (int64, error) { return s.copy(s.ReadWriteCloser, from) }

// CloseWrite says to the app that the client sends no more.
func (s *socket) CloseWrite() error {
	if half, ok := s.ReadWriteCloser.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return http.ErrNotSupported
}

// copy copies until the end.
func (s *socket) copy(to io.Writer, from io.Reader) (n int64, err error) {
	wait := make([]byte, waitBytes)
	for err == nil {
		var full bool
		full, err = copyOnce(to, from, wait, &n)
		if !full || err != nil {
			continue
		}
		buffer := s.buffers.Get()
		for full && err == nil {
			full, err = copyOnce(to, from, buffer, &n)
		}
		s.buffers.Put(buffer)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// copyOnce copies what one read gives, and reports whether it filled the buffer.
func copyOnce(to io.Writer, from io.Reader, buffer []byte, n *int64) (full bool, err error) {
	got, err := from.Read(buffer)
	if got == 0 {
		return false, err
	}
	wrote, failed := to.Write(buffer[:got])
	*n += int64(wrote)
	if failed != nil {
		return false, failed
	}
	return got == len(buffer), err
}
