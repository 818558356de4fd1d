"""Faults by script: match method, route and the nth call, then act. The names are those of ACTS.

A fault: {"method", "route", "nth": 1, "times": 1, "act", ...}. An empty method or route matches all.
Before the handler: 'kill' (who is named by the file "pid", and no answer), 'status' (with "after": true: once it is done), 'close', 'hang', 'primary',
'secondary', 'unauthorized', 'gone', 'human' ("do": see humans.py). With its answer: 'half',
'slow', 'stale', 'unknown' (mergeable null), 'repeat' (an item of the page before comes again).
"""

from fnmatch import fnmatchcase

ACTS = ('kill', 'status', 'close', 'hang', 'primary', 'secondary', 'unauthorized', 'gone', 'human', 'half', 'slow',
        'stale', 'unknown', 'repeat')


class Faults:
    def __init__(self):
        self.list = []

    def add(self, spec):
        if spec.get('act') not in ACTS:
            raise ValueError(f"no such act: {spec.get('act')}")
        self.list.append({'method': '', 'route': '', 'nth': 1, 'times': 1, 'after': False, 'seen': 0, 'done': 0,
                          **spec})

    def of(self, request, route_path):
        """Those that strike now; each counts the requests it matches. People are spared."""
        found = []
        for fault in self.list:
            if request.login == 'person' or fault['method'] not in ('', request.method):
                continue
            if fault['route'] and not (route_path and fnmatchcase(route_path, fault['route'])):
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
