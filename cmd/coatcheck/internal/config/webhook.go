package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/webhook"
)

// Pushes say who else hears of what happens to sessions. A program that runs takes up others.
type Pushes struct {
	Webhooks      []Webhook     `kong:"-" yaml:"webhooks" help:"Who else hears of what happens to sessions, by Standard Webhooks: see docs/operations.md."`
	SharedSignals SharedSignals `kong:"-" yaml:"shared-signals" help:"One receiver of shared signals (CAEP session-revoked), pushed as RFC 8935 says, in tokens (RFC 8417) that the keys of the program sign."`
}

// A Webhook is one receiver of Standard Webhooks.
type Webhook struct {
	Name              string   `yaml:"name" placeholder:"NAME" help:"What the receiver is called in the console, the log and the metrics. What waits for it is kept under this name, so it stays."`
	URL               string   `yaml:"url" placeholder:"URL" help:"Where requests go: https, or http on this machine."`
	Secrets           []string `yaml:"secrets" placeholder:"SECRET" secret:"" help:"What signs them, the newest first: whsec_ and base64 of 24 to 64 bytes, a file that has such lines, or env:NAME. Each signs, so that the receiver can rotate its own."`
	Kinds             []string `yaml:"kinds" placeholder:"KIND" enum:"session.created,session.signed_in,session.stepped_up,session.renewed,session.recovered,session.bound,session.theft_suspected,session.ended,user.not_before,everybody.not_before" help:"What it hears of, such as [session.ended, user.not_before, everybody.not_before]. Default: everything"`
	InsecurePlainHTTP bool     `yaml:"insecure-plain-http" help:"Send names and addresses of users unencrypted to another machine."`
}

// SharedSignals is the receiver of shared signals.
type SharedSignals struct {
	URL               string `yaml:"url" placeholder:"URL" help:"Where tokens are pushed to."`
	Issuer            string `yaml:"issuer" placeholder:"URL" help:"The site's URL as the receiver knows it: the keys are at /.well-known/jwks.json there."`
	Audience          string `yaml:"audience" placeholder:"AUD" help:"The receiver, as it calls itself."`
	Authorization     string `yaml:"authorization" placeholder:"AUTH" secret:"" help:"What the Authorization header of each push is: \"Bearer …\", a file that has it, or env:NAME. Default: there is none"`
	InsecurePlainHTTP bool   `yaml:"insecure-plain-http" help:"Send names of users unencrypted to another machine."`
}

// SignalsName is the name of the receiver of shared signals, which no webhook can have.
const SignalsName = "shared-signals"

// Receivers returns everybody who is to hear of what happens. The one of shared signals cannot sign yet.
func (p *Pushes) Receivers() (all []webhook.Receiver, err error) {
	for i := range p.Webhooks {
		h := &p.Webhooks[i]
		secrets, err := h.secrets()
		if err != nil {
			return nil, fmt.Errorf("webhooks[%d].secrets: %w", i, err)
		}
		all = append(all, webhook.Receiver{
			Name: h.Name, URL: h.URL, Secrets: secrets, Kinds: h.Kinds, InsecurePlainHTTP: h.InsecurePlainHTTP,
		})
	}
	s := &p.SharedSignals
	if s.URL == "" {
		return all, nil
	}
	authorization, err := s.authorization()
	if err != nil {
		return nil, fmt.Errorf("shared-signals.authorization: %w", err)
	}
	return append(all, webhook.Receiver{
		Name: SignalsName, URL: s.URL, InsecurePlainHTTP: s.InsecurePlainHTTP,
		Signals: &webhook.Signals{Issuer: s.Issuer, Audience: s.Audience, Authorization: authorization},
	}), nil
}

// secrets reads all secrets of a receiver.
func (h *Webhook) secrets() (all []webhook.Secret, err error) {
	var lines []string
	for _, source := range h.Secrets {
		text, err := secretText(source, "whsec_")
		if err != nil {
			return nil, err
		}
		lines = append(lines, text)
	}
	return webhook.ParseSecrets(strings.Join(lines, "\n"))
}

func (s *SharedSignals) authorization() (string, error) {
	if s.Authorization == "" {
		return "", nil
	}
	text, err := secretText(s.Authorization, "Bearer ")
	text = strings.TrimSpace(text)
	if err == nil && (text == "" || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })) {
		err = errors.New("it is no line of text; write Bearer and a token")
	}
	return text, err
}

// secretText returns the secret that a text is, or that it names.
func secretText(source, itself string) (string, error) {
	if strings.HasPrefix(source, itself) {
		return source, nil
	}
	if name, ok := strings.CutPrefix(source, "env:"); ok {
		if text := os.Getenv(name); text != "" {
			return text, nil
		}
		return "", fmt.Errorf("the environment has no variable %.100s", name)
	}
	text, err := readAtMost(source, webhook.MaxSecretFile)
	return string(text), err
}

func (c *checker) pushes(p *Pushes) {
	names := map[string]int{}
	for i := range p.Webhooks {
		h, at := &p.Webhooks[i], fmt.Sprintf("webhooks[%d]", i)
		first, twice := names[h.Name]
		switch err := webhook.CheckName(h.Name); {
		case h.Name == "" || h.URL == "" || len(h.Secrets) == 0:
			c.add(at, "a receiver needs name, url and secrets; add what is missing")
			continue
		case h.Name == SignalsName:
			c.add(at+".name", "that is what the receiver of shared-signals is called; choose another name")
		case err != nil:
			c.add(at+".name", "%s", err)
		case twice:
			c.add(at+".name", "webhooks[%d] has the name already; choose another one", first)
		}
		names[h.Name] = i
		if err := webhook.CheckURL(h.URL, h.InsecurePlainHTTP); err != nil {
			c.add(at+".url", "%s", err)
		}
		if _, err := h.secrets(); err != nil {
			c.add(at+".secrets", "%s", err)
		}
	}
	c.signals(&p.SharedSignals)
}

func (c *checker) signals(s *SharedSignals) {
	if *s == (SharedSignals{}) {
		return
	}
	if s.URL == "" || s.Issuer == "" || s.Audience == "" {
		c.add("shared-signals", "it needs url, issuer and audience; add what is missing")
		return
	}
	if err := webhook.CheckURL(s.URL, s.InsecurePlainHTTP); err != nil {
		c.add("shared-signals.url", "%s", err)
	}
	if err := webhook.CheckURL(s.Issuer, true); err != nil {
		c.add("shared-signals.issuer", "%.100q is no URL; write one such as https://shop.example", s.Issuer)
	}
	if _, err := s.authorization(); err != nil {
		c.add("shared-signals.authorization", "%s", err)
	}
}
