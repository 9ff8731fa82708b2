package check

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	progressDelay = 2 * time.Second // after it, a terminal is told how far it is
	progressEvery = time.Second / 4
)

// A meter tells a terminal how much of a file was read, if that takes long.
type meter struct {
	read    atomic.Int64 // bytes
	judging atomic.Bool  // all is read
}

// follow tells it to a terminal, nil for none, until the returned function is called.
func (m *meter) follow(to io.Writer) (end func()) {
	if to == nil {
		return func() {}
	}
	stop, told := make(chan struct{}), sync.WaitGroup{}
	told.Go(func() {
		timer := time.NewTimer(progressDelay)
		defer timer.Stop()
		for lines := 0; ; lines++ {
			select {
			case <-stop:
				if lines > 0 {
					fmt.Fprint(to, "\r\x1b[K")
				}
				return
			case <-timer.C:
				fmt.Fprintf(to, "\r%s", m)
				timer.Reset(progressEvery)
			}
		}
	})
	return func() {
		close(stop)
		told.Wait()
	}
}

// String says in a few words how far it is.
func (m *meter) String() string {
	text := fmt.Sprintf("read: %d MB", m.read.Load()/1e6)
	if m.judging.Load() {
		text += ", judging"
	}
	return text
}

// reader counts what is read of r.
func (m *meter) reader(r io.Reader) io.Reader { return meterReader{r, m} }

type meterReader struct {
	io.Reader
	*meter
}

func (r meterReader) Read(to []byte) (int, error) {
	n, err := r.Reader.Read(to)
	r.meter.read.Add(int64(n))
	return n, err
}
