// Package proc runs real programs under test and takes care that none outlives it.
//
// A program is built once by [Build] and started by [Start] with a data folder of its own. [Process.Await] waits
// for what it prints, [Process.Kill] is the power cut and [Process.Term] the polite end. Starting the same [Spec]
// again is the restart. Test packages that use it hand their TestMain to [Main]:
//
//	func TestMain(m *testing.M) { proc.Main(m) }
//
//	func TestServes(t *testing.T) {
//		spec := proc.Spec{
//			Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"),
//			Args: []string{"demo", "--data", t.TempDir()},
//		}
//		p := proc.Start(t, spec)
//		url := p.Await(regexp.MustCompile(`shop\s+(http://\S+)`))[1]
//		...
//		p.Kill()
//		p = proc.Start(t, spec)
//	}
//
// Every process leads a group of its own, which is killed by its number when the process or the test ends; the
// kernel kills the process when the test binary dies first. Linux only, like the programs that the tests start.
package proc

import (
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A Spec says what to start. Path is required.
type Spec struct {
	Path string   // the program, as Build or tool.Find returned it
	Args []string // without the program's name
	Env  []string // added to the environment of the test, "KEY=value"
	Dir  string   // working folder; empty: the test's own
	User string   // whom to run as when the test is root, for programs that refuse to be; see Home

	// Timeout bounds each wait for the program: to print what is awaited, to end. Zero means 30 seconds,
	// which is far more than a healthy program needs on a busy machine.
	Timeout time.Duration
}

// A Process is a program that runs, or ran. Its methods belong to the goroutine of the test that started it;
// only Output, Signal and Done may be called from others.
type Process struct {
	Spec Spec

	t      testing.TB
	cmd    *exec.Cmd
	output *transcript
	done   chan struct{} // closed when the process has ended and its output is complete

	mu     sync.Mutex
	reaped bool // the process's number may belong to somebody else by now
}

// Start starts a program. When the test ends, the program and all that it started are killed; if the test failed,
// what it printed is logged.
func Start(t testing.TB, s Spec) *Process {
	t.Helper()
	if s.Timeout == 0 {
		s.Timeout = 30 * time.Second
	}
	p := &Process{Spec: s, t: t, output: newTranscript(), done: make(chan struct{})}
	p.cmd = exec.Command(s.Path, s.Args...)
	p.cmd.Dir = s.Dir
	p.cmd.Env = append(os.Environ(), s.Env...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL,
		Credential: credential(t, s.User)}
	p.cmd.WaitDelay = 5 * time.Second // a grandchild that holds the pipe must not hold the test
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", s.Path, err)
	}
	go p.reap()
	t.Cleanup(p.end)
	return p
}

// reap kills what an ended process left in its group while its number is still its own, and only then lets it go.
func (p *Process) reap() {
	awaitExit(p.PID())
	p.mu.Lock()
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // nobody left to kill is the usual case
	p.reaped = true
	p.mu.Unlock()
	_ = p.cmd.Wait() // how it ended is in ProcessState
	p.output.close()
	close(p.done)
}

// end is the cleanup: nothing of the group stays.
func (p *Process) end() {
	p.t.Helper()
	p.killGroup()
	<-p.done
	if p.t.Failed() {
		p.t.Logf("%s (pid %d, %v) printed:\n%s", p.cmd, p.PID(), p.cmd.ProcessState, p.Output())
	}
}

// PID is the number of the process, which is that of its group as well.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output is all that the program has printed so far, its standard output and error in the order of arrival.
func (p *Process) Output() string { return p.output.text() }

// Done is closed when the process has ended and Output is complete.
func (p *Process) Done() <-chan struct{} { return p.done }

// Await returns the first match of a pattern in a line of the program's output, past or to come, with its
// submatches. The test fails if the program ends without such a line, or takes longer than its Timeout.
func (p *Process) Await(pattern *regexp.Regexp) []string {
	p.t.Helper()
	deadline := time.After(p.Spec.Timeout)
	for from := 0; ; {
		lines, ended, news := p.output.since(from)
		for _, line := range lines {
			if match := pattern.FindStringSubmatch(line); match != nil {
				return match
			}
		}
		from += len(lines)
		if ended {
			p.t.Fatalf("%s ended without printing %q", p.cmd, pattern)
		}
		select {
		case <-news:
		case <-deadline:
			p.t.Fatalf("%s did not print %q within %v", p.cmd, pattern, p.Spec.Timeout)
		}
	}
}

// Signal sends a signal to the process alone, not to what it started. SIGSTOP and SIGCONT make a program that
// hangs and comes back.
func (p *Process) Signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Errorf("send %v to %s: %v", s, p.cmd, err)
	}
}

// Kill ends the process and all that it started with SIGKILL and returns when it is gone.
func (p *Process) Kill() {
	p.t.Helper()
	p.killGroup()
	p.Wait()
}

// Term asks the process to end with SIGTERM and returns its exit code, as Wait does.
func (p *Process) Term() int {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	return p.Wait()
}

// Wait returns the exit code when the process has ended, -1 if a signal ended it. The test fails if that takes
// longer than its Timeout.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(p.Spec.Timeout):
		p.t.Fatalf("%s did not end within %v", p.cmd, p.Spec.Timeout)
		return 0
	}
}

// killGroup does nothing when the process has ended: reap has killed the group then.
func (p *Process) killGroup() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return
	}
	if err := syscall.Kill(-p.PID(), syscall.SIGKILL); err != nil {
		p.t.Errorf("kill %s: %v", p.cmd, err)
	}
}

// awaitExit returns when a child of this process has ended, and leaves it to be waited for, so that its number
// stays taken (waitid(2), WNOWAIT).
func awaitExit(pid int) {
	const (
		byPID   = 1 // P_PID
		exited  = syscall.WEXITED
		notReap = syscall.WNOWAIT
	)
	var info [128]byte // siginfo_t, which nobody reads
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid),
			uintptr(unsafe.Pointer(&info)), exited|notReap, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}
