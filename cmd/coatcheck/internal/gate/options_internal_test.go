package gate

import (
	"testing"
	"time"
)

// The zero value has the bounds that the documentation names, and what is set stays.
func TestDefaults(t *testing.T) {
	o := Options{}.withDefaults()
	if o.AnswerTimeout != time.Minute || o.BodyTimeout != time.Minute || o.Log == nil || o.Closing == nil {
		t.Errorf("got %+v", o)
	}
	o = Options{AnswerTimeout: -1, BodyTimeout: time.Second}.withDefaults()
	if o.AnswerTimeout != -1 || o.BodyTimeout != time.Second {
		t.Errorf("got %+v", o)
	}
}
