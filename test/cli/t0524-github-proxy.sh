#!/usr/bin/env bash
# GitHub Enterprise behind a proxy, with a certificate of the company's own: as users of curl expect it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
command -v openssl >/dev/null || skip_all 'no openssl'

hub_epic 2 '3:2' enterprise
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/key" -out "$T/ca" -days 2 -subj /CN=ghe.test \
	-addext subjectAltName=DNS:ghe.test 2>/dev/null || skip_all 'no certificate'
# A proxy that leads wherever it is asked to go to the stand-in, by TLS; it keeps what it was asked.
cat >"$T/proxy.py" <<'END'
import socket, ssl, sys, threading
hub, cert, key, log = int(sys.argv[1]), *sys.argv[2:]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(cert, key)

def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for end in a, b:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

def serve(client):
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        if not (more := client.recv(1)):
            return
        head += more
    with open(log, 'ab') as f:
        f.write(head)
    client.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
    try:
        client = tls.wrap_socket(client, server_side=True)
    except (ssl.SSLError, OSError):
        return
    server = socket.create_connection(('127.0.0.1', hub))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)

listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
mkfifo "$T/proxy"
: >"$T/asked"
"$python" "$T/proxy.py" "${hub_url##*:}" "$T/ca" "$T/key" "$T/asked" >"$T/proxy" 2>/dev/null 7>&- &
proxy_pid=$!
read -r port <"$T/proxy"
there=(-c tracker=github -c github.url=https://ghe.test/api/v3 -c github.repository=o/r -c github.write_interval=0)
unset http_proxy https_proxy HTTP_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
export HTTPS_PROXY=http://127.0.0.1:$port

for bundle in CURL_CA_BUNDLE SSL_CERT_FILE; do
	: >"$T/asked"
	run env "$bundle=$T/ca" "$GANGER" "${there[@]}" plan 1 --json
	is "$code $(jq -c .waves "$T/out")" '0 [["2"],["3"]]' "$bundle: it is reached"
	like "$(tr -d '\r' <"$T/asked")" '^CONNECT ghe\.test:443 HTTP/1\.1$' "$bundle: through the proxy"
	unlike "$(cat "$T/asked")" 'test-token|Authorization' "$bundle: which does not see the token"
done
run ganger "${there[@]}" plan 1
code_is 4 'a certificate that nobody vouches for'
err_like 'certificate' 'is the reason'
: >"$T/asked"
run env NO_PROXY=ghe.test CURL_CA_BUNDLE="$T/ca" "$GANGER" "${there[@]}" plan 1
is "$code $(wc -c <"$T/asked")" '4 0' 'NO_PROXY: it is not asked for that'
is "$(books)" '' 'no rule of conduct was broken'
kill "$proxy_pid"
wait "$proxy_pid" 2>/dev/null
hub_down
done_testing
