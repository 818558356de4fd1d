#!/usr/bin/env bash
# GitHub's webhooks wake the supervisor, and what people changed is taken in with no poll. Who does not
# know the secret wakes nobody, and neither does a delivery that was here before.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
secret="It's a Secret to Everybody"
body='{"action":"closed","issue":{"title":"words of a person"}}'

# serve [OPTION]...: the server, its address in $url.
serve()
{
	rm -f "$T/url" && mkfifo "$T/url"
	GANGER_WEBHOOK_SECRET=$secret "$GANGER" "${on_hub[@]}" serve "$@" >"$T/url" 2>"$T/serve.err" 7>&- &
	server=$!
	url=$(wait_line "$T/url" '^listening on ')
	url=${url#listening on }
}

# post EVENT DELIVERY [SECRET] [BODY]: one webhook; prints the status.
post()
{
	"$python" - "$url" "$1" "$2" "${3-$secret}" "${4-$body}" <<'END'
import hashlib, hmac, sys, urllib.error, urllib.request
url, event, delivery, secret, body = sys.argv[1:]
signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
request = urllib.request.Request(url, body.encode(), {
    'Content-Type': 'application/json', 'X-Hub-Signature-256': 'sha256=' + signature,
    'X-GitHub-Event': event, 'X-GitHub-Delivery': delivery})
try:
    print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).status)
except urllib.error.HTTPError as e:
    print(e.code)
END
}

# raw BYTES: the status of what is no webhook at all.
raw()
{
	"$python" - "$url" "$1" <<'END'
import socket, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
with socket.create_connection((url.hostname, url.port), 30) as s:
    s.sendall(sys.argv[2].encode().decode('unicode_escape').encode())
    print(s.makefile().readline().split()[1])
END
}

# looks: how often the epic's tasks were read.
looks()
{
	grep -c '"method": "GET".*/issues/1/sub_issues' "$T/traffic"
}

scene plain
run ganger serve
code_is 2 'without a secret nothing listens'
err_like 'GANGER_WEBHOOK_SECRET \(github.webhook_secret_env\)' 'and it says where one is looked for'
run env GANGER_WEBHOOK_SECRET=x "$GANGER" serve --listen nowhere
code_is 2 'an address that is none'

hub_epic 3 '3:2 4:2' hooks
does t2 'flock -s "$T/gate" true; echo x >t2 && git add -A && git commit -qm x'
hold
start "${on_hub[@]}" -c poll=off
wait_lines "$T/ran" 1
serve
like "$url" '^http://127\.0\.0\.1:[1-9][0-9]*/webhook$' 'it listens to this machine alone'
ok 'and says that this is a guess' wait_file "$T/serve.err" '^hint: .*--listen ADDR:PORT'
before=$(looks)
person '{"do": "close", "number": 3}'
is "$(post issues one 'another secret') $(post issues one '') $(post issues one)" '401 401 202' 'the signed one of three is taken'
ok 'it wakes the supervisor: what a person closed is closed' sees '$t["t3"].state == "closed"'
is "$(looks)" $((before + 1)) 'which looked once'
person '{"do": "close", "number": 4}'
is "$(post issues one) $(post sub_issues one)" '204 204' 'a delivery that was here before is no news'
is "$(post ping two)" 204 'neither is a ping'
is "$(status '$t["t4"].state')" blocked 'nothing was taken in'
is "$(post issues three)" 202 'another is'
ok 'what was closed meanwhile is closed' sees '$t["t4"].state == "closed"'
is "$(looks)" $((before + 2)) 'by one more look'

is "$(raw 'GET /webhook HTTP/1.1\r\nHost: x\r\n\r\n')" 405 'it is not read'
is "$(raw 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')" 404 'there is nothing else'
is "$(raw 'POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 26214401\r\n\r\n')" 413 'too large'
is "$(raw 'POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')" 411 'its size must be known'
is "$(raw 'POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}')" 401 'unsigned'
is "$(sed -n 's/^[0-9TZ:-]* //p' "$T/serve.err" | grep '^[0-9]')" '401: not signed with our secret
401: not signed with our secret
202 issues one: the supervisors are told to look
204 issues one: no news
204 sub_issues one: no news
204 ping two: no news
202 issues three: the supervisors are told to look
405: no webhook of GitHub
404: no webhook of GitHub
413: too large
411: no webhook of GitHub
401: not signed with our secret' 'a line for each'
unlike "$(cat "$T/serve.err")" 'words of a person|Secret to' 'but none of a body or the secret'

# Also while a supervisor does not answer; it would be waited for as long as that takes.
kill -STOP "$supervisor"
is "$(post issues four) $(post issues five)" '202 202' 'GitHub does not wait for a supervisor'
kill -TERM "$server"
WAIT_S=15 wait_gone "$server" || kill -9 "$server"
code=0
wait "$server" || code=$?
kill -CONT "$supervisor"
code_is 0 'a signal ends it at once'
serve --listen 127.0.0.1:0
kill -INT "$server"
wait "$server"
is $? 0 'an interrupt, too'
release
ended
is "$(landings) $(closed)" '2 2 3 4' 'the run went its way'
is "$(books)" '' 'no rule of conduct was broken'
hub_down
done_testing
