<?php
// A tiny site that signs its users in by the session API of Coatcheck, without any SDK.
//
//     COATCHECK_KEY=coatcheck.... php -S localhost:3000 app.php      # COATCHECK_API is http://localhost:8082 by default
const USERS = ["ada" => "lovelace", "alan" => "turing"];

// session asks for the visitor who is here: check, sign-out, or "" for a new session.
function session(string $act, array $more = []): array
{
    $visitor = [
        "cookie" => $_SERVER["HTTP_COOKIE"] ?? "",
        "address" => $_SERVER["REMOTE_ADDR"],
        "user_agent" => $_SERVER["HTTP_USER_AGENT"] ?? "",
    ];
    $url = (getenv("COATCHECK_API") ?: "http://localhost:8082") . rtrim("/v1/sessions/$act", "/");
    $text = @file_get_contents($url, false, stream_context_create(["http" => [
        "method" => "POST",
        "header" => ["Authorization: Bearer " . getenv("COATCHECK_KEY"), "Content-Type: application/json"],
        "content" => json_encode($visitor + $more, JSON_INVALID_UTF8_SUBSTITUTE),
        "timeout" => 5,
    ]]));
    if ($text === false) { // also for every status that is an error
        answer(503, "Please try again later.\n"); // nobody can tell: the visitor keeps the cookie
    }
    return json_decode($text, true);
}

function answer(int $status, string $text, array $told = []): never
{
    http_response_code($status);
    foreach ($told["set_cookie"] ?? [] as $line) {
        header("Set-Cookie: $line", false);
    }
    header("Cache-Control: private, no-store");
    exit($text);
}

if ($_SERVER["REQUEST_METHOD"] === "GET") {
    $told = session("check");
    answer(200, "You are " . htmlspecialchars($told["user"] ?: "nobody") . ".\n", $told);
}
$path = parse_url($_SERVER["REQUEST_URI"], PHP_URL_PATH);
$user = (string) ($_POST["user"] ?? "");
if ($path === "/logout") {
    answer(200, "Signed out.\n", session("sign-out"));
}
if ($path === "/login" && isset(USERS[$user]) && hash_equals(USERS[$user], (string) ($_POST["password"] ?? ""))) {
    answer(200, "Welcome.\n", session("", ["user" => $user, "by" => "password"]));
}
answer(401, "Please try again.\n");
