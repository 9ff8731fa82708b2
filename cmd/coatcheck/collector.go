package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A proxy has little in memory that lasts, and makes much garbage. Go would collect each time that as much garbage is
// there as there is memory in use, and so many hundred times a second. So the garbage may be garbageBytes at least,
// however little is in use. Where more is in use than that, Go's own goal stands.
const garbageBytes = 16 << 20

// filesPercent is the goal of a command that reads files of any size once, and keeps little of them.
const filesPercent = 70

// paceCollector gives the garbage collector the goal of a command, unless the operator has set GOGC. GOMEMLIMIT holds
// in any case.
func paceCollector(args []string) {
	switch {
	case os.Getenv("GOGC") != "":
	case readsFiles(args):
		debug.SetGCPercent(filesPercent)
	default:
		pace(new(cycle))
	}
}

func readsFiles(args []string) bool {
	return len(args) > 0 && (args[0] == "check" || args[0] == "cookies")
}

// A cycle is garbage by the next collection.
type cycle struct{ _ *byte }

// pace sets the goal for the next collection, and is called again after that.
func pace(c *cycle) {
	debug.SetGCPercent(percent(inUse()))
	runtime.SetFinalizer(c, pace)
}

// inUse is what the last collection has left.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// percent is the goal as GOGC has it: garbage in percent of what is in use.
func percent(inUse uint64) int {
	const usual, leastInUse = 100, 1 << 20
	return max(usual, int(garbageBytes*100/max(inUse, leastInUse)))
}
