package scale

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"coatcheck.dev/test/scale/figures"
)

func machine() figures.Machine {
	var kb float64
	_, _ = fmt.Sscan(field("/proc/meminfo", "MemTotal"), &kb)
	return figures.Machine{
		When: time.Now().UTC().Format("2006-01-02"), CPU: field("/proc/cpuinfo", "model name"), Go: runtime.Version(),
		System: strings.Trim(os.ExpandEnv(assigned("/etc/os-release", "PRETTY_NAME")), `"`),
		Cores:  runtime.NumCPU(), MemoryGB: math.Round(kb / (1 << 20)),
	}
}

// field returns the first line "name: value" of a file.
func field(path, name string) string { return find(path, name, ":") }

func assigned(path, name string) string { return find(path, name, "=") }

func find(path, name, sep string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), sep); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// load is how many processes wanted to run in the last minute.
func load() (average float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, _ = fmt.Sscan(string(text), &average)
	}
	return average
}
