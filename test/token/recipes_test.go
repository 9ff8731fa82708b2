package token_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/test/internal/tool"
	"coatcheck.dev/token"
)

// Each recipe prints the user, the handle and the level of a good token, and "refused" for any other.
var recipes = map[string]struct{ command, library, text string }{
	"PyJWT": {"/usr/bin/python3", "/usr/lib/python3/dist-packages/jwt/__init__.py", `
import sys, jwt
jwks, algorithm = sys.argv[1:3]
keys = jwt.PyJWKClient(jwks)
for line in sys.stdin:
    text = line.strip()
    try:
        key = keys.get_signing_key_from_jwt(text)
        claims = jwt.decode(text, key.key, algorithms=[algorithm], audience="orders", issuer="https://shop.example",
                            options={"require": ["exp", "iat", "sub", "sid", "aud", "iss"]})
        if jwt.get_unverified_header(text).get("typ") != "session+jwt": raise ValueError("another kind of token")
        print(claims["sub"], claims["sid"], claims["acr"])
    except Exception:
        print("refused")
`},
	"jose": {"node", "/usr/share/nodejs/jose/package.json", `
const jose = require(process.env.JOSE)
const [jwks, algorithm] = process.argv.slice(-2)
const keys = jose.createRemoteJWKSet(new URL(jwks))
async function main() {
	for (const text of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
		try {
			const { payload } = await jose.jwtVerify(text, keys, { algorithms: [algorithm], audience: "orders",
				issuer: "https://shop.example", typ: "session+jwt", requiredClaims: ["exp", "sub", "sid"] })
			console.log(payload.sub, payload.sid, payload.acr)
		} catch { console.log("refused") }
	}
}
main()
`},
}

// Rows: A28, C12
func TestOtherLanguagesVerifyTokens(t *testing.T) {
	for name, recipe := range recipes {
		for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
			t.Run(name+"/"+a.String(), func(t *testing.T) {
				script := filepath.Join(t.TempDir(), "recipe")
				if err := os.WriteFile(script, []byte(recipe.text), 0o600); err != nil {
					t.Fatal(err)
				}
				s := newSite(t, a)
				tampered := s.good[:len(s.good)-8] + "AAAAAAAA"
				cmd := exec.Command(tool.Find(t, recipe.command), script, s.jwks, a.String())
				library := tool.File(t, name, recipe.library)
				cmd.Env = append(os.Environ(), "JOSE="+filepath.Dir(library))
				cmd.Stdin = strings.NewReader(strings.Join([]string{s.good, tampered, s.elsewhere, s.strange}, "\n"))
				out, err := cmd.CombinedOutput()
				want := "u42 " + s.handle + " 2\nrefused\nrefused\nrefused\n"
				if err != nil || string(out) != want {
					t.Errorf("%v, printed\n%s, want\n%s", err, out, want)
				}
			})
		}
	}
}

// site issues tokens, and serves their keys.
type site struct{ jwks, good, elsewhere, strange, handle string }

func newSite(t *testing.T, a token.Algorithm) (s site) {
	sessions := session.New(memory.New(), session.Options{})
	issuer := func() *token.Issuer {
		return token.NewIssuer(sessions, seal.New(), token.Options{Issuer: "https://shop.example", Algorithm: a})
	}
	ours, theirs := issuer(), issuer()
	server := httptest.NewServer(ours.JWKS())
	t.Cleanup(server.Close)
	s.jwks = server.URL
	handler := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		visitor := session.From(r.Context())
		if err := visitor.SignIn("u42", session.By("password"), session.Level(2)); err != nil {
			t.Fatal(err)
		}
		s.handle = visitor.Handle().String()
		for text, by := range map[*string]struct {
			issuer   *token.Issuer
			audience string
		}{&s.good: {ours, "orders"}, &s.elsewhere: {ours, "mail"}, &s.strange: {theirs, "orders"}} {
			var err error
			if *text, err = by.issuer.Issue(visitor, by.audience); err != nil {
				t.Fatal(err)
			}
		}
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	return s
}
