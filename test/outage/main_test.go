package outage

import (
	"testing"

	"coatcheck.dev/test/internal/proc"
)

func TestMain(m *testing.M) { proc.Main(m) }
