package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestGarbageHasRoomBesideLittleMemory(t *testing.T) {
	for inUse, want := range map[uint64]int{
		0: 1600, 1 << 20: 1600, 4 << 20: 400, 16 << 20: 100, 1 << 30: 100,
	} {
		if got := percent(inUse); got != want {
			t.Errorf("%d bytes in use: the goal is %d %%; want %d %%", inUse, got, want)
		}
	}
}

func TestCommandsThatReadFilesMakeLittleGarbage(t *testing.T) {
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "")
	for _, line := range []string{"check --har a.har", "cookies convert a b"} {
		debug.SetGCPercent(77)
		paceCollector(strings.Fields(line))
		if got := debug.SetGCPercent(77); got != filesPercent {
			t.Errorf("%s: the goal is %d %%; want %d %%", line, got, filesPercent)
		}
	}
}

func TestGOGCOfTheOperatorStands(t *testing.T) {
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "77")
	for _, line := range []string{"", "serve", "check"} {
		paceCollector(strings.Fields(line))
		if got := debug.SetGCPercent(77); got != 77 {
			t.Errorf("%q: the goal is %d %%; want 77 %%", line, got)
		}
	}
}
