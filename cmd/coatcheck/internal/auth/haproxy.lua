-- Printed by "coatcheck snippet haproxy --lua" for HAProxy 2.6 or later. It asks Coatcheck who makes a request, tells
-- the app, and passes new tickets on to the browser.

-- Headers of one connection, and those that say where a request came from, which are for this script to say.
local own = {
    ["connection"] = true, ["keep-alive"] = true, ["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true,
    ["upgrade"] = true, ["proxy-connection"] = true, ["expect"] = true, ["content-length"] = true, ["host"] = true,
    ["accept-encoding"] = true, ["forwarded"] = true, ["range"] = true,
}

local function mine(name)
    return own[name] or name:find("^x[-_]original") or name:find("^x[-_]forwarded") or name:find("^coatcheck")
end

-- lines returns the values of a header in their order; HAProxy counts from 0 in requests.
local function lines(values)
    local numbers, found = {}, {}
    for i in pairs(values or {}) do numbers[#numbers + 1] = i end
    table.sort(numbers)
    for _, i in ipairs(numbers) do found[#found + 1] = values[i] end
    return found
end

-- most is how many lines of a client are asked with. HAProxy has room for 101 by default (tune.http.maxhdr), with those
-- that the script adds.
local most = 90

-- question returns the headers to ask with, or nothing if the request has too many.
local function question(txn)
    local headers, count = {}, 0
    for name, values in pairs(txn.http:req_get_headers()) do
        if not mine(name) then
            headers[name] = lines(values)
            count = count + #headers[name]
        end
    end
    if count > most then return nil end
    local hosts = lines(txn.http:req_get_headers()["host"])
    headers["x-original-method"] = { txn.sf:method() }
    headers["x-original-uri"] = { txn.sf:pathq() }
    headers["x-forwarded-for"] = { txn.sf:src() }
    headers["x-forwarded-host"] = hosts
    headers["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
    return headers
end

-- many refuses a request with too many headers.
local function many(txn)
    local reply = txn:reply({ status = 431, reason = "Request Header Fields Too Large" })
    reply:add_header("cache-control", "no-store")
    txn:done(reply)
end

-- unknown answers for Coatcheck, which does not. Nobody is signed out for that.
local function unknown(txn)
    local reply = txn:reply({ status = 503, reason = "Service Unavailable" })
    reply:add_header("retry-after", "5")
    reply:add_header("cache-control", "no-store")
    txn:done(reply)
end

-- whole passes on an answer as it is.
local function whole(txn, res)
    local reply = txn:reply({ status = res.status, reason = res.reason })
    for name, values in pairs(res.headers or {}) do
        if not own[name] then
            for _, value in ipairs(lines(values)) do reply:add_header(name, value) end
        end
    end
    if txn.sf:method() ~= "HEAD" then reply:set_body(res.body or "") end
    txn:done(reply)
end

core.register_action("coatcheck", { "http-req" }, function(txn, at, authorization)
    local headers = question(txn)
    if not headers then return many(txn) end
    local res = core.httpclient():get({ url = at .. "/.coatcheck/auth", headers = headers, timeout = 10000 })
    local said = res and res.headers or {}
    if not res or not res.status or res.status < 200 or res.status >= 500 and not said["retry-after"] then
        return unknown(txn)
    end
    if res.status ~= 200 then return whole(txn, res) end
    local tell = { "coatcheck-user", "coatcheck-session", "coatcheck-data", "coatcheck-bound" }
    if authorization == "authorization" then tell[#tell + 1] = "authorization" end
    for _, name in ipairs(tell) do
        local value = lines(said[name])[1]
        if value then txn.http:req_set_header(name, value) end
    end
    txn:set_priv({
        ["set-cookie"] = lines(said["set-cookie"]), ["session-ticket"] = lines(said["session-ticket"]),
        ["cache-control"] = lines(said["coatcheck-cache-control"]),
    })
end, 2)

core.register_action("coatcheck_cookies", { "http-res" }, function(txn)
    for name, values in pairs(txn:get_priv() or {}) do
        for _, value in ipairs(values) do
            if value ~= "" then txn.http:res_add_header(name, value) end
        end
    end
end)
