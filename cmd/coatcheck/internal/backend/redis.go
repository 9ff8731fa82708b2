package backend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
)

var (
	redisNode = engine{
		name: "Redis", schemes: []string{"redis", "rediss"},
		example: "redis://USER:PASSWORD@HOST:6379/0", parse: server(redisServer(readNode)),
	}
	redisSentinel = engine{
		name: "Redis", schemes: []string{"redis+sentinel", "rediss+sentinel"},
		example: "redis+sentinel://USER:PASSWORD@HOST:26379,HOST:26379/MASTER",
		parse:   server(redisServer(readSentinel)),
	}
	redisCluster = engine{
		name: "Redis", schemes: []string{"redis+cluster", "rediss+cluster"},
		example: "redis+cluster://USER:PASSWORD@HOST:6379,HOST:6379", parse: server(redisServer(readCluster)),
	}
)

// answerTimeout is how long a connection to Redis may be silent after a question. A ping goes out each second.
const answerTimeout = 3 * time.Second

// redisServer reads what all addresses of Redis have in common. read does the rest.
func redisServer(read func(*location, *rueidis.ClientOption) error) func(*location) (opener, error) {
	return func(l *location) (opener, error) {
		option := rueidis.ClientOption{
			Username: l.username(), Password: l.password(), InitAddress: l.withPort("6379"), ClientName: "coatcheck",
			ConnWriteTimeout: answerTimeout, DisableCache: true,
		}
		option.Dialer.Timeout, option.Dialer.KeepAlive = connectTimeout, time.Second
		if strings.HasPrefix(l.scheme, "rediss") {
			option.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		if err := read(l, &option); err != nil {
			return nil, err
		}
		replicas, err := l.takeNumber("wait", 0, 100, 0)
		if err != nil {
			return nil, err
		}
		timeout, err := l.takeTime("wait-time", time.Second)
		if err != nil {
			return nil, err
		}
		prefix := l.take("prefix")
		return func(ctx context.Context, _ bool) (*Backend, error) {
			client, err := rueidisstore.NewClient(option) // it connects
			if err != nil {
				return nil, fmt.Errorf("connect to Redis: %w", advise(err))
			}
			o := redisstore.Options{Prefix: prefix}
			if replicas > 0 {
				o.Durability = redisstore.Replicated(replicas, timeout, rueidisstore.Pipeline(client))
			}
			return openRedis(ctx, client, o)
		}, nil
	}
}

func readNode(l *location, o *rueidis.ClientOption) error {
	if len(l.hosts) > 1 {
		return errors.New("it names several hosts; use redis+sentinel or redis+cluster")
	}
	o.ForceSingleClient = true
	return readNumber(l.path, o)
}

func readSentinel(l *location, o *rueidis.ClientOption) error {
	o.InitAddress = l.withPort("26379")
	master, number, _ := strings.Cut(l.path, "/")
	if master == "" {
		return errors.New("it does not name the master")
	}
	o.Sentinel = rueidis.SentinelOption{
		MasterSet: master, Username: l.take("sentinel-user"), Password: l.take("sentinel-password"),
		Dialer: o.Dialer, TLSConfig: o.TLSConfig,
	}
	return readNumber(number, o)
}

func readCluster(l *location, o *rueidis.ClientOption) error {
	o.ShuffleInit = true
	if err := readNumber(l.path, o); err != nil || o.SelectDB == 0 {
		return err
	}
	return errors.New("a Cluster has only database 0")
}

// readNumber reads the number of a database.
func readNumber(text string, o *rueidis.ClientOption) (err error) {
	if text == "" {
		return nil
	}
	if o.SelectDB, err = strconv.Atoi(text); err != nil || o.SelectDB < 0 {
		return fmt.Errorf("%q is not the number of a database", text)
	}
	return nil
}

func openRedis(ctx context.Context, client rueidis.Client, o redisstore.Options) (*Backend, error) {
	s := rueidisstore.New(client, o)
	b := &Backend{
		Store:   s,
		prepare: s.Try, // there is nothing to make, and much that a server may lack
		made:    func(context.Context) (bool, error) { return true, nil },
		close:   func(context.Context) error { s.Close(); client.Close(); return nil },
	}
	b.check = func(ctx context.Context) ([]store.Finding, error) {
		findings, err := s.Check(ctx)
		for i, f := range findings { // they are worded for those who write Go
			findings[i].Fix = strings.ReplaceAll(f.Fix, "use Replicated",
				"let a write wait for them: wait=1 in the store's address")
		}
		return findings, advise(err)
	}
	b.version = func(ctx context.Context) (string, error) {
		findings, err := b.check(ctx)
		for _, f := range findings {
			if f.Name == "version" {
				return f.What, nil
			}
		}
		return "Redis", err // the server may refuse to tell
	}
	if _, err := s.NotBefore(ctx); err != nil { // the first question that a visitor's request asks
		return nil, errors.Join(advise(err), b.close(ctx))
	}
	return b, nil
}

// advise says what is wrong with the address, if the error shows that another kind of server answers there.
func advise(err error) error {
	if err == nil {
		return nil
	}
	const whichTLS = "check whether the server speaks TLS (rediss) or not (redis)"
	for words, advice := range map[string]string{
		"unknown command 'SENTINEL'": "this is not a Sentinel; name the Sentinels, usually on port 26379",
		"unknown command 'EVAL":      "this looks like a Sentinel; use redis+sentinel://",
		"No such master":             "the Sentinels watch no master with the name after the slash",
		"belongs to a Cluster":       "this is one node of a Cluster; use redis+cluster://",
		"deadline exceeded":          "no answer; " + whichTLS,
		"connection reset":           "the server hangs up; " + whichTLS,
		"broken pipe":                "the server hangs up; " + whichTLS,
		"EOF":                        "the server hangs up; " + whichTLS,
	} {
		if strings.Contains(err.Error(), words) {
			return fmt.Errorf("%s: %w", advice, err)
		}
	}
	return err
}
