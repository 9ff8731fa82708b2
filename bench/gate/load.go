package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// connections is how many requests are under way at a time.
const connections = 16

// signIn signs a new visitor in by a form, and returns the Cookie header that the browser sends from then on.
func signIn(url string, form url.Values) (string, error) {
	stay := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := stay.PostForm(url, form)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		return c.Name + "=" + c.Value, nil
	}
	return "", fmt.Errorf("sign-in gave no cookie: %s", res.Status)
}

// head is a request as a browser sends it.
func head(method, base, path, cookie string, more ...string) string {
	host := strings.TrimPrefix(base, "http://")
	lines := append([]string{
		method + " " + path + " HTTP/1.1", "Host: " + host,
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		"Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate, br, zstd",
		"Referer: " + base + "/", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate",
		"Sec-Fetch-Site: same-origin", "Sec-Fetch-User: ?1", "Priority: u=0, i",
		"Cookie: theme=dark; consent=yes" + cookie,
	}, more...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// load sends requests for the page, over a few connections.
func load(ctx context.Context, base, cookie string, requests int) error {
	if cookie != "" {
		cookie = "; " + cookie
	}
	return send(ctx, base, head("GET", base, "/page", cookie), len(page), requests)
}

// send sends the same request again and again, over a few connections, and expects an answer of a size.
func send(ctx context.Context, base, request string, size, requests int) error {
	var all sync.WaitGroup
	failed := make(chan error, connections)
	for range connections {
		all.Go(func() {
			if err := repeat(ctx, base, request, size, requests/connections); err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

func repeat(ctx context.Context, base, request string, size, times int) error {
	conn, err := dial(ctx, base)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for range times {
		if _, err := io.WriteString(conn, request); err != nil {
			return err
		}
		if err := expect(in, size); err != nil {
			return err
		}
	}
	return nil
}

func expect(in *bufio.Reader, size int) error {
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil && (res.StatusCode/100 != 2 || n != int64(size)) {
		err = fmt.Errorf("got %s and %d bytes", res.Status, n)
	}
	return err
}

func dial(ctx context.Context, base string) (net.Conn, error) {
	_, address, _ := strings.Cut(base, "://")
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// openSockets opens WebSockets that say nothing afterwards. Each sends one byte and gets it back first.
func openSockets(ctx context.Context, base, cookie string, n int) (all []net.Conn, err error) {
	request := head("GET", base, "/socket", cookie, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: "+base)
	for range n {
		conn, err := openSocket(ctx, base, request)
		if err != nil {
			return all, fmt.Errorf("socket %d: %w", len(all), err)
		}
		all = append(all, conn)
	}
	return all, nil
}

func openSocket(ctx context.Context, base, request string) (net.Conn, error) {
	conn, err := dial(ctx, base)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(conn, 1024)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("got %s", res.Status)
	}
	if _, err := conn.Write([]byte{'x'}); err != nil {
		return nil, err
	}
	if b, err := in.ReadByte(); err != nil || b != 'x' {
		return nil, fmt.Errorf("got %q, %w", b, err)
	}
	return conn, nil
}

// download reads a large body, and upload sends one.
func download(ctx context.Context, base, cookie string, megabytes int64) error {
	path := fmt.Sprintf("%s/down?megabytes=%d", base, megabytes)
	return transfer(ctx, http.MethodGet, path, cookie, nil, 0, megabytes<<20)
}

func upload(ctx context.Context, base, cookie string, megabytes int64) error {
	return transfer(ctx, http.MethodPut, base+"/up", cookie, io.LimitReader(zeros{}, megabytes<<20), megabytes<<20, 0)
}

func transfer(ctx context.Context, method, url, cookie string, body io.Reader, size, want int64) error {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.ContentLength = size
	req.Header.Set("Cookie", cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, make([]byte, 256<<10))
	if err == nil && (res.StatusCode != http.StatusOK || n < want) {
		err = fmt.Errorf("got %s and %d bytes", res.Status, n)
	}
	return err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
