package standin

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	ext "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// An endpoint is a place of a cluster, as Envoy's configuration writes it.
type endpoint struct {
	Endpoint struct {
		Address struct {
			Socket struct {
				Address string `yaml:"address"`
				Port    int    `yaml:"port_value"`
			} `yaml:"socket_address"`
		}
	}
}

func (e *endpoint) String() string {
	at := e.Endpoint.Address.Socket
	return net.JoinHostPort(at.Address, fmt.Sprint(at.Port))
}

// Envoy listens at addr: its ext_authz over gRPC as the documentation describes it, asked by the generated client,
// between the places that the file names which the program prints.
func Envoy(t testing.TB, addr, snippet string) {
	t.Helper()
	var file struct {
		Static struct {
			Listeners []struct {
				Chains []struct {
					Filters []struct {
						Manager struct {
							Routes routes `yaml:"route_config"`
						} `yaml:"typed_config"`
					}
				} `yaml:"filter_chains"`
			}
			Clusters []struct {
				Name string
				Load struct {
					Endpoints []struct {
						Each []endpoint `yaml:"lb_endpoints"`
					}
				} `yaml:"load_assignment"`
			}
		} `yaml:"static_resources"`
	}
	if err := yaml.Unmarshal([]byte(snippet), &file); err != nil {
		t.Fatal(err)
	}
	at := make(map[string]string)
	for _, c := range file.Static.Clusters {
		at[c.Name] = c.Load.Endpoints[0].Each[0].String()
	}
	conn, err := grpc.NewClient(at["coatcheck"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	app := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: at["app_0"]})
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	routes := file.Static.Listeners[0].Chains[0].Filters[0].Manager.Routes
	server := &http.Server{Handler: &extAuthz{ext.NewAuthorizationClient(conn), app, routes}}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
}

// An extAuthz is the filter of that name.
type extAuthz struct {
	client ext.AuthorizationClient
	app    *httputil.ReverseProxy
	routes routes
}

// routes say what becomes of the headers of a request that goes on.
type routes struct {
	Remove []string `yaml:"request_headers_to_remove"`
	Add    []struct {
		Header struct{ Key, Value string }
	} `yaml:"request_headers_to_add"`
}

// change changes the headers of a request. Those to add take the place of others.
func (c *routes) change(r *http.Request) {
	for _, name := range c.Remove {
		r.Header.Del(name)
	}
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	values := strings.NewReplacer("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", client, "%REQ(:AUTHORITY)%", r.Host)
	for _, add := range c.Add {
		r.Header.Set(add.Header.Key, values.Replace(add.Header.Value))
	}
}

func (e *extAuthz) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hopByHop(r.Header)
	for name := range r.Header { // headers_with_underscores_action: DROP_HEADER
		if strings.Contains(name, "_") {
			delete(r.Header, name)
		}
	}
	r.Header.Set("X-Forwarded-Proto", "http")
	said, err := e.client.Check(r.Context(), question(r))
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable) // status_on_error
		return
	}
	if no := said.GetDeniedResponse(); no != nil {
		for _, h := range no.GetHeaders() {
			w.Header().Add(h.GetHeader().GetKey(), h.GetHeader().GetValue())
		}
		w.WriteHeader(int(no.GetStatus().GetCode()))
		fmt.Fprint(w, no.GetBody())
		return
	}
	ok := said.GetOkResponse()
	for _, name := range ok.GetHeadersToRemove() {
		r.Header.Del(name)
	}
	for _, h := range ok.GetHeaders() {
		if h.GetAppendAction() == core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD {
			r.Header.Set(h.GetHeader().GetKey(), h.GetHeader().GetValue())
		}
	}
	e.routes.change(r)
	r.RemoteAddr = "" // ReverseProxy would append it to X-Forwarded-For
	proxy := *e.app
	proxy.ModifyResponse = func(answer *http.Response) error {
		for _, h := range ok.GetResponseHeadersToAdd() {
			answer.Header.Add(h.GetHeader().GetKey(), h.GetHeader().GetValue())
		}
		return nil
	}
	proxy.ServeHTTP(w, r)
}

// question is what the filter asks: headers by their names in lower case, several of one name with commas.
func question(r *http.Request) *ext.CheckRequest {
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	headers := map[string]string{":method": r.Method, ":path": r.RequestURI, ":authority": r.Host}
	for name, lines := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(lines, ",")
	}
	return &ext.CheckRequest{Attributes: &ext.AttributeContext{
		Source: &ext.AttributeContext_Peer{Address: &core.Address{Address: &core.Address_SocketAddress{
			SocketAddress: &core.SocketAddress{Address: client},
		}}},
		Request: &ext.AttributeContext_Request{Http: &ext.AttributeContext_HttpRequest{
			Method: r.Method, Path: r.RequestURI, Host: r.Host, Scheme: "http", Headers: headers,
		}},
	}}
}
