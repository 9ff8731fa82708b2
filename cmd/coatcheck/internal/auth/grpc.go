package auth

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	ext "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	kind "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
)

// maxQuestion bounds what Envoy may send about one request, in bytes: its headers, and no body.
const maxQuestion = 128 << 10

// GRPC answers Envoy's ext_authz over gRPC with what sites answer to the same question over HTTP, and passes every
// other request on to them. By gRPC the whole answer reaches the browser, with Retry-After and any number of cookies.
// The server has to speak HTTP/2.
func GRPC(sites http.Handler) http.Handler {
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxQuestion))
	ext.RegisterAuthorizationServer(server, &authorization{sites: sites})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			server.ServeHTTP(w, r)
			return
		}
		sites.ServeHTTP(w, r)
	})
}

// An authorization is the service that Envoy calls.
type authorization struct {
	ext.UnimplementedAuthorizationServer
	sites http.Handler
}

// Check says whether a request may go on.
func (a *authorization) Check(ctx context.Context, question *ext.CheckRequest) (*ext.CheckResponse, error) {
	r, err := requestOf(ctx, question.GetAttributes())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	heard := &heard{header: make(http.Header)}
	a.sites.ServeHTTP(heard, r)
	if heard.status == http.StatusOK && heard.header[identity.User] != nil {
		return granted(heard.header, r.Header), nil
	}
	return denied(heard), nil
}

// requestOf returns the question as Envoy asks it over HTTP. Host, scheme and address are those that Envoy knows,
// whatever the client says of them.
func requestOf(ctx context.Context, asked *ext.AttributeContext) (*http.Request, error) {
	about := asked.GetRequest().GetHttp()
	u, err := url.ParseRequestURI(Path + about.GetPath())
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: about.GetMethod(), URL: u, RequestURI: Path + about.GetPath(), Host: about.GetHost(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header), Body: http.NoBody,
	}
	if from, ok := peer.FromContext(ctx); ok {
		r.RemoteAddr = from.Addr.String()
	}
	for name, value := range about.GetHeaders() {
		if !strings.HasPrefix(name, ":") {
			r.Header.Set(name, value)
		}
	}
	if r.Header.Get(forwardedProto) == "" && about.GetScheme() != "" {
		r.Header.Set(forwardedProto, about.GetScheme())
	}
	r.Header.Del(forwardedHost)
	r.Header.Del(forwardedPort)
	if client := asked.GetSource().GetAddress().GetSocketAddress().GetAddress(); net.ParseIP(client) != nil {
		r.Header.Set(forwardedFor, client)
	}
	return r.WithContext(ctx), nil
}

// granted lets a request go on with what the app is told. What the client has sent under such names is taken out.
func granted(header, sent http.Header) *ext.CheckResponse {
	ok := &ext.OkHttpResponse{}
	for name := range sent {
		if strings.HasPrefix(strings.ToLower(name), "coatcheck") && header[name] == nil {
			ok.HeadersToRemove = append(ok.HeadersToRemove, strings.ToLower(name))
		}
	}
	tell := []string{identity.User, identity.Session, identity.Data, identity.Bound, "Authorization"}
	for _, name := range tell {
		switch lines := header[name]; {
		case lines == nil:
		case lines[0] == "" && name == "Authorization":
			ok.HeadersToRemove = append(ok.HeadersToRemove, "authorization")
		default:
			ok.Headers = append(ok.Headers, option(name, lines[0], core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD))
		}
	}
	for _, add := range []struct{ as, from string }{
		{"Set-Cookie", "Set-Cookie"}, {"Session-Ticket", "Session-Ticket"}, {"Cache-Control", cacheControl},
	} {
		for _, line := range header[add.from] {
			if line != "" {
				ok.ResponseHeadersToAdd = append(ok.ResponseHeadersToAdd,
					option(add.as, line, core.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD))
			}
		}
	}
	slices.Sort(ok.HeadersToRemove)
	return &ext.CheckResponse{
		Status:       &rpc.Status{Code: int32(codes.OK)},
		HttpResponse: &ext.CheckResponse_OkResponse{OkResponse: ok},
	}
}

func option(name, value string, how core.HeaderValueOption_HeaderAppendAction) *core.HeaderValueOption {
	return &core.HeaderValueOption{
		Header: &core.HeaderValue{Key: strings.ToLower(name), Value: value}, AppendAction: how, KeepEmptyValue: true,
	}
}

// denied has Envoy pass an answer on as it is.
func denied(h *heard) *ext.CheckResponse {
	no := &ext.DeniedHttpResponse{
		Status: &kind.HttpStatus{Code: kind.StatusCode(h.status)}, Body: string(h.body),
	}
	for name, lines := range h.header {
		for _, line := range lines {
			no.Headers = append(no.Headers, option(name, line, core.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD))
		}
	}
	return &ext.CheckResponse{
		Status:       &rpc.Status{Code: int32(codes.PermissionDenied)},
		HttpResponse: &ext.CheckResponse_DeniedResponse{DeniedResponse: no},
	}
}

// A heard answer is the http.ResponseWriter of one question.
type heard struct {
	header http.Header
	status int
	body   []byte
}

func (h *heard) Header() http.Header { return h.header }

// WriteHeader keeps the first status.
func (h *heard) WriteHeader(status int) {
	if h.status == 0 && status >= 200 {
		h.status = status
	}
}

// Write keeps what is written: the sentences and pages of this program alone.
func (h *heard) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	h.body = append(h.body, b...)
	return len(b), nil
}
