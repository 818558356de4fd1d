"""The test's own door, below /_control/: faults, deeds of people, settings, and the books."""

import json

from answers import Answer


def answer(hub, method, path, raw):
    word = path.removeprefix('/_control/').partition('?')[0]
    with hub.lock:
        try:
            given = json.loads(raw) if raw else {}
            body = WORDS[method, word](hub, given)
        except (KeyError, ValueError, IndexError) as e:
            return Answer(400, {'message': f'{method} {word}: {e!r}'})
    return Answer(200, body)


def check(hub, _):
    for text in hub.api().all_wrong(hub.exchanges):
        hub.oracle.complain('not as published: ' + text)
    hub.exchanges.clear()
    return {'broken': hub.oracle.check()}


def journal(hub, _):
    return hub.oracle.journal


def asked(hub, _):
    return {'requests': hub.oracle.asked, 'unconditional': hub.oracle.unconditional, 'again': hub.oracle.again(),
            'writes': hub.oracle.n_writes,
            'faults': [{'act': f['act'], 'done': f['done']} |
                       ({'seen': f['lives'].seen, 'struck': f['lives'].struck} if 'lives' in f else {})
                       for f in hub.faults.list]}


def fault(hub, given):
    for spec in given if isinstance(given, list) else [given]:
        hub.faults.add(spec)
    return {}


def heal(hub, _):
    hub.faults.list.clear()
    return {}


def human(hub, given):
    for spec in given if isinstance(given, list) else [given]:
        hub.person(spec)
    return {}


def conf(hub, given):
    for key, value in given.items():
        if key == 'skew':
            hub.world.skew = value
        elif key == 'write_interval':
            hub.oracle.write_interval = value
        elif key == 'tokens':
            hub.world.tokens = value
        elif key == 'app':
            hub.world.app = value
        else:
            hub.world.conf[key]  # an unknown one is an error
            hub.world.conf[key] = value
    return {}


def hook(hub, given):
    hub.hooks.set(**given)
    return {}


def let_go(hub, _):
    hub.hooks.let_go()
    return {}


def deliveries(hub, _):
    return hub.hooks.deliveries()


def seed(hub, given):
    for name, spec in given['repos'].items():
        hub.world.add_repo(name, spec)
    return {}


def state(hub, _):
    for repo in hub.world.repos.values():
        hub.world.sync(repo)
    return json.loads(hub.world.snapshot())


WORDS = {('GET', 'check'): check, ('GET', 'journal'): journal, ('GET', 'asked'): asked, ('POST', 'fault'): fault,
         ('POST', 'heal'): heal, ('POST', 'human'): human, ('POST', 'conf'): conf, ('POST', 'seed'): seed,
         ('POST', 'hook'): hook, ('POST', 'let_go'): let_go, ('GET', 'deliveries'): deliveries,
         ('GET', 'state'): state}
