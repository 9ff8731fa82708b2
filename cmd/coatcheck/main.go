// Command coatcheck keeps state for visitors of web sites, on the server, found again by a ticket in one cookie.
//
//	coatcheck demo                                    a small shop, to see what it does
//	coatcheck serve --upstream http://127.0.0.1:3000  a gate in front of an app in any language
//	coatcheck doctor                                  what the store promises, and what to do about what it does not
//	coatcheck doctor --site https://shop.example/     an attack on your own proxy, and what to change
//	coatcheck echo                                    an app for trying things: it answers with what reached it
//	coatcheck store copy FROM TO                      all sessions from one store to another
//	coatcheck keys rotate                             a new key to encrypt with, which running nodes take up
//	coatcheck app-keys new --scope read               a key by which a service uses the session API
//	coatcheck operators add ada --role support        an operator of the console, with a name and a role
//	coatcheck operators link ada                      a link that signs an operator in, once, without a restart
//	coatcheck check https://shop.example/             what browsers make of a site's cookies, and what is wrong
//	coatcheck audit https://shop.example/             what a real browser keeps for a site, and who put it there
//	coatcheck cookies convert FROM TO                 cookies from the file of one program to that of another
//	coatcheck snippet systemd                         a service, or a container, with no more rights than needed
//	coatcheck snippet nginx                           a proxy that asks coatcheck serve --beside nginx about requests
//	coatcheck version
//
// The first two serve the site on http://localhost:8080 and the console on http://localhost:8081. The documentation of
// package internal/gate has the contract between the gate and the app.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	paceCollector(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	program := &Program{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := program.Run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "coatcheck:", strings.ReplaceAll(err.Error(), "\n", "; "))
		status := 1
		if exit, ok := errors.AsType[interface {
			error
			ExitStatus() int
		}](err); ok {
			status = exit.ExitStatus()
		}
		os.Exit(status)
	}
}
