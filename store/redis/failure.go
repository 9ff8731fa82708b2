package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// A refusal is why a server has refused a command, as far as something can be done about it.
type refusal int

const (
	unknown refusal = iota
	noScript
	moving // the command was not executed, and may be soon
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

// errorCodes are the words with which Redis begins its errors. Within scripts they stand further back.
var errorCodes = map[string]refusal{
	"NOSCRIPT": noScript, "TRYAGAIN": moving, "MOVED": moving, "ASK": moving,
	"OOM": full, "READONLY": readOnly, "LOADING": loading, "MASTERDOWN": masterDown,
	"NOAUTH": noAuth, "WRONGPASS": noAuth, "NOPERM": noPermission, "CLUSTERDOWN": clusterDown,
	"MISCONF": noDisk, "NOREPLICAS": noReplicas, "WRONGTYPE": wrongType, "BUSY": busy,
}

var advice = map[refusal]string{
	moving:       "the Cluster is moving this key; try again soon",
	full:         "Redis has used all the memory it may use; raise maxmemory or sweep more often",
	readOnly:     "this is a replica; let the client find the master (Sentinel or Cluster), or wait for the failover",
	loading:      "Redis is reading its data from disk; wait until it is done",
	masterDown:   "this replica has lost its master; wait for the failover or connect to the master",
	noAuth:       "Redis rejected the credentials; set user and password on the client",
	noPermission: "the Redis user lacks a right; allow it the keys and channels of the prefix, and scripts",
	clusterDown:  "the cluster does not serve all slots; look at CLUSTER INFO and bring the missing nodes back",
	noDisk:       "Redis cannot write to its disk; make room on it and look at the server's log",
	noReplicas:   "Redis has fewer replicas than min-replicas-to-write asks for; bring them back",
	busy:         "Redis is busy with a long script; wait, or end it with SCRIPT KILL",
}

var (
	errReply       = errors.New("unexpected reply; check that the Doer passes replies on unchanged")
	errSlow        = errors.New("it took too long, Redis or the way to it is slow; try again")
	errGate        = errors.New("another sign-out of this user is under way; try again")
	errNoPipeline  = errors.New("Replicated needs a Pipeline")
	errUnconfirmed = errors.New("not confirmed by enough replicas in time; a failover may lose it")
)

// diagnose finds the code, which is a word of its own.
func diagnose(err error) refusal {
	if err == nil {
		return unknown
	}
	words := strings.FieldsFunc(err.Error(), func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	i := slices.IndexFunc(words, func(word string) bool { return errorCodes[word] != unknown })
	if i < 0 {
		return unknown
	}
	return errorCodes[words[i]]
}

// isOutcome reports whether an error is the contract's answer to one call, and no failure.
func isOutcome(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) ||
		errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrDamaged)
}

// explain says what was being done and what to do about it. Errors of the contract stay as they are.
func explain(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil || isOutcome(err):
		return err
	case ctx.Err() != nil:
		err = ctx.Err() // a client that is interrupted says so in its own words
	default:
		if words, ok := advice[diagnose(err)]; ok {
			err = fmt.Errorf("%s: %w", words, err)
		}
	}
	return fmt.Errorf("redisstore: %s: %w", doing, err)
}

// movingWait is the time in which a slot must arrive if the caller has no deadline. Otherwise it is three quarters of
// what the caller has, who then still hears of the failure.
const movingWait = 1500 * time.Millisecond

// awaitSlot sends a command. It sends it again while a Cluster is moving the key, because it was not executed.
func awaitSlot(ctx context.Context, send Doer, key string, command []any) (reply any, err error) {
	wait := movingWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = time.Until(deadline) / 4 * 3
	}
	deadline := time.Now().Add(wait)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = retry(ctx, func() (again bool, err error) {
		reply, err = send(ctx, key, command...)
		return diagnose(err) == moving && time.Now().Before(deadline), err
	})
	return reply, err
}

// do sends one command.
func (s *Store) do(ctx context.Context, key string, command ...any) (any, error) {
	return awaitSlot(ctx, s.send, key, command)
}

// retry calls f, with pauses that grow to 50 ms, until it wants no further attempt.
func retry(ctx context.Context, f func() (again bool, err error)) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if again, err := f(); !again {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
