"""Faults by script: match method, route and the nth call, then act. The names are those of ACTS.

A fault: {"method", "route", "nth": 1, "times": 1, "act", ...}. An empty method or route matches all.
Before the handler: 'kill' (who is named by the file "pid", and no answer; "every", "part": see Lives), 'status' (with "after": true: once it is done), 'close', 'hang', 'primary',
'secondary', 'unauthorized', 'gone', 'human' ("do": see humans.py). With its answer: 'half',
'slow', 'stale', 'unknown' (mergeable null), 'repeat' (an item of the page before comes again).
"""

import re
import zlib
from fnmatch import fnmatchcase

ACTS = ('kill', 'status', 'close', 'hang', 'primary', 'secondary', 'unauthorized', 'gone', 'human', 'half', 'slow',
        'stale', 'unknown', 'repeat')


def plain(request):
    """What it asks or says, in words that are the same in another run: whose number a pull request has is chance."""
    heads = {str(i['number']): i['pull']['head'] for repo in request.hub.world.repos.values()
             for i in request.hub.world.pulls(repo)}
    # Commits, and the ids of runs.
    what = re.sub('[0-9a-f]{40}|[0-9a-f]{32}', '{id}', f'{request.method} {request.path_query} {request.raw.decode()}'.strip())
    return re.sub(r'(/pulls/|/issues/|#)(\d+)', lambda m: m[1] + heads.get(m[2], m[2]), what)


class Lives:
    """Of a program that is killed and begun anew until it comes through: which of its requests kill it.

    Each that no life before has made, if it falls to this "part" of "every"; all parts together are
    all requests. A request is what it asks or says, and how often this life has, up to five times.
    """

    def __init__(self):
        self.pid = self.dead = None
        self.made = {}  # in this life: what -> how often
        self.seen, self.struck = [], []  # "part what how often"

    def is_over(self, fault, request):
        try:
            with open(fault['pid'], encoding='utf-8') as f:
                pid = f.read().strip()
        except FileNotFoundError:
            return False
        if not pid or pid == self.dead:
            return False
        if pid != self.pid:
            self.pid, self.made = pid, {}
        what = plain(request)
        self.made[what] = min(self.made.get(what, 0) + 1, 5)
        part = zlib.crc32(f'{what} {self.made[what]}'.encode()) % fault['every']
        key = f'{part} {what} {self.made[what]}'
        if key in self.seen:
            return False
        self.seen.append(key)
        if part != fault['part']:
            return False
        self.dead = pid
        self.struck.append(key)
        return True


class Faults:
    def __init__(self):
        self.list = []

    def add(self, spec):
        if spec.get('act') not in ACTS:
            raise ValueError(f"no such act: {spec.get('act')}")
        more = {'lives': Lives(), 'times': float('inf')} if 'every' in spec else {}
        self.list.append({'method': '', 'route': '', 'nth': 1, 'times': 1, 'after': False, 'seen': 0, 'done': 0,
                          **more, **spec})

    def of(self, request, route_path):
        """Those that strike now; each counts the requests it matches. People are spared."""
        found = []
        for fault in self.list:
            if request.login == 'person' or fault['method'] not in ('', request.method):
                continue
            if fault['route'] and not (route_path and fnmatchcase(route_path, fault['route'])):
                continue
            if 'lives' in fault and not fault['lives'].is_over(fault, request):
                continue
            fault['seen'] += 1
            if fault['nth'] <= fault['seen'] and fault['done'] < fault['times']:
                fault['done'] += 1
                found.append(fault)
        return found


def bend(fault, issue_lists):
    """What a stale, unknown or repeating answer looks like: the body changed in place."""
    body = issue_lists
    if fault['act'] == 'unknown' and isinstance(body, dict) and 'mergeable' in body:
        body['mergeable'], body['mergeable_state'] = None, 'unknown'
    if fault['act'] == 'stale':
        if isinstance(body, dict) and 'check_runs' in body:
            body['check_runs'], body['total_count'] = [], 0
        elif isinstance(body, list) and body:
            newest = max(body, key=lambda x: x.get('id', 0))
            body.remove(newest)
    return body
