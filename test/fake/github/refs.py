"""Repositories, branches, refs and commits: read from and written to the real repository."""

from answers import NOT_FOUND, NOT_FORWARD, NOT_PROTECTED, OBJECT_MISSING, REF_EXISTS, REF_MISSING, Answer, Refused
from repo import ZERO, Moved
from routes import route
from shapes import repository, urls

R = '/repos/{owner}/{repo}'
# What a rule says besides what a test gives.
RULES = {
    'required_status_checks': {'required_status_checks': [], 'strict_required_status_checks_policy': False},
    'pull_request': {'dismiss_stale_reviews_on_push': False, 'require_code_owner_review': False,
                     'require_last_push_approval': False, 'required_approving_review_count': 0,
                     'required_review_thread_resolution': False},
    'merge_queue': {'check_response_timeout_minutes': 60, 'grouping_strategy': 'ALLGREEN', 'merge_method': 'MERGE',
                    'max_entries_to_build': 5, 'max_entries_to_merge': 5, 'min_entries_to_merge': 1,
                    'min_entries_to_merge_wait_minutes': 5},
    'update': {'update_allows_fetch_and_merge': False}}


def ref_out(call, ref, sha):
    repo = call.repo()
    return {'ref': ref, 'node_id': call.world.node('REF_', repo['name'] + ref),
            'url': call.url('repos', repo['name'], 'git', ref),
            'object': {'type': 'commit', 'sha': sha, 'url': call.url('repos', repo['name'], 'git/commits', sha)}}


@route('GET', R)
def get_repo(call):
    return Answer(200, repository(call, call.repo()))


@route('GET', R + '/git/ref/{ref+}')
def get_ref(call):
    ref = 'refs/' + call.params['ref']
    sha = call.git().refs().get(ref)
    if not sha:
        raise Refused(404, NOT_FOUND)
    return Answer(200, ref_out(call, ref, sha))


@route('GET', R + '/git/matching-refs/{ref+}')
def matching_refs(call):
    want = 'refs/' + call.params['ref']
    return [ref_out(call, ref, sha) for ref, sha in sorted(call.git().refs().items()) if ref.startswith(want)]


@route('POST', R + '/git/refs', {'ref!': str, 'sha!': str})
def create_ref(call):
    ref, sha, git = call.body['ref'], call.body['sha'], call.git()
    if not ref.startswith('refs/') or ref.count('/') < 2 or ref.startswith('refs/pull/'):
        raise Refused(422, 'Reference name must start with \'refs/\'.')
    if ref in git.refs():
        raise Refused(422, REF_EXISTS)
    if git.kind(sha) != 'commit':
        raise Refused(422, OBJECT_MISSING)
    try:
        git.set(ref, sha, ZERO)
    except Moved:
        raise Refused(422, REF_EXISTS) from None
    call.wrote('create_ref', ref=ref, sha=sha)
    return Answer(201, ref_out(call, ref, sha))


@route('PATCH', R + '/git/refs/{ref+}', {'sha!': str, 'force': bool})
def move_ref(call):
    ref, sha, git = 'refs/' + call.params['ref'], call.body['sha'], call.git()
    old = git.refs().get(ref)
    if not old:
        raise Refused(422, REF_MISSING)
    if git.kind(sha) != 'commit':
        raise Refused(422, OBJECT_MISSING)
    if not call.body.get('force') and not git.contains(old, sha):
        raise Refused(422, NOT_FORWARD)
    git.set(ref, sha, old)
    call.wrote('move_ref', ref=ref, sha=sha, old=old)
    return Answer(200, ref_out(call, ref, sha))


@route('DELETE', R + '/git/refs/{ref+}')
def delete_ref(call):
    ref, git = 'refs/' + call.params['ref'], call.git()
    old = git.refs().get(ref)
    if not old:
        raise Refused(422, REF_MISSING)
    if ref == 'refs/heads/' + call.repo()['default']:
        raise Refused(422, 'Cannot delete the default branch')
    git.set(ref, None, old)
    call.wrote('delete_ref', ref=ref, old=old)
    return Answer(204)


@route('GET', R + '/git/commits/{sha}')
def get_commit(call):
    facts = call.git().commit_facts(call.params['sha'])
    if not facts:
        raise Refused(404, NOT_FOUND)
    return Answer(200, commit_out(call, facts))


def commit_out(call, facts):
    def at(what, sha):
        return {'sha': sha, 'url': call.url('repos', call.repo()['name'], 'git', what, sha)}
    url = at('commits', facts['sha'])['url']
    return facts | {
        'url': url, 'html_url': url, 'node_id': call.world.node('C_', facts['sha']),
        'tree': at('trees', facts['tree']['sha']),
        'parents': [at('commits', p['sha']) | {'html_url': at('commits', p['sha'])['url']} for p in facts['parents']],
        'verification': dict.fromkeys(('signature', 'payload', 'verified_at')) | {
            'verified': False, 'reason': 'unsigned'}}


@route('POST', R + '/git/commits', {'message!': str, 'tree!': str, 'parents': list, 'author': dict,
                                    'committer': dict})
def create_commit(call):
    git = call.git()
    if git.kind(call.body['tree']) != 'tree':
        raise Refused(422, 'Tree SHA does not exist')
    if any(git.kind(p) != 'commit' for p in call.body.get('parents', [])):
        raise Refused(422, 'Parent SHA does not exist or is not a commit object')
    sha = git.commit(call.body['tree'], call.body.get('parents', []), call.body['message'])
    call.wrote('commit', sha=sha)
    return Answer(201, commit_out(call, git.commit_facts(sha)))


@route('GET', R + '/branches/{branch}/protection')
def get_protection(call):
    """Administrators alone may read it; to others it is as if it were not there."""
    repo, branch = call.repo(), call.params['branch']
    if not call.world.conf['admin']:
        raise Refused(404, NOT_FOUND)
    guard, url = repo['protection'].get(branch), call.url('repos', repo['name'], 'branches', branch, 'protection')
    if not guard:
        raise Refused(404, NOT_PROTECTED)
    out = {'url': url, 'enforce_admins': {'url': url + '/enforce_admins', 'enabled': True},
           **{n: {'enabled': n == 'required_linear_history' and guard.get('linear', False)} for n in (
               'required_linear_history', 'allow_force_pushes', 'allow_deletions', 'block_creations',
               'required_conversation_resolution', 'lock_branch', 'allow_fork_syncing')},
           'required_signatures': {'url': url + '/required_signatures', 'enabled': False}}
    if guard.get('required_status_checks'):
        out['required_status_checks'] = checks_out(guard) | {'url': url, 'strict': guard.get('strict', False)}
    if 'reviews' in guard:
        out['required_pull_request_reviews'] = {
            'url': url + '/required_pull_request_reviews', 'required_approving_review_count': guard['reviews'],
            'dismiss_stale_reviews': guard.get('dismiss', False), 'require_code_owner_reviews': False,
            'require_last_push_approval': False}
    return Answer(200, out)


def checks_out(guard):
    checks = guard.get('required_status_checks', [])
    return {'contexts': [c['context'] for c in checks],
            'checks': [{'context': c['context'], 'app_id': c.get('app_id')} for c in checks]}


@route('GET', R + '/branches/{branch+}')
def get_branch(call):
    repo, branch = call.repo(), call.params['branch']
    sha = call.git().tip(branch)
    if not sha:
        raise Refused(404, 'Branch not found')
    guard = repo['protection'].get(branch, {})
    # Rulesets protect it as well, and are told elsewhere.
    protected = bool(guard or call.world.rules_of(repo, branch))
    level = 'everyone' if guard.get('required_status_checks') else 'off'
    return Answer(200, {
        'name': branch, 'commit': branch_commit(call, sha), 'protected': protected,
        '_links': dict.fromkeys(('self', 'html'), call.url('repos', repo['name'], 'branches', branch)),
        'protection_url': call.url('repos', repo['name'], 'branches', branch, 'protection'),
        'protection': {'enabled': bool(guard),
                       'required_status_checks': {'enforcement_level': level, **checks_out(guard)}}})


def branch_commit(call, sha):
    inner = commit_out(call, call.git().commit_facts(sha))
    keep = {k: inner[k] for k in ('author', 'committer', 'message', 'tree', 'url', 'verification')}
    return {**urls('commit', inner['url']), 'sha': sha, 'node_id': inner['node_id'], 'author': None,
            'committer': None, 'parents': inner['parents'], 'commit': keep | {'comment_count': 0}}


@route('GET', R + '/rules/branches/{branch+}')
def get_rules(call):
    rules = call.world.rules_of(call.repo(), call.params['branch'])
    return [{'type': r['type'], 'ruleset_id': 1, 'ruleset_source': call.repo()['name'],
             'ruleset_source_type': 'Repository'} |
            ({'parameters': RULES[r['type']] | r.get('parameters', {})} if r['type'] in RULES else {}) for r in rules]
