"""Check runs and statuses: those of people's CI, put there by the test as a person."""

from answers import NOT_FOUND, Answer, Refused
from routes import route
from shapes import SITE, repository, user

R = '/repos/{owner}/{repo}'


def latest(runs):
    """The newest of each name and app."""
    found = {}
    for run in runs:
        found[run['name'], run['app']] = run
    return list(found.values())


def run_out(call, run):
    url = call.url('repos', call.repo()['name'], 'check-runs', run['id'])
    app = {'id': run['app'], 'slug': f"app-{run['app']}", 'node_id': call.world.node('A_', run['app']),
           'owner': user(call.world, 'person'), 'name': 'CI', 'description': '', 'external_url': SITE,
           'html_url': SITE, 'created_at': run['started_at'], 'updated_at': run['started_at'],
           'permissions': {}, 'events': []}
    return {'id': run['id'], 'node_id': call.world.node('CR_', run['id']), 'url': url, 'html_url': url,
            'details_url': url, 'name': run['name'], 'head_sha': run['head_sha'], 'status': run['status'],
            'conclusion': run['conclusion'], 'started_at': run['started_at'], 'completed_at': run['completed_at'],
            'external_id': '', 'app': app,
            'check_suite': {'id': run['id']}, 'pull_requests': [],
            'output': {'title': None, 'summary': None, 'text': None, 'annotations_count': 0,
                       'annotations_url': url + '/annotations'}}


def sha_of(call, text):
    git = call.git()
    return text if git.kind(text) == 'commit' else git.tip(text.removeprefix('heads/'))


@route('GET', R + '/commits/{sha}/check-runs', query=['filter', 'check_name', 'status', 'app_id'])
def list_runs(call):
    sha = sha_of(call, call.params['sha'])
    if not sha:
        raise Refused(422, f"No commit found for SHA: {call.params['sha']}")
    runs = call.repo()['checks'].get(sha, [])
    if call.query.get('filter', 'latest') == 'latest':
        runs = latest(runs)
    return {'check_runs': [run_out(call, r) for r in runs]}


@route('GET', R + '/commits/{sha}/status')
def get_status(call):
    sha = sha_of(call, call.params['sha'])
    if not sha:
        raise Refused(404, NOT_FOUND)
    found = {}
    for status in call.repo()['statuses'].get(sha, []):
        found[status['context']] = status
    states = [s['state'] for s in found.values()]
    # 'pending' also where there are none.
    state = 'failure' if {'failure', 'error'} & set(states) else \
        'success' if states and set(states) == {'success'} else 'pending'
    url = call.url('repos', call.repo()['name'], 'commits', sha)
    return Answer(200, {'state': state, 'sha': sha, 'total_count': len(states), 'commit_url': url,
                        'url': url + '/status', 'repository': repository(call, call.repo()),
                        'statuses': [status_out(call, s) for s in found.values()]})


def status_out(call, status):
    url = call.url('repos', call.repo()['name'], 'statuses', status['id'])
    return {'node_id': call.world.node('SC_', status['id']), 'url': url, 'avatar_url': None,
            'created_at': status['updated_at'], **status}


@route('POST', R + '/check-runs', {'name!': str, 'head_sha!': str, 'status': str, 'conclusion': str, 'app': int})
def add_run(call):
    body = call.body
    run = {'id': call.world.new_id(), 'name': body['name'], 'head_sha': body['head_sha'],
           'status': body.get('status', 'completed' if body.get('conclusion') else 'queued'),
           'conclusion': body.get('conclusion'), 'app': body.get('app', 15368),
           'started_at': call.world.stamp(), 'completed_at': call.world.stamp() if body.get('conclusion') else None}
    call.repo()['checks'].setdefault(body['head_sha'], []).append(run)
    call.wrote('check_run', name=run['name'], sha=run['head_sha'])
    return Answer(201, run_out(call, run))


@route('POST', R + '/statuses/{sha}', {'state!': str, 'context': str, 'description': str, 'target_url': str})
def add_status(call):
    status = {'id': call.world.new_id(), 'state': call.body['state'],
              'context': call.body.get('context', 'default'), 'description': call.body.get('description'),
              'target_url': call.body.get('target_url'), 'updated_at': call.world.stamp()}
    call.repo()['statuses'].setdefault(call.params['sha'], []).append(status)
    call.wrote('status', context=status['context'], sha=call.params['sha'])
    return Answer(201, status_out(call, status) | {'creator': user(call.world, call.login)})


def state_of(world, repo, sha, name, app=None):
    """'success', 'failure', 'pending', or None where it was never heard of."""
    for run in latest(repo['checks'].get(sha, [])):
        if run['name'] == name and app in (None, run['app']):
            if run['status'] != 'completed':
                return 'pending'
            return 'success' if run['conclusion'] in ('success', 'neutral', 'skipped') else 'failure'
    found = [s for s in repo['statuses'].get(sha, []) if s['context'] == name]
    return {'error': 'failure'}.get(found[-1]['state'], found[-1]['state']) if found else None
