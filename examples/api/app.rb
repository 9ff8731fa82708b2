# A tiny site that signs its users in by the session API of Coatcheck, without any SDK or gem.
#
#     PORT=3000 COATCHECK_KEY=coatcheck.... ruby app.rb      # COATCHECK_API is http://localhost:8082 by default
require "cgi"
require "json"
require "net/http"
require "openssl"
require "socket"
require "uri"

API, KEY = ENV.fetch("COATCHECK_API", "http://localhost:8082"), ENV.fetch("COATCHECK_KEY")
USERS = { "ada" => "lovelace", "alan" => "turing" }.freeze

# Asks for the visitor who is here: check, sign-out, or "" for a new session.
def session(visitor, act, more = {})
  uri = URI("#{API}/v1/sessions/#{act}".chomp("/"))
  http = Net::HTTP.new(uri.host, uri.port)
  http.open_timeout = http.read_timeout = 5
  response = http.post(uri.path, JSON.generate(visitor.merge(more)),
                       "Authorization" => "Bearer #{KEY}", "Content-Type" => "application/json")
  raise IOError, "the API answers #{response.code}" unless response.is_a?(Net::HTTPSuccess)
  JSON.parse(response.body)
end

def respond(method, path, visitor, form)
  if method == "GET"
    told = session(visitor, "check")
    return 200, "You are #{CGI.escapeHTML(told["user"].empty? ? "nobody" : told["user"])}.\n", told
  end
  user, password = form.fetch("user", ""), form.fetch("password", "")
  return 200, "Signed out.\n", session(visitor, "sign-out") if path == "/logout"
  if path == "/login" && USERS.key?(user) && OpenSSL.secure_compare(USERS[user], password)
    return 200, "Welcome.\n", session(visitor, "", "user" => user, "by" => "password")
  end
  [401, "Please try again.\n", {}]
rescue SystemCallError, SocketError, IOError, Timeout::Error # nobody can tell: the visitor keeps the cookie
  [503, "Please try again later.\n", {}]
end

def serve(client)
  method, path, = client.gets("\n", 9999).to_s.split(" ")
  headers = Hash.new("")
  while (line = client.gets("\n", 9999)) && line != "\r\n"
    headers[line[/\A[^:]+/].downcase] = line[/:\s*(.*?)\s*\z/, 1]
  end
  form = URI.decode_www_form(client.read([headers["content-length"].to_i, 9999].min)).to_h
  visitor = { "cookie" => headers["cookie"], "address" => client.peeraddr[3], "user_agent" => headers["user-agent"] }
  status, text, told = respond(method, path, visitor, form)
  lines = told.fetch("set_cookie", []).map { |line| "Set-Cookie: #{line}\r\n" }.join
  client.write("HTTP/1.1 #{status} \r\nCache-Control: private, no-store\r\nConnection: close\r\n#{lines}\r\n#{text}")
ensure
  client.close
end

server = TCPServer.new("127.0.0.1", ENV.fetch("PORT", "3000").to_i)
loop { Thread.new(server.accept) { |client| serve(client) } }
