package redisstore

import (
	"context"
	"fmt"
	"strconv"
)

// A Doer runs one command and returns its reply: all that a Store needs of a client. key is the key that the command is
// about, for clients of a Cluster; if it is empty, any node will do.
//
// A reply is an integer, a string, a []byte or a []any of these. An error reply comes as an error with Redis's words in
// it. The store sends no command that is answered with nil, so it does not matter how a client represents nil.
//
// A Doer may be called from any goroutine. It returns soon after its context has ended.
type Doer func(ctx context.Context, key string, args ...any) (any, error)

// A Pipeline runs commands in order on one connection to the node that has the key, and returns their replies in the
// same order. An error reply stands among them as an error. [Replicated] needs it because WAIT waits for what its own
// connection has written.
type Pipeline func(ctx context.Context, key string, commands ...[]any) ([]any, error)

// Subscribe subscribes to channels on one connection and calls message for everything that arrives, in order. It
// returns when the context ends or as soon as the connection breaks. It must not subscribe again by itself, because
// nobody would know that messages in between were lost.
type Subscribe func(ctx context.Context, channels []string, message func(channel, payload string)) error

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
	return 0, fmt.Errorf("%w: got a %T instead of a number", errReply, reply)
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
	return "", fmt.Errorf("%w: got a %T instead of a string", errReply, reply)
}

func array(reply any, err error) ([]any, error) {
	if err != nil {
		return nil, err
	}
	if a, ok := reply.([]any); ok {
		return a, nil
	}
	return nil, fmt.Errorf("%w: got a %T instead of an array", errReply, reply)
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
