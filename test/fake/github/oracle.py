"""The books: what was effectively written, what was asked when, and which rules of conduct were broken."""

import re
import time

from world import BOT

MARKER = re.compile(r'<!--\s*(ganger:[^>]*?)\s*-->')
WRITES = ('POST', 'PATCH', 'PUT', 'DELETE')


class Oracle:
    def __init__(self, world, write_interval):
        self.world, self.write_interval = world, write_interval
        self.journal = []       # effective writes
        self.broken = []        # rules broken as it went
        self.asked = {}         # (method, route) -> requests
        self.unconditional = {} # path -> GETs without If-None-Match that were answered 200
        self.versions = {}      # path -> its ETags
        self.wait_until = {}    # credential -> (no request before this, why)
        self.last_write = {}    # credential -> when the last one came
        self.known = {}         # (connection, path) -> an ETag was given there
        self.n_writes = 0

    def complain(self, text):
        self.broken.append(text)

    def request_came(self, request):
        """Before anything is done; only what we did is judged, not what people did."""
        if request.login == 'person':
            return
        now, who = time.monotonic(), request.credential
        until, why = self.wait_until.get(who, (0, ''))
        if now < until:
            self.complain(f'{request.method} {request.path} came {until - now:.2f} s too early after {why}')
        if not request.agent:
            self.complain(f'{request.method} {request.path}: no User-Agent')
        if 'application/vnd.github+json' not in request.accept:
            self.complain(f"{request.method} {request.path}: Accept is '{request.accept}'")
        if not request.version_given:
            self.complain(f'{request.method} {request.path}: no X-GitHub-Api-Version')
        if request.method in WRITES and request.login != 'app':
            self.n_writes += 1
            since = now - self.last_write.get(who, -1e9)
            if since < self.write_interval * 0.95:
                self.complain(f'{request.method} {request.path} came {since:.3f} s after the last write')
            self.last_write[who] = now

    def answered(self, request, status, etag):
        if request.login == 'person':
            return
        key = (request.connection, request.path_query)
        if request.method == 'GET' and status == 200:
            self.unconditional[request.path_query] = self.unconditional.get(request.path_query, 0) + 1
            self.versions.setdefault(request.path_query, set()).add(etag)
            if self.known.get(key) and not request.none_match:
                self.complain(f'GET {request.path_query} again without If-None-Match')
            self.known[key] = etag

    def refused_for(self, request, seconds, why):
        if seconds:
            self.wait_until[request.credential] = (time.monotonic() + seconds * 0.98, why)

    def count(self, method, route_path):
        key = f'{method} {route_path}'
        self.asked[key] = self.asked.get(key, 0) + 1

    def wrote(self, request, what):
        self.journal.append({'n': len(self.journal) + 1, 'by': request.login, **what})

    def again(self):
        """What was sent more often than it changed: path -> how often in vain."""
        return {path: n - len(self.versions[path]) for path, n in self.unconditional.items()
                if n > len(self.versions[path])}

    def check(self):
        """All that is wrong, as texts."""
        faults = list(self.broken)
        for name, repo in self.world.repos.items():
            self.world.sync(repo)
            open_ = [(i['pull']['head'], i['pull']['base']) for i in self.world.pulls(repo) if i['state'] == 'open']
            for pair in set(open_):
                if open_.count(pair) > 1:
                    faults.append(f'{name}: {open_.count(pair)} open pull requests of {pair}')
            merged = {}
            for issue in self.world.pulls(repo):
                if issue['pull']['merged_at']:
                    key = (issue['pull']['head'], issue['pull']['base'], issue['pull']['head_sha'])
                    merged[key] = merged.get(key, 0) + 1
            faults += [f'{name}: {key} was merged {n} times' for key, n in merged.items() if n > 1]
            faults += self.check_comments(name, repo)
        for w in self.journal:
            if w['kind'] == 'merge' and w['by'] == BOT and w['expected'] != w['head']:
                faults.append(f"pull request {w['number']} was merged at {w['head']}, tested was {w['expected']}")
        return faults

    def check_comments(self, name, repo):
        seen = {}
        for comment in repo['comments'].values():
            for marker in MARKER.findall(comment['body'] or '') if comment['user'] != 'person' else []:
                key = comment['number'], marker
                seen[key] = seen.get(key, 0) + 1
        return [f"{name}#{n}: {count} comments marked '{marker}'" for (n, marker), count in seen.items() if count > 1]
