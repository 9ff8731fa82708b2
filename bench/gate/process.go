package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A process is a program that serves at a URL.
type process struct {
	cmd *exec.Cmd
	url string
}

var address = regexp.MustCompile(`http://[^\s]+`)

// start runs a program and waits until it says where it listens. Without the variables of Coatcheck that may be set,
// each begins with its defaults.
func start(ctx context.Context, log *os.File, program string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = log
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "COATCHECK_") && name != "GOGC" && name != "GOMEMLIMIT" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url := address.FindString(lines.Text()); url != "" {
			go func() {
				for lines.Scan() { // a program whose output nobody reads would stop
				}
			}()
			return &process{cmd, strings.Replace(url, "localhost", "127.0.0.1", 1)}, nil
		}
	}
	return nil, fmt.Errorf("%s %s: it does not say where it listens: %w", filepath.Base(program), args, cmd.Wait())
}

// stop ends the process.
func (p *process) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	ended := time.AfterFunc(5*time.Second, func() { p.cmd.Process.Kill() })
	defer ended.Stop()
	p.cmd.Wait()
}

// cpu is how much processor time the process has taken, user and system, of all its threads. Its clock is the one that
// clock_getcpuclockid(3) names.
func (p *process) cpu() (time.Duration, error) {
	const ofScheduler = 2
	clock := int32(^p.cmd.Process.Pid<<3 | ofScheduler)
	var took unix.Timespec
	if err := unix.ClockGettime(clock, &took); err != nil {
		return 0, fmt.Errorf("the processor time of process %d: %w", p.cmd.Process.Pid, err)
	}
	return time.Duration(took.Nano()), nil
}

// memory is one of the sizes in /proc/PID/status, in bytes: VmRSS is what the process has now, VmHWM the most it had.
func (p *process) memory(name string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in /proc", name)
}
