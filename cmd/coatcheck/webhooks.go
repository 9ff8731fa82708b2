package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
	"coatcheck.dev/token"
)

// A pusher tells others what happens to sessions. It has an outbox from the first configuration on that names anybody.
type pusher struct {
	s      *server
	unfeed func()

	mu     sync.RWMutex // guards what follows
	outbox *webhook.Outbox
}

// startPushing has what happens to sessions be told to others, from now on.
func (s *server) startPushing(ctx context.Context, flags *config.Pushes) error {
	receivers, err := s.pusher.receivers(flags)
	if err != nil {
		return err
	}
	if err := s.pusher.take(ctx, receivers); err != nil {
		return err
	}
	s.pusher.unfeed = s.stores.Subscribe(s.pusher.notice)
	return nil
}

// receivers are those of a configuration.
func (p *pusher) receivers(flags *config.Pushes) ([]webhook.Receiver, error) {
	all, err := flags.Receivers()
	for i := range all {
		if signals := all[i].Signals; signals != nil {
			err = errors.Join(err, p.sign(signals))
		}
	}
	return all, err
}

// take takes up receivers.
func (p *pusher) take(ctx context.Context, receivers []webhook.Receiver) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.outbox != nil:
		return p.outbox.Configure(ctx, receivers...)
	case len(receivers) == 0:
		return nil
	}
	p.outbox, err = webhook.Open(ctx, webhook.Options{File: p.s.folder.WebhooksPath(), Log: p.s.log}, receivers...)
	return err
}

// sign gives shared signals the keys of tokens.
func (p *pusher) sign(signals *webhook.Signals) error {
	if p.s.keys == nil {
		return errors.New("shared-signals: the program was started without keys for tokens; restart it")
	}
	issuer := token.NewIssuer(p.s.sessions, p.s.keys, token.Options{Issuer: signals.Issuer})
	signals.Sign = func(claims any) (string, error) { return issuer.Sign("secevent+jwt", claims) }
	return nil
}

// get returns the outbox, nil if there is none.
func (p *pusher) get() *webhook.Outbox {
	if p == nil {
		return nil
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.outbox
}

func (p *pusher) observe(e event.Event) {
	if outbox := p.get(); outbox != nil {
		outbox.Observe(e)
	}
}

func (p *pusher) notice(n store.Notice) {
	if outbox := p.get(); outbox != nil {
		outbox.Notice(n)
	}
}

// statuses are those for the metrics.
func (p *pusher) statuses() ([]webhook.Status, uint64) {
	outbox := p.get()
	if outbox == nil {
		return nil, 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	all, err := outbox.Statuses(ctx)
	if err != nil {
		p.s.log.Warn("the outbox of webhooks cannot be read", "error", err)
	}
	return all, outbox.Lost()
}

// close writes what is still in memory. Nothing happens to sessions any more.
func (p *pusher) close(ctx context.Context) error {
	if p == nil {
		return nil
	}
	if p.unfeed != nil {
		p.unfeed()
	}
	outbox := p.get()
	if outbox == nil {
		return nil
	}
	if err := outbox.Close(ctx); err != nil {
		return fmt.Errorf("close the outbox of webhooks: %w", err)
	}
	return nil
}

// transmitter is what receivers of shared signals configure themselves by: Shared Signals Framework 1.0, section 7.
func transmitter(issuer string, next http.Handler) http.Handler {
	document := fmt.Sprintf(`{"spec_version":"1_0","issuer":%q,"jwks_uri":%q,`+
		`"delivery_methods_supported":["urn:ietf:rfc:8935"],"default_subjects":"ALL"}`+"\n",
		issuer, strings.TrimRight(issuer, "/")+"/.well-known/jwks.json")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/ssf-configuration" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write([]byte(document))
	})
}

// webhooks runs one of the commands on the outbox.
func (p *Program) webhooks(ctx context.Context, line *config.Line) (err error) {
	flags := &line.Webhooks
	data := flags.List.Data
	switch line.Command {
	case config.ReplayWebhooks:
		data = flags.Replay.Data
	case config.ResumeWebhooks:
		data = flags.Resume.Data
	}
	file, err := webhook.OpenFile(ctx, folder.At(data).WebhooksPath())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	switch line.Command {
	case config.ReplayWebhooks:
		edge, ok := span.Parse(flags.Replay.Since)
		if !ok {
			return fmt.Errorf("--since %.80q: %s", flags.Replay.Since, span.Want)
		}
		since := edge.Ago(time.Now())
		if err := file.Replay(ctx, flags.Replay.Receiver, since); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.Stdout, "What happened since %s is sent to %s again.\n",
			since.Format(time.RFC3339), flags.Replay.Receiver)
		return err
	case config.ResumeWebhooks:
		if err := file.Resume(ctx, flags.Resume.Receiver); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.Stdout, "%s is switched on.\n", flags.Resume.Receiver)
		return err
	}
	all, err := file.Statuses(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RECEIVER\tURL\tSTATE\tWAITING\tDEAD\tDELIVERED\tDROPPED\tLAST ANSWER")
	for i := range all {
		s := &all[i]
		state := "on"
		if !s.Off.IsZero() {
			state = "off since " + s.Off.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", s.Name, s.URL, state, s.Waiting, s.Dead, s.Delivered,
			s.Dropped, s.Answer)
	}
	return w.Flush()
}
