"""HTTP: one request after another through login, limits, faults and its handler."""

import hashlib
import itertools
import json
import os
import re
import select
import signal
import socket
import socketserver
import threading
import time
import traceback
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import account
import answers as say
import control
import faults as bent
import humans
import published
import routes
from answers import Answer, Refused
from hooks import Hooks
from world import PERSON

VERSIONS = ('2022-11-28', '2026-03-10')
OWN_LIMIT = 'core'


class Hub:
    """The one server: its state, and the lock around it."""

    def __init__(self, world, oracle, faults, log):
        self.world, self.oracle, self.faults, self.log = world, oracle, faults, log
        self.lock = threading.Lock()
        self.used = {}      # credential -> requests that counted
        self.reset_at = world.now() + 3600
        self.n = 0
        self.exchanges = []  # that were not compared yet with the published description
        self.known_api = None
        self.hooks = Hooks()

    def person(self, spec):
        """A deed of a person, of which the hooks are told."""
        name = humans.act(self.world, spec)
        self.hooks.happened(self.world.repos[name], PERSON, spec['do'], spec.get('number'))

    def api(self):
        """GitHub's published description. It is read at the first question: most servers are never asked."""
        self.known_api = self.known_api or published.Api()
        return self.known_api

    def limits(self, credential):
        limit = self.world.conf['limit']
        used = min(self.used.get(credential, 0), limit)
        return {'limit': limit, 'used': used, 'remaining': limit - used, 'reset': int(self.reset_at),
                'resource': OWN_LIMIT}

    def note(self, entry):
        self.n += 1
        self.exchanges.append(entry)
        if self.log:
            self.log.write(json.dumps({'n': self.n, **entry}) + '\n')
            self.log.flush()


class Request:
    def __init__(self, hub, handler, raw):
        self.hub, self.method = hub, handler.command
        # Links lead back to where it was asked: a client gives its token to no other host.
        scheme = 'https' if handler.client_address[0] == 'local' else 'http'
        prefix, self.base = '/api/v3', f"{scheme}://{handler.headers.get('Host')}"
        target = handler.path
        # As GitHub Enterprise has it: GraphQL is beside the version, and not below it.
        if target.startswith(prefix + '/') and target != prefix + '/graphql':
            target = target.removeprefix(prefix)
            self.base += prefix
        elif target == '/api/graphql':
            target = '/graphql'
        self.path_query = target
        self.path, _, query = target.partition('?')
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.agent = handler.headers.get('User-Agent', '')
        self.accept = handler.headers.get('Accept', '')
        self.none_match = handler.headers.get('If-None-Match')
        self.version_given = handler.headers.get('X-GitHub-Api-Version')
        self.version = self.version_given or VERSIONS[0]
        self.authorization = handler.headers.get('Authorization')
        self.credential = hashlib.sha256((self.authorization or '').encode()).hexdigest()[:12]
        self.connection = handler.number
        self.raw, self.body, self.login = raw, None, None

    def read_body(self):
        try:
            self.body = json.loads(self.raw) if self.raw else {}
        except ValueError:
            raise Refused(400, 'Problems parsing JSON') from None

    def limits(self):
        return self.hub.limits(self.credential)

    def real_path(self):
        """Of '/repositories/{id}/…', the form that links come in, and of renamed ones: 301."""
        m = re.match(r'/repositories/(\d+)(/.*)?$', self.path)
        for name, repo in self.hub.world.repos.items():
            if m and repo['id'] == int(m[1]):
                return f"/repos/{name}{m[2] or ''}"
        m = re.match(r'/repos/([^/]+/[^/]+)(.*)$', self.path)
        new = m and self.hub.world.renamed.get(m[1])
        if new:
            where = f"{self.base}/repositories/{self.hub.world.repos[new]['id']}{m[2]}"
            where += self.path_query[len(self.path):]  # with its query
            raise Refused(301, say.MOVED, headers={'Location': where})
        return self.path


def page_of(call, body, repeat):
    """One page of a list, with its Link header."""
    key = next((k for k in ('check_runs',) if isinstance(body, dict)), None)
    items = body[key] if key else body
    size = min(max(int(call.query.get('per_page', 30)), 1), 100)
    page = max(int(call.query.get('page', 1)), 1)
    start = (page - 1) * size - (1 if repeat and page > 1 else 0)
    part, last = items[start:page * size], max((len(items) + size - 1) // size, 1)
    repo = call.world.repos.get(f"{call.params.get('owner')}/{call.params.get('repo')}")
    path = re.sub(r'^/repos/[^/]+/[^/]+', f"/repositories/{repo['id']}", call.request.path) if repo else \
        call.request.path
    links = []
    for name, n in (('prev', page - 1), ('next', page + 1), ('last', last), ('first', 1)):
        if 1 <= n <= last and n != page and (name != 'first' or page > 1):
            query = urllib.parse.urlencode({**call.query, 'per_page': size, 'page': n})
            links.append(f'<{call.request.base}{path}?{query}>; rel="{name}"')
    headers = {'Link': ', '.join(links)} if links else {}
    return ({'total_count': len(items), key: part} if key else part), headers


class Cut(Exception):
    """The connection ends here; with what still goes out."""

    def __init__(self, how, answer=None, seconds=0):
        super().__init__(how)
        self.how, self.answer, self.seconds = how, answer, seconds


def strike(hub, request, fault):
    """What a fault answers with in place of the handler; None where it has its part later."""
    act = fault['act']
    if act == 'status':
        if fault.get('html'):
            answer = Answer(fault.get('status', 502), headers={'Content-Type': 'text/html'})
            answer.body = say.ABUSE_HTML.encode()
            return answer
        return Refused(fault.get('status', 500), fault.get('message', 'Server Error')).answer()
    if act == 'kill':
        with open(fault['pid'], encoding='utf-8') as f:
            os.kill(int(f.read()), signal.SIGKILL)
        raise Cut(act)
    if act in ('close', 'hang'):
        raise Cut(act, seconds=fault.get('seconds', 60))
    if act == 'primary':
        wait = fault.get('seconds', 1)
        hub.oracle.refused_for(request, wait, 'the primary limit')
        reset = int(hub.world.now() + wait) + 1
        return Refused(fault.get('status', 403), say.PRIMARY,
                       headers={'x-ratelimit-remaining': '0', 'x-ratelimit-reset': str(reset)}).answer()
    if act == 'secondary':
        wait = fault.get('seconds')
        hub.oracle.refused_for(request, wait, 'a secondary limit')
        return Refused(fault.get('status', 403), say.SECONDARY,
                       headers={'Retry-After': str(wait)} if wait else {}).answer()
    if act == 'unauthorized':
        return Refused(401, say.BAD_CREDENTIALS).answer()
    if act == 'gone':
        return Refused(404, say.NOT_FOUND).answer()
    return None


def run(hub, request, r, params, found):
    """The handler's answer, as a list, a dict or an Answer."""
    complain = hub.oracle.complain
    for name in request.query:
        if name not in r.query:
            complain(f"{r.method} {r.path}: query '{name}' is not known")
            raise Refused(422, f"query '{name}' is not known")
    if request.method != 'GET':
        request.read_body()
        routes.check_body(r, request.body, complain)
    call = routes.Call(hub.world, request, r, params)
    repo = hub.world.repos.get(f"{params.get('owner')}/{params.get('repo')}")
    if repo:
        hub.world.sync(repo)
    got = r.handler(call)
    if call.wrote_what:
        hub.oracle.wrote(request, call.wrote_what)
        if repo:
            hub.hooks.happened(repo, request.login, call.wrote_what['kind'], call.wrote_what.get('number'))
    if not isinstance(got, Answer):
        for fault in found:
            got = bent.bend(fault, got)
        got, links = page_of(call, got, any(f['act'] == 'repeat' for f in found))
        return Answer(200, got, links)
    if got.status == 200 and any(f['act'] == 'unknown' for f in found):
        body = json.loads(got.body)
        for fault in found:
            bent.bend(fault, body)
        got.body = json.dumps(body).encode()
    return got


def act_early(hub, request, found):
    for fault in found:
        if fault['act'] == 'human' and not fault['after']:
            hub.person(fault)
    for fault in found:
        if not fault['after']:
            answer = strike(hub, request, fault)
            if answer:
                return answer
    return None


def act_late(hub, request, found, answer):
    for fault in found:
        if not fault['after']:
            continue
        if fault['act'] == 'human':
            hub.person(fault)
            continue
        answer = strike(hub, request, fault) or answer
    return answer


def answer_to(hub, request):
    """What one request is answered with; may raise Cut. Under the lock."""
    r, found = None, []
    try:
        request.login = account.login_of(hub.world, request.authorization)
        path = request.real_path()
        r, params = routes.find(request.method, path)
        found = hub.faults.of(request, r and r.path)
        hub.oracle.request_came(request)
        if r:
            hub.oracle.count(request.method, r.path)
        early = act_early(hub, request, found)
        if early:
            return r, early, found
        r, params = routes.find(request.method, request.real_path())  # people may have renamed it
        if not request.agent:
            raise Refused(403, say.NO_AGENT)
        if request.version not in VERSIONS:
            raise Refused(400, f'The API version {request.version} is not supported')
        if hub.limits(request.credential)['remaining'] == 0:
            raise Refused(403, say.PRIMARY)
        if not r:
            hub.oracle.complain(f'{request.method} {request.path}: there is no such route')
            raise Refused(404, say.NOT_FOUND)
        if not request.login:
            raise Refused(401, say.NEEDS_LOGIN)
        answer = run(hub, request, r, params, found)
    except Refused as e:
        answer = e.answer()
    return r, act_late(hub, request, found, answer), found


def finish(hub, request, answer):
    """ETag, 304 and the headers of the limits."""
    etag = None
    if request.method == 'GET' and answer.status == 200:
        etag = 'W/"%s"' % hashlib.sha256(answer.body + request.credential.encode()).hexdigest()
        answer.headers['ETag'] = etag
        if request.none_match == etag:
            answer.status, answer.body = 304, b''
    if answer.status != 304:
        hub.used[request.credential] = hub.used.get(request.credential, 0) + 1
    for key, value in hub.limits(request.credential).items():
        answer.headers.setdefault('x-ratelimit-' + key, str(value))
    hub.oracle.answered(request, answer.status, etag)


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    hub = None
    numbers = itertools.count(1)

    def setup(self):
        super().setup()
        self.number = next(self.numbers)

    def log_message(self, *args):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string(self.hub.world.now() if timestamp is None else timestamp)

    def read_raw(self):
        if self.headers.get('Transfer-Encoding', '').lower() != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length') or 0))
        parts = []
        while size := int(self.rfile.readline().split(b';')[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b''.join(parts)

    def serve(self):
        raw = self.read_raw()
        if self.path.startswith('/_control/'):
            return self.send_answer(control.answer(self.hub, self.command, self.path, raw), [])
        request = Request(self.hub, self, raw)
        began, r, found = time.monotonic(), None, []
        try:
            with self.hub.lock:
                r, answer, found = answer_to(self.hub, request)
                finish(self.hub, request, answer)
                self.note(request, r, answer, found, began)
        except Cut as cut:
            self.hub.note({'method': request.method, 'path': request.path_query, 'cut': cut.how})
            if cut.how == 'hang':
                select.select([self.connection], [], [], cut.seconds)
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        except Exception:
            self.hub.oracle.complain('the fake itself broke: ' + traceback.format_exc())
            raise
        return self.send_answer(answer, found)

    def note(self, request, r, answer, found, began):
        try:
            body = json.loads(answer.body) if answer.body else None
        except ValueError:
            body = None
        self.hub.note({
            'method': request.method, 'path': request.path_query, 'route': r and r.path, 'by': request.login,
            'version': VERSIONS[-1] if self.hub.world.conf['new_shape'] else request.version,
            'request': request.body, 'status': answer.status, 'headers': answer.headers, 'answer': body,
            'faults': [f['act'] for f in found], 'ms': round(1000 * (time.monotonic() - began), 2)})

    def send_answer(self, answer, found):
        body, acts = answer.body, {f['act']: f for f in found}
        self.send_response(answer.status)
        answer.headers.setdefault('Content-Type', 'application/json; charset=utf-8')
        for key, value in answer.headers.items():
            self.send_header(key, value)
        if answer.status not in (204, 304):
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command == 'HEAD' or answer.status in (204, 304):
            return
        if 'half' in acts:
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            return
        if 'slow' in acts:
            for at in range(0, len(body), 64):
                self.wfile.write(body[at:at + 64])
                self.wfile.flush()
                time.sleep(acts['slow'].get('seconds', 0.001))
            return
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that went away; our own faults are in the oracle


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ('local', 0)

    def handle_error(self, request, client_address):
        pass
