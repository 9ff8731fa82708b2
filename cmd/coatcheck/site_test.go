package main

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/config"
)

// A session needs no key where the gate looks none up, and nowhere else: "/help" is one public page, and says nothing
// of "/help/account".
//
// Rows: A33, D7
func TestOnlyPublicFoldersNeedNoKey(t *testing.T) {
	s := site{public: []string{"/help", "/static/", "/robots.txt"}}
	flags := config.Server{BindDevices: "required", BindLifetime: 10 * time.Minute}
	if err := s.bind(flags, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if got := s.options.Guard.(*bound.Guard).Options().Open; fmt.Sprint(got) != "[/static/]" {
		t.Errorf("pages that need no key: %v", got)
	}
}
