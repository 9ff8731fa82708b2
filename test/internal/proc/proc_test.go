package proc_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"coatcheck.dev/test/internal/proc"
)

// The program under test is this test binary again, told by its environment to act a part.
func TestMain(m *testing.M) {
	if part := os.Getenv("PROC_TEST_PART"); part != "" {
		parts[part]()
		return
	}
	proc.Main(m)
}

var parts = map[string]func(){
	// serve listens until it is asked to end, and ends with a code of its own.
	"serve": func() {
		l, err := net.Listen("tcp", os.Getenv("PROC_TEST_ADDR"))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		fmt.Println("starting")
		fmt.Fprintf(os.Stderr, "serving http://%s\r\n", l.Addr())
		<-term
		fmt.Print("goodbye")
		os.Exit(7)
	},
	// fail prints and ends.
	"fail": func() {
		fmt.Fprintln(os.Stderr, "no such store")
		os.Exit(3)
	},
	// parent leaves a child that would run for long and holds the same output.
	"parent": func() {
		child := exec.Command("sleep", "600")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println("child", child.Process.Pid)
	},
}

func spec(t *testing.T, part, addr string) proc.Spec {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return proc.Spec{Path: self, Env: []string{"PROC_TEST_PART=" + part, "PROC_TEST_ADDR=" + addr}}
}

var serving = regexp.MustCompile(`serving http://(\S+)$`)

func TestLifeOfAServer(t *testing.T) {
	p := proc.Start(t, spec(t, "serve", "127.0.0.1:0"))
	addr := p.Await(serving)[1]
	p.AwaitListening(addr)
	if again := p.Await(serving)[1]; again != addr {
		t.Errorf("second Await = %q, want the line that was there, %q", again, addr)
	}
	if code := p.Term(); code != 7 {
		t.Errorf("exit code %d, want 7", code)
	}
	for _, want := range []string{"starting\n", "serving http://" + addr + "\n", "goodbye"} {
		if !strings.Contains(p.Output(), want) {
			t.Errorf("output %q lacks %q", p.Output(), want)
		}
	}
	if strings.Count(p.Output(), "goodbye") != 1 {
		t.Errorf("the last line, which has no end, is not there once: %q", p.Output())
	}
}

func TestKillAndRestartOnTheSameAddress(t *testing.T) {
	addr := proc.FreeAddrs(t, 1)[0]
	s := spec(t, "serve", addr)
	first := proc.Start(t, s)
	first.AwaitListening(addr)
	first.Kill()
	if code := first.Wait(); code != -1 {
		t.Errorf("exit code after SIGKILL %d, want -1", code)
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Fatal("somebody still listens after Kill")
	}
	second := proc.Start(t, first.Spec)
	if got := second.Await(serving)[1]; got != addr {
		t.Errorf("restarted on %s, want %s", got, addr)
	}
}

func TestNothingOutlivesTheTest(t *testing.T) {
	var pids []int
	t.Run("inner", func(t *testing.T) {
		server := proc.Start(t, spec(t, "serve", "127.0.0.1:0"))
		server.Await(serving)
		parent := proc.Start(t, spec(t, "parent", ""))
		child, err := strconv.Atoi(parent.Await(regexp.MustCompile(`child (\d+)`))[1])
		if err != nil {
			t.Fatal(err)
		}
		if code := parent.Wait(); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		pids = []int{server.PID(), child}
	})
	for _, pid := range pids {
		awaitGone(t, pid)
	}
}

// A test binary that is killed runs no cleanup. This test runs itself a second time, as the one that dies.
func TestNothingOutlivesAKilledTestBinary(t *testing.T) {
	if os.Getenv("PROC_TEST_DIE") != "" {
		server := proc.Start(t, spec(t, "serve", "127.0.0.1:0"))
		server.Await(serving)
		fmt.Println("server", server.PID())
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	self := spec(t, "", "")
	self.Args = []string{"-test.run=^" + t.Name() + "$"}
	self.Env = []string{"PROC_TEST_DIE=1", "TMPDIR=" + t.TempDir()}
	dying := proc.Start(t, self)
	pid, err := strconv.Atoi(dying.Await(regexp.MustCompile(`server (\d+)`))[1])
	if err != nil {
		t.Fatal(err)
	}
	if code := dying.Wait(); code != -1 {
		t.Errorf("exit code %d, want -1 for a signal", code)
	}
	awaitGone(t, pid)
}

// awaitGone allows for the moment between a kill and the burial by whoever inherits the orphan.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for range 500 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d outlived its test", pid)
}

func TestFreeAddrsDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for _, addr := range proc.FreeAddrs(t, 50) {
		if seen[addr] {
			t.Errorf("%s was given twice", addr)
		}
		seen[addr] = true
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Errorf("not free: %v", err)
			continue
		}
		l.Close()
	}
}

func TestBuildOnce(t *testing.T) {
	const pkg = "coatcheck.dev/test/internal/proc/testdata/hello"
	path := proc.Build(t, pkg)
	if again := proc.Build(t, pkg); again != path {
		t.Errorf("built twice: %s and %s", path, again)
	}
	for _, c := range []struct {
		name, path, want string
	}{
		{"as shipped", path, "hello\n"},
		{"with the race detector", proc.Build(t, pkg, "-race"), "hello, watched\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := proc.Start(t, proc.Spec{Path: c.path})
			if code := p.Wait(); code != 0 || p.Output() != c.want {
				t.Errorf("exit code %d, output %q, want 0 and %q", code, p.Output(), c.want)
			}
		})
	}
}

func TestWorkingFolder(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := proc.Start(t, proc.Spec{Path: "/bin/pwd", Dir: dir})
	p.Wait()
	if got := strings.TrimSpace(p.Output()); got != dir {
		t.Errorf("ran in %s, want %s", got, dir)
	}
}
