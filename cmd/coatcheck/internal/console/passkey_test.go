package console_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
)

// An authenticator has one key, as WebAuthn describes it.
type authenticator struct {
	t      *testing.T
	origin string
	key    *ecdsa.PrivateKey
	id     []byte
	uses   uint32
}

func newDevice(t *testing.T, origin string) *authenticator {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &authenticator{t: t, origin: origin, key: key, id: []byte("device " + rand.Text())}
}

var optionsOf = regexp.MustCompile(`data-options="([^"]*)"`)

// options are those that a page gives to the browser.
func (v *authenticator) options(page string) (o struct{ Challenge, RPID string }) {
	v.t.Helper()
	found := optionsOf.FindStringSubmatch(page)
	if found == nil {
		v.t.Fatalf("no options in %s", page)
	}
	var options struct {
		Challenge string
		RPID      string `json:"rpId"`
		RP        struct{ ID string }
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &options); err != nil {
		v.t.Fatal(err)
	}
	o.Challenge, o.RPID = options.Challenge, options.RPID+options.RP.ID
	return o
}

// data is the authenticator data (WebAuthn, section 6.1).
func (v *authenticator) data(rpID string, flags byte) []byte {
	v.uses++
	hash := sha256.Sum256([]byte(rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), v.uses)
}

func (v *authenticator) client(kind, challenge string) []byte {
	text, _ := json.Marshal(map[string]any{
		"type": kind, "challenge": challenge, "origin": v.origin, "crossOrigin": false,
	})
	return text
}

func text64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (v *authenticator) answer(response map[string]any) string {
	text, _ := json.Marshal(map[string]any{
		"id": text64(v.id), "rawId": text64(v.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{},
	})
	return string(text)
}

// create answers a page that asks for a new passkey.
func (v *authenticator) create(page string) string {
	v.t.Helper()
	o := v.options(page)
	public, err := v.key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		v.t.Fatal(err)
	}
	data := v.data(o.RPID, 0x41) // somebody is there, and a key follows
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(v.id)))
	data = append(data, v.id...)
	// A map in CBOR: kty EC2, alg ES256, crv P-256, x, y (RFC 9053, section 7.1).
	data = append(data, 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32)
	data = append(append(data, public[1:33]...), 0x22, 0x58, 32)
	data = append(data, public[33:]...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	return v.answer(map[string]any{
		"clientDataJSON":    text64(v.client("webauthn.create", o.Challenge)),
		"attestationObject": text64(append(object, data...)), "transports": []string{"internal"},
	})
}

// show answers a page that asks for a passkey.
func (v *authenticator) show(page string) string {
	v.t.Helper()
	o := v.options(page)
	data, client := v.data(o.RPID, 0x01), v.client("webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, v.key, digest[:])
	if err != nil {
		v.t.Fatal(err)
	}
	return v.answer(map[string]any{
		"clientDataJSON": text64(client), "authenticatorData": text64(data), "signature": text64(signature),
	})
}

// byName has a browser use the console at localhost: there are no passkeys at an address.
func byName(d *desk) {
	d.server.URL = strings.Replace(d.server.URL, "127.0.0.1", "localhost", 1)
	d.server.Client().Transport.(*http.Transport).TLSClientConfig.ServerName = "127.0.0.1"
}

// register adds the device to the passkeys of whoever uses a browser.
func (v *authenticator) register(b browser) {
	v.t.Helper()
	made := v.create(b.get("/passkeys").body)
	b.post("/passkeys", url.Values{"answer": {made}}).wantRedirect(v.t, "/passkeys")
}

// ownerWithPasskey is the owner, in a browser that uses the console at localhost, and the device of their one passkey.
func ownerWithPasskey(t *testing.T, d *desk) (browser, *authenticator) {
	t.Helper()
	byName(d)
	b, device := d.operator(), newDevice(t, d.server.URL)
	device.register(b)
	return b, device
}

// Once an operator has a passkey, neither link nor token alone is enough, at the pages and at the API.
//
// Rows: A29
func TestPasskeyIsAskedFor(t *testing.T) {
	d := newDesk(t)
	byName(d)
	token := d.staff("bob", operator.Support)
	b, before := d.as("bob"), d.as("bob")
	device := newDevice(t, d.server.URL)
	made := device.create(b.get("/passkeys").body)
	b.post("/passkeys", url.Values{"answer": {made}}).wantRedirect(t, "/passkeys")
	b.get("/passkeys").want(t, 200, "for <b>localhost</b>", "From now on it is asked for")
	before.get("/").wantRedirect(t, "/sign-in?return_to=%2F") // it had begun without the passkey
	b.post("/passkeys", url.Values{"answer": {made}}).want(t, 422, "Nothing was added")

	d.browser().get("/v1/sessions", "Authorization", "Bearer "+token).want(t, 403, "passkey_needed")
	for name, first := range map[string]func(browser){
		"link": func(b browser) {
			secret, err := d.roster.Mint("bob", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			b.get("/sign-in?link="+secret).want(t, 200, "url=/sign-in/passkey")
		},
		"token": func(b browser) {
			b.post("/sign-in", url.Values{"token": {token}}).wantRedirect(t, "/sign-in/passkey")
		},
	} {
		b := d.browser()
		b.get("/sign-in/passkey").want(t, 401)
		first(b)
		b.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
		b.get("/v1/sessions").want(t, 401)
		page := b.get("/sign-in/passkey")
		page.want(t, 200, "<bdi>bob</bdi>")
		other := *device
		other.key = newDevice(t, d.server.URL).key
		evil := *device
		evil.origin = "https://evil.example"
		for what, wrong := range map[string]string{
			"nothing": "", "no JSON": "{", "another key": other.show(page.body), "another origin": evil.show(page.body),
			"a new key": made,
		} {
			page = b.post("/sign-in/passkey", url.Values{"answer": {wrong}})
			if page.StatusCode != 401 {
				t.Errorf("%s, %s: %d", name, what, page.StatusCode)
			}
			other.uses, evil.uses = device.uses, device.uses
		}
		good := device.show(page.body)
		b.post("/sign-in/passkey", url.Values{"answer": {good}}).wantRedirect(t, "/")
		b.get("/").want(t, 200, "<bdi>bob</bdi>")

		late := d.browser()
		first(late)
		late.get("/sign-in/passkey").want(t, 200)
		late.post("/sign-in/passkey", url.Values{"answer": {good}}).want(t, 401) // it answers another challenge
	}
	if o := d.roster.Find("bob"); o.Passkeys[0].Uses != device.uses {
		t.Errorf("%d uses are counted as %d", device.uses, o.Passkeys[0].Uses)
	}
}

// A device that counts fewer uses than before may have a double.
func TestDoubleOfADeviceIsRefused(t *testing.T) {
	d := newDesk(t)
	_, device := ownerWithPasskey(t, d)
	double := *device
	sign := func(v *authenticator) int {
		b := d.browser()
		b.post("/sign-in", url.Values{"token": {token}}).wantRedirect(t, "/sign-in/passkey")
		return b.post("/sign-in/passkey", url.Values{"answer": {v.show(b.get("/sign-in/passkey").body)}}).StatusCode
	}
	for range 2 {
		if got := sign(device); got != http.StatusSeeOther {
			t.Fatal(got)
		}
	}
	if got := sign(&double); got != 401 {
		t.Errorf("the double: %d", got)
	}
}

func TestPasskeysAreForgotten(t *testing.T) {
	d := newDesk(t)
	b, device := ownerWithPasskey(t, d)
	b.post("/passkeys/remove", url.Values{"id": {"!"}}).want(t, 400)
	b.post("/passkeys/remove", url.Values{"id": {text64(device.id)}}).wantRedirect(t, "/passkeys")
	d.operator().get("/passkeys").want(t, 200, "You have none")

	device.register(b)
	if err := operator.Edit(d.file, operator.Owner, func(o *operator.Operator) error {
		o.Passkeys[0].Host = "console.example"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	d.roster.Refresh()
	other := d.browser()
	other.get(path(d.console.SignInLink())).want(t, 200, "url=/sign-in/passkey")
	other.get("/sign-in/passkey").want(t, 403, "They were made for console.example")
}

// At an address there are no passkeys, and the page says so.
func TestNoPasskeysAtAnAddress(t *testing.T) {
	d := newDesk(t, func(o *console.Options) { o.Hosts = nil })
	d.operator().get("/passkeys").want(t, 200, "Passkeys need a name, such as localhost")
}

// Whoever removes a passkey stays; whoever came in by it elsewhere does not.
func TestRemovalOfAPasskeyEndsOtherSessions(t *testing.T) {
	d := newDesk(t)
	b, device := ownerWithPasskey(t, d)
	other := d.browser()
	other.post("/sign-in", url.Values{"token": {token}}).wantRedirect(t, "/sign-in/passkey")
	shown := device.show(other.get("/sign-in/passkey").body)
	other.post("/sign-in/passkey", url.Values{"answer": {shown}}).wantRedirect(t, "/")
	dismissed := make(chan string, 1)
	b.post("/passkeys/remove", url.Values{"id": {text64(device.id)}}).wantRedirect(t, "/passkeys")
	go d.roster.Follow(t.Context(), func(name string, known time.Time) {
		d.console.Dismiss(name, known)
		dismissed <- name
	}, func(err error) { t.Error(err) })
	if got := <-dismissed; got != operator.Owner {
		t.Errorf("%s was dismissed", got)
	}
	other.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
	b.get("/passkeys").want(t, 200, "The passkey is forgotten", "You have none")
}
