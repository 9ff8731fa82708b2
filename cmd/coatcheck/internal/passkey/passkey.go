// Package passkey is the second factor of operators: a device proves that it has a key (WebAuthn, level 3). The library
// github.com/go-webauthn/webauthn has the protocol; this package says what of it the console uses.
//
// A ceremony has two halves. The first makes options for the browser's navigator.credentials and a [State], which the
// server keeps; the second takes the browser's answer. A state is good for one answer, and for [Time].
//
// No attestation is asked for, because it does not matter which make of device somebody has. The device asks for a PIN
// or a finger if it can: this is a second factor, and having it is what counts.
package passkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/event"
)

// Time is how long a browser has for an answer.
const Time = 5 * time.Minute

// State is what the server remembers of a ceremony.
type State = webauthn.SessionData

// ErrHost says that a passkey cannot be used at a host.
var ErrHost = errors.New("passkeys need a name, such as localhost, and no address")

// party is the console as browsers know it, at the host of a request.
func party(host string) (*webauthn.WebAuthn, error) {
	name := event.HostName(host)
	if _, err := netip.ParseAddr(name); err == nil || name == "" {
		return nil, ErrHost
	}
	origins := []string{"https://" + host}
	if event.Trustworthy("http", host) {
		origins = append(origins, "http://"+host)
	}
	limit := webauthn.TimeoutConfig{Enforce: true, Timeout: Time, TimeoutUVD: Time}
	return webauthn.New(&webauthn.Config{
		RPID: name, RPDisplayName: "Coatcheck console", RPOrigins: origins,
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementDiscouraged, UserVerification: protocol.VerificationPreferred,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: limit, Registration: limit},
	})
}

// A holder is an operator as the library wants one, with the passkeys that are good at one host.
type holder struct {
	*operator.Operator
	host string
}

func (h holder) WebAuthnID() []byte          { return h.ID }
func (h holder) WebAuthnName() string        { return h.Name }
func (h holder) WebAuthnDisplayName() string { return h.Name }

func (h holder) WebAuthnCredentials() (all []webauthn.Credential) {
	for i := range h.Passkeys {
		if k := &h.Passkeys[i]; k.Host == h.host {
			all = append(all, credential(k))
		}
	}
	return all
}

func credential(k *operator.Passkey) webauthn.Credential {
	c := webauthn.Credential{
		ID: k.ID, PublicKey: k.PublicKey, Authenticator: webauthn.Authenticator{SignCount: k.Uses},
		Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(k.Flags)),
	}
	for _, way := range k.Transport {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(way))
	}
	return c
}

func newPasskey(c *webauthn.Credential, host string, created time.Time) operator.Passkey {
	k := operator.Passkey{
		ID: c.ID, PublicKey: c.PublicKey, Host: host, Created: created.UTC().Truncate(time.Second),
		Uses: c.Authenticator.SignCount, Flags: byte(c.Flags.ProtocolValue()),
	}
	for _, way := range c.Transport {
		k.Transport = append(k.Transport, string(way))
	}
	return k
}

// New begins to make a passkey at the host of a request. The options are JSON for navigator.credentials.create.
func New(o *operator.Operator, host string) (options string, s State, err error) {
	p, err := party(host)
	if err != nil {
		return "", s, err
	}
	who := holder{o, event.HostName(host)}
	var known []protocol.CredentialDescriptor
	for _, c := range who.WebAuthnCredentials() {
		known = append(known, c.Descriptor())
	}
	asked, state, err := p.BeginRegistration(who, webauthn.WithExclusions(known))
	if err != nil {
		return "", s, err
	}
	text, err := json.Marshal(asked.Response)
	return string(text), *state, err
}

// Made is the passkey that a browser has made.
func Made(o *operator.Operator, host string, s State, answer string, now time.Time) (k operator.Passkey, err error) {
	p, err := party(host)
	if err != nil {
		return k, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return k, plain(err)
	}
	c, err := p.CreateCredential(holder{o, event.HostName(host)}, s, parsed)
	if err != nil {
		return k, plain(err)
	}
	return newPasskey(c, event.HostName(host), now), nil
}

// Ask begins to ask for a passkey of an operator. The options are JSON for navigator.credentials.get. The error is
// [ErrHost] if they have none that is good at the host.
func Ask(o *operator.Operator, host string) (options string, s State, err error) {
	p, err := party(host)
	if err != nil {
		return "", s, err
	}
	who := holder{o, event.HostName(host)}
	if len(who.WebAuthnCredentials()) == 0 {
		return "", s, ErrHost
	}
	asked, state, err := p.BeginLogin(who)
	if err != nil {
		return "", s, err
	}
	text, err := json.Marshal(asked.Response)
	return string(text), *state, err
}

// Shown is the passkey that a browser has shown, with its uses counted. A device whose count goes back may have a
// double, and is refused.
func Shown(o *operator.Operator, host string, s State, answer string) (k operator.Passkey, err error) {
	p, err := party(host)
	if err != nil {
		return k, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return k, plain(err)
	}
	c, err := p.ValidateLogin(holder{o, event.HostName(host)}, s, parsed)
	switch {
	case err != nil:
		return k, plain(err)
	case c.Authenticator.CloneWarning:
		return k, errors.New("the device counts its uses, and has counted fewer than before: there may be two of it")
	}
	for i := range o.Passkeys {
		if was := &o.Passkeys[i]; string(was.ID) == string(c.ID) {
			return newPasskey(c, was.Host, was.Created), nil
		}
	}
	return k, operator.ErrUnknown
}

// plain is an error of the library with its details, for the log.
func plain(err error) error {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return fmt.Errorf("%s: %s %s", e.Type, e.Details, e.DevInfo)
	}
	return err
}
