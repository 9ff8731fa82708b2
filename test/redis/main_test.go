// Package redis checks package redisstore against real servers: one node, Sentinels, a Cluster.
package redis_test

import (
	"testing"

	"coatcheck.dev/test/internal/proc"
)

func TestMain(m *testing.M) { proc.Main(m) }
