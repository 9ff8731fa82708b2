// Package figures has what the program scale has measured, as the simulation reads it.
//
//	f, err := figures.Measured()
//	f.Engine("redis").Bytes()
//
// The file measured.json is written by make scale, and by nobody's hand. Times are microseconds.
package figures

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
)

// Figures are those of one run.
type Figures struct {
	Machine  Machine
	Sessions int // in each engine
	Users    int
	Engines  []Engine
	Near     []Kept
	Entry    float64 // bytes that the process grows by for each record that is kept near
	Counted  float64 // bytes that it counts as, against Options.MaxBytes
}

// A Machine is what the figures were measured on, and with.
type Machine struct {
	When, CPU, System, Go string
	Cores                 int
	MemoryGB              float64
}

// An Engine is what one store was measured to take.
type Engine struct {
	Name, Version, Settings string
	LoadBefore, LoadAfter   float64 // how many processes wanted to run, on all cores

	Disk, Index, Memory float64 // bytes for each session; Index is the part of these that finds others
	Fill                float64 // sessions created a second, by 64 callers, not waiting for the disk

	Requests []Request
	Loads    float64 // a second, by 64 callers
	Saves    float64
	Rounds   int // of which these are the best; 0 is one
	List     List
	Feed     Feed
	Sweep    Sweep
}

// A Feed is how long after the acknowledgement of a revocation another node was told of it; 0 if before.
type Feed struct{ Median, P99 float64 }

// A Request is one kind of request, or of work behind requests, and what each of them asks of the engine.
type Request struct {
	Kind     string
	Trips    float64 // to the engine and back
	Commands float64 // that it counted itself, those within scripts included; 0 if it does not count
	Median   float64
	P99      float64
}

// A List is how long it takes to list the sessions of one user, with few and with all sessions in the engine.
type List struct {
	Few, All float64
	FewOf    int // sessions
}

// A Sweep is what requests felt of a sweep, and what they feel without.
type Sweep struct {
	Expired       int
	Took          float64
	Longest, P99  float64 // request beside the sweep
	Calm, CalmP99 float64 // the same requests for as long without it
	Requests      int
}

// Kept is how many of the reads a cache of package near answers that has room for a part of all sessions.
type Kept struct {
	Part  float64 // of all sessions
	Skew  float64 // of Zipf's law
	Ratio float64 // of reads that were hits
}

//go:embed measured.json
var measured []byte

// Measured returns the figures of the run that is committed.
func Measured() (*Figures, error) {
	f := new(Figures)
	if err := json.Unmarshal(measured, f); err != nil {
		return nil, fmt.Errorf("read measured.json, which make scale writes: %w", err)
	}
	if len(f.Engines) == 0 {
		return nil, errors.New("measured.json has no engines: run make scale")
	}
	return f, nil
}

// Engine returns the figures of an engine, which is there.
func (f *Figures) Engine(name string) *Engine {
	for i := range f.Engines {
		if f.Engines[i].Name == name {
			return &f.Engines[i]
		}
	}
	panic("no figures of " + name)
}

// Bytes is what a session takes where the engine has it: on disk, or else in memory.
func (e *Engine) Bytes() float64 {
	if e.Disk > 0 {
		return e.Disk
	}
	return e.Memory
}

// Request returns the figures of a kind of request, which is there.
func (e *Engine) Request(kind string) Request {
	for _, r := range e.Requests {
		if r.Kind == kind {
			return r
		}
	}
	panic("no figures of " + kind + " on " + e.Name)
}
