package redisstore

import (
	"context"
	"fmt"
	"strconv"
)

// A Door runs one command and returns its reply: all that a Store needs of a client. key is the key that the command is
// about, for clients that want to be told where it belongs; empty if any node will do. A reply is an int64 or other
// integer, a string or []byte, or a []any of these; an error reply comes as an error with Redis's words in it. No command
// of the store is answered with nil, so how a client tells nil does not matter.
//
// A door may be called by any number of goroutines, and returns soon after its context has ended.
type Door func(ctx context.Context, key string, args ...any) (any, error)

// Together runs commands in their order on one connection to the node that has the key, and returns their replies in
// the same order; an error reply may stand among them as an error. It is what [Replicated] needs: WAIT waits for what
// its own connection has written.
type Together func(ctx context.Context, key string, commands ...[]any) ([]any, error)

// A Subscribing subscribes to channels on one connection, calls message for what arrives, in its order, and returns when
// the context has ended or as soon as the connection breaks. It must not subscribe again by itself: what was told in
// between is lost, and nobody would know.
type Subscribing func(ctx context.Context, channels []string, message func(channel, payload string)) error

// Replies come in the types that a client chooses.

func integer(reply any, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	switch n := reply.(type) {
	case int64:
		return n, nil
	case int:
		return int64(n), nil
	case float64:
		return int64(n), nil
	case string:
		return strconv.ParseInt(n, 10, 64)
	case []byte:
		return strconv.ParseInt(string(n), 10, 64)
	}
	return 0, fmt.Errorf("%w: %T where a number belongs", errReply, reply)
}

func text(reply any, err error) (string, error) {
	if err != nil {
		return "", err
	}
	switch s := reply.(type) {
	case string:
		return s, nil
	case []byte:
		return string(s), nil
	case error:
		return "", s
	}
	return "", fmt.Errorf("%w: %T where a string belongs", errReply, reply)
}

func array(reply any, err error) ([]any, error) {
	if err != nil {
		return nil, err
	}
	if a, ok := reply.([]any); ok {
		return a, nil
	}
	return nil, fmt.Errorf("%w: %T where an array belongs", errReply, reply)
}

// texts returns an array of strings, with "" for what is nil.
func texts(reply any, err error) ([]string, error) {
	a, err := array(reply, err)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(a))
	for i, v := range a {
		if v == nil {
			continue
		}
		if all[i], err = text(v, nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}
