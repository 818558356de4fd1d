#!/usr/bin/env python3
"""A stand-in for GitHub's REST API with state, on 127.0.0.1, over real bare repositories.

    python3 test/fake/github [--seed FILE] [--log FILE] [--write-interval SECONDS] [--socket PATH]

Prints {"port": N} and serves until its parent ends. Standard library alone. The seed, also by
POST /_control/seed:

    {"repos": {"owner/name": {"git": "/path/of/bare.git", "default_branch": "main", "issues": [
        {"number": 1, "title": "…", "body": "…", "labels": [], "children": [2], "blocked_by": []}]}}}

Tokens: 'test-token' is ours, 'human-token' a person's, who is neither judged nor struck by faults.
Only what ganger needs is here; any other route, field or query is refused and noted as broken.
"""

import argparse
import ctypes
import json
import os
import signal
import sys
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../openapi')]

import checks  # noqa: E402,F401  the routes register themselves
import refs  # noqa: E402,F401
import pulls  # noqa: E402,F401
from faults import Faults  # noqa: E402
from oracle import Oracle  # noqa: E402
from server import Handler, Hub, Server, UnixServer  # noqa: E402
from world import World  # noqa: E402


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--seed')
    options.add_argument('--log')
    options.add_argument('--socket')
    options.add_argument('--write-interval', type=float, default=0)
    o = options.parse_args()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it never outlives its test
    world = World()
    if o.seed:
        with open(o.seed, encoding='utf-8') as f:
            for name, spec in json.load(f)['repos'].items():
                world.add_repo(name, spec)
    log = open(o.log, 'w', encoding='utf-8') if o.log else None
    hub = Hub(world, Oracle(world, o.write_interval), Faults(), log)
    Handler.hub = hub
    server = Server(('127.0.0.1', 0), Handler)
    if o.socket:
        threading.Thread(target=UnixServer(o.socket, Handler).serve_forever, daemon=True).start()
    print(json.dumps({'port': server.server_port}), flush=True)
    server.serve_forever()


main()
