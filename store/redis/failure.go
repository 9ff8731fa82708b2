package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// A failure is what is wrong with a server, as far as there is something to be done about it.
type failure int

const (
	unknown failure = iota
	noScript
	passing // the command was not executed, and may be soon
	full
	readOnly
	loading
	masterDown
	noAuth
	noPermission
	clusterDown
	noDisk
	noReplicas
	wrongType
	busy
)

// errorCodes are the words that Redis begins its errors with; within scripts they stand further back.
var errorCodes = []struct {
	code string
	is   failure
}{
	{"NOSCRIPT", noScript}, {"TRYAGAIN", passing}, {"MOVED", passing}, {"ASK", passing},
	{"OOM", full}, {"READONLY", readOnly}, {"LOADING", loading}, {"MASTERDOWN", masterDown},
	{"NOAUTH", noAuth}, {"WRONGPASS", noAuth}, {"NOPERM", noPermission}, {"CLUSTERDOWN", clusterDown},
	{"MISCONF", noDisk}, {"NOREPLICAS", noReplicas}, {"WRONGTYPE", wrongType}, {"BUSY", busy},
}

var advice = map[failure]string{
	passing:      "the cluster is moving this key, try again soon",
	full:         "Redis has used all the memory that it may, raise maxmemory or sweep more often",
	readOnly:     "this is a replica, let the client find the master (Sentinel or Cluster), and try again after a failover",
	loading:      "Redis is reading its data from the disk, wait until it is done",
	masterDown:   "this replica has lost its master, wait for the failover or connect to the master",
	noAuth:       "Redis wants a user and a password, or other ones, give them to the client",
	noPermission: "the Redis user lacks a right, let it use the keys and channels of the prefix, and scripts",
	clusterDown:  "the cluster does not serve all slots, look at CLUSTER INFO and bring the missing nodes back",
	noDisk:       "Redis cannot write to its disk, make room on it and look at the server's log",
	noReplicas:   "Redis has fewer replicas than min-replicas-to-write asks for, bring them back",
	busy:         "Redis is busy with a long script, wait or end that with SCRIPT KILL",
}

var (
	errReply       = errors.New("the door returned something unexpected, check that it passes replies on as they are")
	errSlow        = errors.New("it took too long, Redis or the way to it is slow; try again")
	errGate        = errors.New("another sign-out of this user is under way, try again")
	errNoTogether  = errors.New("Replicated needs a function that runs commands together on one connection")
	errUnconfirmed = errors.New("not confirmed by enough replicas in time, it may be lost in a failover; look at the replicas")
)

// diagnose finds the code as a word of its own.
func diagnose(err error) failure {
	if err == nil {
		return unknown
	}
	words := strings.FieldsFunc(err.Error(), func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
	for _, word := range words {
		for _, c := range errorCodes {
			if word == c.code {
				return c.is
			}
		}
	}
	return unknown
}

// isOutcome reports whether an error is the contract's answer to one call, and no failure.
func isOutcome(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrDamaged)
}

// explain says what was being done and what can be done about it. Errors that belong to the contract stay as they are.
func explain(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil || isOutcome(err):
		return err
	case ctx.Err() != nil:
		err = ctx.Err() // a client that is cut off says so in its own words
	default:
		if words, ok := advice[diagnose(err)]; ok {
			err = fmt.Errorf("%s: %w", words, err)
		}
	}
	return fmt.Errorf("redisstore: %s: %w", doing, err)
}

const (
	passingWait  = 1500 * time.Millisecond // for a slot to arrive; callers who wait for 2 seconds hear of it
	passingPause = 50 * time.Millisecond   // at most, between two attempts
)

// patiently repeats what was not executed because the cluster is moving the key.
func patiently(ctx context.Context, f func() error) error {
	var deadline time.Time
	for pause := time.Millisecond; ; pause = min(2*pause, passingPause) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f()
		if err == nil || diagnose(err) != passing {
			return err
		}
		if now := time.Now(); deadline.IsZero() {
			deadline = now.Add(passingWait)
		} else if now.After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
