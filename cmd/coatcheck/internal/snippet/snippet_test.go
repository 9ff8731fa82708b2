package snippet_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/snippet"
)

func TestTheUnitGivesNoMoreRightsThanNeeded(t *testing.T) {
	var unit bytes.Buffer
	if err := snippet.WriteSystemd(&unit); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "coatcheck.service")
	if err := os.WriteFile(path, unit.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
		"StateDirectoryMode=0700", "MemoryDenyWriteExecute=yes", "SystemCallFilter=@system-service",
	} {
		if !strings.Contains(unit.String(), "\n"+line+"\n") {
			t.Errorf("the unit lacks %s", line)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip("systemd-analyze is missing: only the text was checked")
	}
	// A high exposure is 7 and more of 10; what is left here are the network and the ports below 1024.
	out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=25", path).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// The commands that the snippets show are those of the program.
func TestTheSnippetsShowCommandsThatThereAre(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"systemd":   func(b *bytes.Buffer) error { return snippet.WriteSystemd(b) },
		"container": func(b *bytes.Buffer) error { return snippet.WriteContainer(b) },
	} {
		var text bytes.Buffer
		if err := write(&text); err != nil {
			t.Fatal(err)
		}
		shown := regexp.MustCompile(`coatcheck (serve --upstream .*)`).FindStringSubmatch(text.String())
		if shown == nil {
			t.Fatalf("%s shows no command", name)
		}
		line, err := config.Parse(strings.Fields(shown[1]), new(bytes.Buffer))
		if err != nil || line.Command != config.RunServe || line.Serve.TLS.Check() != nil {
			t.Errorf("%s: %q: %v, %v", name, shown[1], err, line.Serve.TLS.Check())
		}
	}
}

func TestTheContainerHasTheProgramAndNothingElse(t *testing.T) {
	var text bytes.Buffer
	if err := snippet.WriteContainer(&text); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for line := range strings.Lines(text.String()) {
		if step, _, _ := strings.Cut(line, " "); step != "" && step[0] != '#' {
			steps = append(steps, strings.TrimSpace(step))
		}
	}
	want := []string{"FROM", "COPY", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD"}
	if !slices.Equal(steps, want) {
		t.Errorf("the steps are %v; want %v", steps, want)
	}
	for _, line := range []string{"FROM scratch", "USER 65532:65532", `ENTRYPOINT ["/coatcheck"]`} {
		if !strings.Contains(text.String(), "\n"+line+"\n") {
			t.Errorf("it lacks %s", line)
		}
	}
}
