package webkit

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"coatcheck.dev/test/internal/tool"
)

// A program runs until the test ends. What it says is told when the test fails.
type program struct {
	t     testing.TB
	name  string
	ended chan struct{}
}

// start starts a program, with more files for it from number 3.
func start(t testing.TB, name string, environment []string, files []*os.File, path string, args ...string) *program {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = environment, files, &said, &said
	cmd.WaitDelay = time.Second // a child of it may hold on to its output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{t, name, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // it is killed
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		<-p.ended
		if t.Failed() {
			t.Logf("%s said: %s", name, &said)
		}
	})
	return p
}

// await waits until the program listens at an address. One that ends before has failed.
func (p *program) await(address string) {
	p.t.Helper()
	for deadline := time.Now().Add(timeout); ; {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s does not listen at %s", p.name, address)
		}
		select {
		case <-p.ended:
			p.t.Fatalf("%s has ended", p.name)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// display starts an X server without a screen, and returns its name.
func display(t testing.TB) string {
	t.Helper()
	path := tool.Find(t, "Xvfb")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	start(t, "Xvfb", os.Environ(), []*os.File{write}, path,
		"-displayfd", "3", "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset")
	write.Close()
	_ = read.SetDeadline(time.Now().Add(timeout)) // a pipe has one
	// It writes the number and the end of the line one after the other, and dies if nobody reads the second.
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("start Xvfb: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}

// freeAddress is one on loopback that nobody listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
