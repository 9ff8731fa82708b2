// Command scale measures what a million sessions take: bytes, commands and time, on each engine that sessions can be kept in.
//
//	make scale                                            # a million sessions on each; half an hour
//	go run ./scale -sessions 10000 -engines redis         # a look at one
//	go run ./scale -out figures/measured.json             # what docs/scale.md is made of
//
// It starts the servers itself, each on loopback with a folder of its own, one after the other, and ends them. They run as they
// come, but for more memory and a log that is written back as often as usual; only while they are filled do they not wait for the disk.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"coatcheck.dev/bench/figures"
)

func main() {
	sessions := flag.Int("sessions", 1_000_000, "how many sessions each engine is filled with, of a fifth as many users")
	names := flag.String("engines", "memory,sqlite,postgresql,mariadb,redis", "which engines, in which order")
	out := flag.String("out", "", "file that the figures go to; those of engines that are not measured stay")
	flag.Parse()
	if err := run(*sessions, strings.Split(*names, ","), *out); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(sessions int, names []string, out string) (err error) {
	f := new(figures.Figures)
	if out != "" {
		if text, err := os.ReadFile(out); err == nil {
			if err := json.Unmarshal(text, f); err != nil {
				return fmt.Errorf("read %s: %w", out, err)
			}
		}
	}
	f.Machine, f.Sessions, f.Users = machine(), sessions, sessions/perUser
	for _, name := range names {
		e, err := measure(name, sessions)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		print(e)
		f.Engines = slices.DeleteFunc(f.Engines, func(old figures.Engine) bool { return old.Name == name })
		f.Engines = append(f.Engines, *e)
		debug.FreeOSMemory()
	}
	if f.Near, f.Entry, f.Counted, err = nearKept(sessions / 5); err != nil {
		return err
	}
	fmt.Println("near:", f.Near, "bytes each:", f.Entry, "counted as", f.Counted)
	slices.SortFunc(f.Engines, func(a, b figures.Engine) int { return slices.Index(order, a.Name) - slices.Index(order, b.Name) })
	if out == "" {
		return nil
	}
	text, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(text, '\n'), 0o644)
}

// order is that of the document.
var order = []string{"memory", "sqlite", "postgresql", "mariadb", "redis"}

func print(e *figures.Engine) {
	text, _ := json.MarshalIndent(e, "", "  ")
	fmt.Println(string(text))
}
