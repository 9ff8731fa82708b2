package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
)

// serve answers at an address of this machine, and says on standard output which one. It ends with its process.
func serve(handler http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, handler)
}

// bare is the proxy that is compared with: nothing but what its documentation shows. With idle, it keeps so many
// connections to its app open, instead of two.
func bare(upstream string, idle int) http.Handler {
	to, err := url.Parse(upstream)
	if err != nil {
		panic(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}}
	if idle > 0 {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = idle
		proxy.Transport = transport
	}
	return proxy
}

var page = strings.Repeat("<p>A coat is behind the counter, and the ticket is in the pocket.</p>\n", 30)

// app is the app behind the proxies.
func app() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Cache-Control", "no-cache")
		header.Set("Content-Language", "en")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Length", strconv.Itoa(len(page)))
		io.WriteString(w, page)
	})
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Coatcheck-Sign-In", r.FormValue("user"))
		w.Header().Set("Coatcheck-Set", `cart=["tea","milk"]`)
	})
	mux.HandleFunc("GET /down", func(w http.ResponseWriter, r *http.Request) {
		megabytes, err := strconv.ParseInt(r.FormValue("megabytes"), 10, 32)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.FormatInt(megabytes<<20, 10))
		w.Header().Set("Content-Type", "application/octet-stream")
		megabyte := make([]byte, 1<<20)
		for range megabytes {
			if _, err := w.Write(megabyte); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("PUT /up", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 256<<10))
		fmt.Fprint(w, n, err)
	})
	mux.HandleFunc("GET /socket", socket)
	return mux
}

// socket opens a WebSocket (RFC 6455, section 4.2.2) and sends back every byte that comes.
func socket(w http.ResponseWriter, r *http.Request) {
	conn, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(both, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	both.Flush()
	go echo(conn, both.Reader)
}

func echo(conn net.Conn, in *bufio.Reader) {
	defer conn.Close()
	for {
		b, err := in.ReadByte()
		if err != nil {
			return
		}
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
	}
}
