package shop_test

import (
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/state/statetest"
)

// STATE.md is what the shop keeps. To accept a change: COATCHECK_UPDATE=1 go test ./cmd/coatcheck/internal/shop
func TestStateIsAsDocumented(t *testing.T) { statetest.Golden(t, shop.Inventory) }
