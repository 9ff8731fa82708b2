package format_test

import (
	"runtime"
	"strings"
	"testing"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// TestPickleBombs: whatever a file says, it is read in proportion to its length. Each of these would take for ever, or
// all memory, if it were walked through as it is written.
func TestPickleBombs(t *testing.T) {
	laughs := "]q\x00" // each list has ten times the one before
	for i := range 30 {
		laughs += "]q" + string(rune(i+1)) + "(" + strings.Repeat("h"+string(rune(i)), 10) + "e"
	}
	inner := "}q\x01(" + "U\x05valueU\x01v" + "U\x04nameU\x01n" + strings.Repeat("U\x01aN", 100_000) + "u"
	for name, file := range map[string]string{
		"deep":       "\x80\x02" + strings.Repeat("]", 1<<20) + strings.Repeat("a", 1<<20-1) + ".",
		"laughs":     "\x80\x02" + laughs + ".",
		"itself":     "\x80\x02]q\x00h\x00a.",
		"cookies":    "\x80\x02}q\x00U\x07cookiesh\x00s.",
		"object":     "\x80\x02cm\nC\n)\x81q\x00}U\x08_cookiesh\x00sb.",
		"many":       "\x80\x02" + inner + "0](" + strings.Repeat("h\x01", 100_000) + "e.",
		"nested":     "\x80\x02" + inner + "0}(" + strings.Repeat("U\x01kh\x01", 100_000) + "u.",
		"long":       "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",
		"big number": "\x80\x02\x8b\xff\xff\xff\x7f.",
		"no mark":    "\x80\x02e.",
		"no stack":   "\x80\x02.",
		"outside":    "\x80\x02Pid\n.",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n, err := format.Pickle.Read(strings.NewReader(file), func(jar.Cookie) {}, func(format.Loss) {})
			runtime.ReadMemStats(&after)
			if err == nil && n.LeftOut == 0 {
				t.Errorf("%+v: nothing is said", n)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20+1000*uint64(len(file)) {
				t.Errorf("%d bytes for a file of %d", got, len(file))
			}
		})
	}
}
