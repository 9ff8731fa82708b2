package relay

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// echo answers with what it hears.
func echo(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// say sends a word and returns what has come back after a while.
func say(t *testing.T, c net.Conn, word string, timeout time.Duration) (string, error) {
	t.Helper()
	if _, err := io.WriteString(c, word); err != nil {
		return "", err
	}
	return hear(c, len(word), timeout)
}

func hear(c net.Conn, n int, timeout time.Duration) (string, error) {
	_ = c.SetReadDeadline(time.Now().Add(timeout))
	back := make([]byte, n)
	n, err := io.ReadFull(c, back)
	return string(back[:n]), err
}

const soon, delay, longEnough = 30 * time.Millisecond, 20 * time.Millisecond, 10 * time.Second

func TestRelay(t *testing.T) {
	r := Start(t, echo(t))
	c, err := net.Dial("tcp", r.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := say(t, c, "one", longEnough); got != "one" {
		t.Fatalf("heard %q, %v", got, err)
	}
	r.Silence()
	if got, err := say(t, c, "two", soon); got != "" || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("in silence: heard %q, %v; want nothing, and nobody to notice", got, err)
	}
	r.Heal()
	if got, err := hear(c, 3, longEnough); got != "two" {
		t.Errorf("after the silence: heard %q, %v; want what was held back", got, err)
	}
	began := time.Now()
	r.Delay(delay)
	if got, err := say(t, c, "far", longEnough); got != "far" || time.Since(began) < 2*delay {
		t.Errorf("delayed: heard %q after %v, %v; want no answer before %v", got, time.Since(began), err, 2*delay)
	}
	r.Delay(time.Hour)
	if got, err := say(t, c, "ago", soon); got != "" || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("far away: heard %q, %v; want nothing yet", got, err)
	}
	r.Heal()
	if got, err := hear(c, 3, longEnough); got != "ago" {
		t.Errorf("near again: heard %q, %v; want what was under way", got, err)
	}
	r.Cut()
	if got, err := say(t, c, "three", longEnough); got != "" || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("cut: heard %q, %v; want an error at once", got, err)
	}
	r.Heal()
	again, err := net.Dial("tcp", r.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got, err := say(t, again, "four", longEnough); got != "four" {
		t.Errorf("after the cut: heard %q, %v", got, err)
	}
}
