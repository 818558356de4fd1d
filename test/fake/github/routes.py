"""The table of routes: a handler for each method and path, and what its request may hold."""

import inspect
import urllib.parse

from answers import NOT_FOUND, Refused, invalid

TABLE = []


class Route:
    def __init__(self, method, path, handler, fields, query):
        self.method, self.path, self.handler = method, path, handler
        self.fields, self.query = fields, query
        self.words = path.strip('/').split('/')

    def match(self, method, words):
        if method != self.method:
            return None
        found = {}
        for at, want in enumerate(self.words):
            if want.endswith('+}'):
                if at >= len(words):
                    return None
                found[want[1:-2]] = '/'.join(words[at:])
                return found
            if at >= len(words) or (want[0] != '{' and want != words[at]):
                return None
            if want[0] == '{':
                found[want[1:-1]] = words[at]
        return found if len(words) == len(self.words) else None


def route(method, path, fields=None, query=()):
    """fields: name -> type, a trailing '!' for those that must be there; query: names besides per_page, page."""
    def add(handler):
        assert 'call' in inspect.signature(handler).parameters
        TABLE.append(Route(method, path, handler, fields or {}, set(query) | {'per_page', 'page'}))
        return handler
    return add


def find(method, path):
    words = [urllib.parse.unquote(w) for w in path.strip('/').split('/')]
    for r in TABLE:
        found = r.match(method, words)
        if found is not None:
            return r, found
    return None, None


def check_body(r, body, complain):
    """GitHub ignores names it does not know; a misspelt one must not pass here."""
    if not r.fields:
        if body:
            complain(f'{r.method} {r.path}: takes no body')
            raise Refused(422, 'no body is known here')
        return
    if not isinstance(body, dict):
        raise Refused(400, 'Problems parsing JSON')
    kinds = {k.rstrip('!'): v for k, v in r.fields.items()}
    for name, value in body.items():
        if name not in kinds:
            complain(f"{r.method} {r.path}: field '{name}' is not known")
            raise Refused(422, f"field '{name}' is not known")
        if value is not None and not isinstance(value, kinds[name]) or \
                isinstance(value, bool) and kinds[name] is int:
            complain(f"{r.method} {r.path}: field '{name}' has the wrong type")
            raise invalid('Field', name)
    for name in r.fields:
        if name.endswith('!') and body.get(name[:-1]) is None:
            raise Refused(422, 'Invalid request.\n\n"%s" wasn\'t supplied.' % name[:-1])


class Call:
    """One request, on its way through its handler."""

    def __init__(self, world, request, r, params):
        self.world, self.request, self.route, self.params = world, request, r, params
        self.body, self.query, self.login = request.body, request.query, request.login
        self.wrote_what = None
        self.headers = {}

    def repo(self):
        name = f"{self.params['owner']}/{self.params['repo']}"
        repo = self.world.repos.get(name)
        if not repo or (name in self.world.lost and self.login != 'person'):
            raise Refused(404, NOT_FOUND)
        return repo

    def git(self):
        return self.world.git(self.repo())

    def number(self, key='number'):
        return int(self.params[key]) if self.params[key].isdigit() else -1

    def wrote(self, kind, **facts):
        """This request changed something: for the journal of effective writes."""
        self.wrote_what = {'kind': kind, **facts}

    def url(self, *words):
        return self.request.base + '/' + '/'.join(str(w) for w in words)

    def is_new(self):
        """Is it the API version that left some fields out?"""
        return self.request.version >= '2026-03-10' or self.world.conf['new_shape']
