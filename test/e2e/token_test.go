package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/proc"
)

// list asks the API of a program for the sessions, with a token.
func list(t *testing.T, p *proc.Process, token string) (status int) {
	t.Helper()
	console := p.Await(consoleLine)[2]
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, console+"/v1/sessions", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// A manager of volumes has widened the modes of all files. The program starts all the same, and uses no token that
// others could read.
func TestTokenThatOthersMayRead(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("a", 42) + "E"
	home := proc.Home(t, "nobody")
	token := filepath.Join(home, "console-token")
	if err := os.WriteFile(token, []byte(secret), 0o600); err != nil { // root's own, if the test is root
		t.Fatal(err)
	}
	if err := os.Chmod(token, 0o666); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, "coatcheck")
	binary, err := os.ReadFile(proc.Build(t, "coatcheck.dev/cmd/coatcheck"))
	if err == nil {
		err = os.WriteFile(path, binary, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	start := func(env ...string) *proc.Process {
		s := spec(t, home, "demo")
		s.Path, s.User, s.Env = path, "nobody", env
		return proc.Start(t, s)
	}
	p := start()
	if os.Getuid() == 0 { // then the file is another user's
		p.Await(regexp.MustCompile(`pass a token of your own as COATCHECK_CONSOLE_TOKEN`))
		if status := list(t, p, secret); status < 400 {
			t.Errorf("a token that others may read is good: %d", status)
		}
	} else {
		p.Await(regexp.MustCompile(`others could read the console's token, until now`))
		if status := list(t, p, secret); status != http.StatusOK {
			t.Errorf("the token is no good any more: %d", status)
		}
	}
	p.Kill()

	own := strings.Repeat("0123456789abcdef", 2)
	p = start("COATCHECK_CONSOLE_TOKEN=" + own)
	if good, bad := list(t, p, own), list(t, p, secret); good != http.StatusOK || bad < 400 {
		t.Errorf("the operator's own token: %d, and the one in the file: %d", good, bad)
	}
}
