package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A server is a process with a folder, which goes with it.
type server struct {
	cmd    *exec.Cmd
	folder string
	port   string
	as     []string // what a command begins with to run as the owner of the folder
}

// newServer makes a folder. What refuses to run as root runs as the user that its package has made.
func newServer(owner string) (*server, error) {
	folder, err := os.MkdirTemp("", "coatcheck-scale-")
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	_, s.port, _ = net.SplitHostPort(l.Addr().String())
	if owner == "" || os.Getuid() != 0 {
		return s, nil
	}
	u, err := user.Lookup(owner)
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	s.as = []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups", "--pdeathsig=KILL", "--"}
	return s, os.Chown(folder, uid, gid)
}

func (s *server) command(name string, args ...string) *exec.Cmd {
	all := append(append([]string{}, s.as...), append([]string{name}, args...)...)
	cmd := exec.Command(all[0], all[1:]...)
	cmd.Dir = s.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// prepare runs a command to its end.
func (s *server) prepare(name string, args ...string) error {
	if out, err := s.command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}

// start starts the server and waits until it answers.
func (s *server) start(answers func() error, name string, args ...string) error {
	s.cmd = s.command(name, args...)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := answers()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			s.stop()
			return fmt.Errorf("%s does not answer: %w", filepath.Base(name), err)
		}
	}
}

func (s *server) stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
	_ = os.RemoveAll(s.folder)
}

// program finds the first of some programs that is there.
func program(names ...string) (string, error) {
	for _, name := range names {
		matches, _ := filepath.Glob(name)
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
		if len(matches) > 0 {
			return filepath.EvalSymlinks(matches[len(matches)-1])
		}
	}
	return "", errors.New("missing: " + names[0] + " (make deps installs it on Debian)")
}

// firstLine is what a program says of its version.
func firstLine(path string) string {
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		return filepath.Base(path)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
