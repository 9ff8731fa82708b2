package main

import "testing"

// Half a file can be a good configuration, with the routes missing that protect most.
func TestAFileThatIsBeingWrittenIsNotTakenUp(t *testing.T) {
	f := settling{seen: "old"}
	for i, look := range []struct {
		state string
		want  bool
	}{{"old", false}, {"half", false}, {"more", false}, {"whole", false}, {"whole", true}} {
		if got := f.changed(look.state); got != look.want {
			t.Errorf("look %d at %q: changed is %v", i, look.state, got)
		}
	}
	f.seen = "whole"
	if f.changed("whole") {
		t.Error("what was taken up has changed")
	}
}
