package doors

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/frontend"
	"coatcheck.dev/test/internal/proc"
)

func TestMain(m *testing.M) { proc.Main(m) }

var (
	echoLine    = regexp.MustCompile(`^  Echo +http://(?:localhost|[0-9.]+):(\d+)$`)
	siteLine    = regexp.MustCompile(`^  App +https?://(?:localhost|[0-9.]+):(\d+)$`)
	consoleLine = regexp.MustCompile(`^  Console +http://localhost:(\d+)/`)
)

func program(t testing.TB) string { return proc.Build(t, "coatcheck.dev/cmd/coatcheck") }

// echo starts the app that tells what reached it, and returns its address on loopback.
func echo(t testing.TB, flags ...string) string {
	t.Helper()
	if !slices.Contains(flags, "--listen") {
		flags = append(flags, "--listen", "127.0.0.1:0")
	}
	p := proc.Start(t, proc.Spec{Path: program(t), Args: append([]string{"echo"}, flags...)})
	return "127.0.0.1:" + p.Await(echoLine)[1]
}

// closed is a configuration in which one path is for users alone.
const closed = `upstream: http://APP
sign-in: /.echo/sign-in
routes:
  - {match: /account, access: required}
`

// A gate is the program that carries the traffic.
type gate struct {
	*proc.Process
	addr, console string
}

// serve starts a gate with a configuration in which APP is the app's address.
func serve(t testing.TB, config, app string, flags ...string) *gate {
	t.Helper()
	dir := t.TempDir()
	file := frontend.Write(t, dir, "coatcheck.yaml", strings.ReplaceAll(config, "APP", app))
	p := proc.Start(t, proc.Spec{Path: program(t), Args: append([]string{
		"serve", "--config", file, "--data", dir + "/data", "--listen", "127.0.0.1:0", "--console-listen",
		"127.0.0.1:0",
	}, flags...)})
	g := &gate{Process: p, addr: "127.0.0.1:" + p.Await(siteLine)[1]}
	g.console = "127.0.0.1:" + p.Await(consoleLine)[1]
	return g
}

// A finding is a row of the doctor's report.
type finding struct{ Name, Status, Tried, Got, Fix string }

// doctor attacks a site and returns what it says of it.
func doctor(t testing.TB, env []string, args ...string) []finding {
	t.Helper()
	cmd := exec.Command(program(t), append([]string{"doctor", "--format", "json"}, args...)...)
	cmd.Env = append(cmd.Environ(), env...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	var report struct{ Findings []finding }
	if json.Unmarshal(out.Bytes(), &report) != nil || len(report.Findings) == 0 {
		t.Fatalf("doctor: %v, %s%s", err, &out, &log)
	}
	if danger := len(dangers(report.Findings)) > 0; danger != (err != nil) {
		t.Errorf("dangerous: %t, and the exit status says %v", danger, err)
	}
	return report.Findings
}

// dangers are the names of the rows that are dangerous.
func dangers(findings []finding) (names []string) {
	for _, f := range findings {
		if f.Status == "dangerous" {
			names = append(names, f.Name)
		}
	}
	return names
}
