"""Pull requests: opened, changed, reviewed, merged, also asynchronously and through the queue."""

import uuid

import answers as say
from answers import NOT_FOUND, Answer, Refused, custom, invalid
from checks import state_of
from issues import label_out
from repo import Moved
from routes import route
from shapes import link, repository, urls, user

R = '/repos/{owner}/{repo}'
P = R + '/pulls/{number}'


def pull_out(call, issue, whole=True):
    world, repo, pull = call.world, call.world.repos[issue['repo']], issue['pull']
    owner = repo['name'].split('/')[0]
    url = call.url('repos', repo['name'], 'pulls', issue['number'])

    def side(which, sha):
        return {'label': f'{owner}:{pull[which]}', 'ref': pull[which], 'sha': sha,
                'user': user(world, owner), 'repo': repository(call, repo)}
    links = ('self', 'html', 'issue', 'comments', 'review_comments', 'review_comment', 'commits', 'statuses')
    out = {
        **urls('pull-request', url), '_links': {n: link(f'{url}/{n}') for n in links}, 'milestone': None,
        'author_association': 'OWNER', 'requested_reviewers': [],
        'id': issue['id'], 'node_id': world.node('PR_', issue['id']), 'number': issue['number'], 'url': url,
        'html_url': f"https://github.invalid/{repo['name']}/pull/{issue['number']}",
        'issue_url': call.url('repos', repo['name'], 'issues', issue['number']), 'state': issue['state'],
        'title': issue['title'], 'body': issue['body'], 'user': user(world, issue['user']),
        'labels': [label_out(call, repo, n) for n in issue['labels']], 'draft': pull['draft'],
        'locked': issue['locked'], 'created_at': issue['created_at'], 'updated_at': issue['updated_at'],
        'closed_at': issue['closed_at'], 'merged_at': pull['merged_at'], 'assignees': [],
        'head': side('head', pull['head_sha']), 'base': side('base', pull['base_sha']), 'auto_merge': None}
    if not call.is_new():
        out['merge_commit_sha'], out['assignee'] = pull['merge_sha'], None
    if whole:
        can, state = mergeable(world, repo, issue)
        out |= {'merged': bool(pull['merged_at']), 'mergeable': can, 'mergeable_state': state, 'commits': 1,
                'additions': 1, 'deletions': 0, 'changed_files': 1, 'comments': 0, 'review_comments': 0,
                'maintainer_can_modify': False, 'rebaseable': None,
                'merged_by': user(world, 'ganger-bot') if pull['merged_at'] else None}
    return out


def mergeable(world, repo, issue):
    pull = issue['pull']
    if issue['state'] != 'open':
        return None, 'unknown'
    pull['reads'] += 1
    if pull['reads'] <= world.conf['mergeable_reads'] or not pull['base_sha']:
        return None, 'unknown'
    if not world.git(repo).merge_tree(pull['base_sha'], pull['head_sha']):
        return False, 'dirty'
    if pull['draft']:
        return True, 'draft'
    return True, 'blocked' if forbidden(world, repo, issue, None) else 'clean'


def find(call):
    repo = call.repo()
    issue = repo['issues'].get(call.number())
    if not issue or not issue['pull']:
        raise Refused(404, NOT_FOUND)
    return repo, issue


@route('GET', R + '/pulls', query=['state', 'head', 'base', 'sort', 'direction'])
def list_pulls(call):
    repo, q = call.repo(), call.query
    owner = repo['name'].split('/')[0]
    found = []
    for issue in call.world.pulls(repo):
        pull = issue['pull']
        if q.get('state', 'open') not in ('all', issue['state']) or q.get('base', pull['base']) != pull['base']:
            continue
        # A head without its owner is ignored, as the real one is said to do.
        if ':' not in q.get('head', '') or q['head'] == f"{owner}:{pull['head']}":
            found.append(issue)
    found.sort(key=lambda i: i['number'], reverse=q.get('direction', 'desc') == 'desc')
    return [pull_out(call, i, False) for i in found]


def check_text(body):
    """What is too long is refused, in GitHub's words."""
    for field, most in (('title', 256), ('body', 65536)):
        if len(body.get(field) or '') > most:
            raise custom('PullRequest', f'{field} is too long (maximum is {most} characters)')


@route('POST', R + '/pulls', {'title!': str, 'head!': str, 'base!': str, 'body': str, 'draft': bool,
                              'maintainer_can_modify': bool})
def create_pull(call):
    repo, body = call.repo(), call.body
    git, owner = call.world.git(repo), repo['name'].split('/')[0]
    head, base = body['head'].removeprefix(owner + ':'), body['base']
    refs = git.refs()
    check_text(body)
    for field, name in (('head', head), ('base', base)):
        if 'refs/heads/' + name not in refs:
            raise invalid('PullRequest', field)
    head_sha, base_sha = refs['refs/heads/' + head], refs['refs/heads/' + base]
    for other in call.world.pulls(repo):
        if other['state'] == 'open' and (other['pull']['head'], other['pull']['base']) == (head, base):
            raise custom('PullRequest', say.PULL_EXISTS % f'{owner}:{head}')
    if git.ahead(base_sha, head_sha) == 0:
        raise custom('PullRequest', say.NO_COMMITS % (base, head))
    pull = {'head': head, 'base': base, 'head_sha': head_sha, 'base_sha': base_sha,
            'draft': bool(body.get('draft')), 'merged_at': None, 'merge_sha': None, 'how': None, 'reads': 0,
            'reviews': []}
    issue = call.world.add_issue(repo, {'title': body['title'], 'body': body.get('body')}, call.login, pull)
    call.wrote('pull', number=issue['number'], head=head, base=base, sha=head_sha)
    out = pull_out(call, issue)
    pull['reads'] = 0  # what was made is no question after its mergeability
    return Answer(201, out)


@route('GET', P)
def get_pull(call):
    return Answer(200, pull_out(call, find(call)[1]))


@route('PATCH', P, {'title': str, 'body': str, 'state': str, 'base': str, 'maintainer_can_modify': bool})
def change_pull(call):
    repo, issue = find(call)
    state = call.body.get('state')
    check_text(call.body)
    if state not in (None, 'open', 'closed'):
        raise invalid('PullRequest', 'state')
    if state == 'open' and issue['pull']['merged_at']:
        raise custom('PullRequest', 'state cannot be changed. The pull request is already merged.')
    for key in ('title', 'body'):
        if key in call.body:
            issue[key] = call.body[key]
    if 'base' in call.body:
        issue['pull']['base'] = call.body['base']
    call.world.touch(issue)
    if state == 'closed':
        call.world.close(issue, None, call.login)
    elif state == 'open':
        issue['state'] = 'open'
    call.wrote({'closed': 'close_pull', 'open': 'reopen_pull'}.get(state, 'edit_pull'), number=issue['number'])
    return Answer(200, pull_out(call, issue))


@route('GET', R + '/issues/{number}/events')
def list_events(call):
    """Of all events the one that is needed: what a pull request was merged as."""
    issue = call.repo()['issues'].get(call.number())
    if not issue:
        raise Refused(404, NOT_FOUND)
    pull = issue['pull']
    if not pull or not pull['merged_at']:
        return []
    url = call.url('repos', issue['repo'], 'issues/events', 1 + issue['id'])
    return [{'id': 1 + issue['id'], 'event': 'merged', 'commit_id': pull['merge_sha'], 'commit_url': None,
             'created_at': pull['merged_at'], 'actor': user(call.world, 'ganger-bot'), 'url': url,
             'node_id': call.world.node('ME_', issue['id']), 'performed_via_github_app': None}]


# ---- Reviews ----

def review_out(call, r):
    url = call.url('repos', call.repo()['name'], 'pulls', call.params['number'])
    links = {'html': link(url), 'pull_request': link(url)}
    return {'id': r['id'], 'node_id': call.world.node('PRR_', r['id']), 'user': user(call.world, r['user']),
            'state': r['state'], 'commit_id': r['commit_id'], 'submitted_at': r['submitted_at'], 'body': r['body'],
            'html_url': url, 'pull_request_url': url, '_links': links, 'author_association': 'OWNER'}


@route('GET', P + '/reviews')
def list_reviews(call):
    return [review_out(call, r) for r in find(call)[1]['pull']['reviews']]


@route('POST', P + '/reviews', {'event!': str, 'body': str, 'commit_id': str})
def add_review(call):
    issue = find(call)[1]
    pull = issue['pull']
    states = {'APPROVE': 'APPROVED', 'REQUEST_CHANGES': 'CHANGES_REQUESTED', 'COMMENT': 'COMMENTED'}
    if call.body['event'] not in states:
        raise invalid('PullRequestReview', 'event')
    review = {'id': call.world.new_id(), 'user': call.login, 'state': states[call.body['event']],
              'commit_id': call.body.get('commit_id', pull['head_sha']), 'submitted_at': call.world.stamp(),
              'body': call.body.get('body') or ''}
    pull['reviews'].append(review)
    call.world.touch(issue)
    call.wrote('review', number=call.number())
    return Answer(200, review_out(call, review))


# ---- Merging ----

def approvals(pull):
    last = {}
    for review in pull['reviews']:
        if review['state'] != 'COMMENTED':
            last[review['user']] = review['state']
    return list(last.values()).count('APPROVED'), 'CHANGES_REQUESTED' in last.values()


def required(world, repo, base):
    """(context, app or None) of every check that rules or protection ask for."""
    for rule in world.rules_of(repo, base):
        if rule['type'] == 'required_status_checks':
            for check in rule['parameters']['required_status_checks']:
                yield check['context'], check.get('integration_id')
    for check in repo['protection'].get(base, {}).get('required_status_checks', []):
        yield check['context'], check.get('app_id')


def methods_of(world, repo, base):
    """By which a pull request may be merged into a branch, as rules and protection leave it."""
    found = set(repo['methods'])
    for rule in world.rules_of(repo, base):
        if rule['type'] == 'pull_request':
            found &= set(rule['parameters'].get('allowed_merge_methods', found))
        if rule['type'] == 'required_linear_history':
            found -= {'merge'}
    return found - {'merge'} if repo['protection'].get(base, {}).get('linear') else found


def reviews_of(world, repo, base):
    """How many approvals each rule and the protection ask for."""
    for rule in world.rules_of(repo, base):
        if rule['type'] == 'pull_request':
            yield rule['parameters'].get('required_approving_review_count', 0)
    if 'reviews' in repo['protection'].get(base, {}):
        yield repo['protection'][base]['reviews']


def forbidden(world, repo, issue, method):
    """Why the rules of the base do not let it be merged; None: they do."""
    pull = issue['pull']
    rules = world.rules_of(repo, pull['base'])
    if any(r['type'] == 'merge_queue' for r in rules) and method != 'queue':
        return say.QUEUE_REQUIRED
    if method and method != 'queue' and method not in methods_of(world, repo, pull['base']):
        return say.METHOD_NOT_ALLOWED % ('Merge commits' if method == 'merge' else method.capitalize() + ' merges')
    for name, app in required(world, repo, pull['base']):
        state = state_of(world, repo, pull['head_sha'], name, app)
        if state != 'success':
            return (say.CHECK_FAILING if state == 'failure' else say.CHECK_EXPECTED) % name
    for wanted in reviews_of(world, repo, pull['base']):
        got, refused = approvals(pull)
        if got < wanted or refused:
            return say.REVIEW_REQUIRED % max(wanted, 1)
    return None


def merge_now(world, repo, issue, spec):
    """The sha that was made; or Refused, in the order in which the real one looks."""
    pull, git = issue['pull'], world.git(repo)
    method = spec.get('merge_method', 'merge')
    if pull['merged_at'] or issue['state'] != 'open':
        raise Refused(405, say.IS_CLOSED if not pull['merged_at'] else say.NOT_MERGEABLE)
    if pull['draft']:
        raise Refused(405, say.IS_DRAFT)
    why = forbidden(world, repo, issue, method)
    if why:
        raise Refused(405, why)
    if spec.get('sha') and spec['sha'] != pull['head_sha']:
        raise Refused(409, say.HEAD_MODIFIED)
    base, head = pull['base_sha'], pull['head_sha']
    tree = git.merge_tree(base, head)
    if not tree:
        raise Refused(405, say.NOT_MERGEABLE)
    title = spec.get('commit_title') or f"Merge pull request #{issue['number']} from {pull['head']}"
    message = title + '\n\n' + (spec.get('commit_message') or '')
    if method == 'queue':
        method = queue_method(world, repo, pull['base']) or 'merge'
    if method == 'rebase':
        sha = rebase(git, base, head)
    else:
        sha = git.commit(tree, [base] if method == 'squash' else [base, head], message)
    try:
        git.set('refs/heads/' + pull['base'], sha, base)
    except Moved:
        raise Refused(405, say.BASE_MODIFIED) from None
    world.merged(repo, issue, sha, 'api')
    world.sync(repo)
    return sha


def rebase(git, onto, head):
    """Commit by commit, each as a merge with an invented common parent: git 2.39 takes no --merge-base."""
    for sha in git.out('rev-list', '--reverse', '--no-merges', f'{onto}..{head}').split():
        facts = git.commit_facts(sha)
        was = git.commit(git.commit_facts(facts['parents'][0]['sha'])['tree']['sha'], [], 'was')
        ours = git.commit(git.commit_facts(onto)['tree']['sha'], [was], 'ours')
        tree = git.merge_tree(ours, git.commit(facts['tree']['sha'], [was], 'theirs'))
        if not tree:
            raise Refused(405, say.NOT_MERGEABLE)
        onto = git.commit(tree, [onto], facts['message'])
    return onto


def merge_facts(issue, spec, sha):
    return {'number': issue['number'], 'expected': spec.get('sha'), 'head': issue['pull']['head_sha'],
            'base': issue['pull']['base'], 'sha': sha}


MERGE_FIELDS = {'commit_title': str, 'commit_message': str, 'sha': str, 'merge_method': str}


@route('PUT', P + '/merge', MERGE_FIELDS)
def merge(call):
    repo, issue = find(call)
    if call.body.get('merge_method', 'merge') not in ('merge', 'squash', 'rebase'):
        raise invalid('PullRequest', 'merge_method')
    sha = merge_now(call.world, repo, issue, call.body)
    call.wrote('merge', **merge_facts(issue, call.body, sha))
    return Answer(200, {'sha': sha, 'merged': True, 'message': 'Pull Request successfully merged'})


@route('GET', P + '/merge')
def is_merged(call):
    if not find(call)[1]['pull']['merged_at']:
        raise Refused(404, NOT_FOUND)
    return Answer(204)


@route('PUT', P + '/update-branch', {'expected_head_sha': str})
def update_branch(call):
    repo, issue = find(call)
    pull, git = issue['pull'], call.world.git(repo)
    if call.body.get('expected_head_sha', pull['head_sha']) != pull['head_sha']:
        raise Refused(422, "expected head sha didn't match current head ref.")
    tree = git.merge_tree(pull['head_sha'], pull['base_sha'])
    if not tree:
        raise Refused(422, 'merge conflict between base and head')
    sha = git.commit(tree, [pull['head_sha'], pull['base_sha']], f"Merge branch '{pull['base']}'")
    git.set('refs/heads/' + pull['head'], sha, pull['head_sha'])
    call.wrote('update_branch', number=issue['number'], sha=sha)
    return Answer(202, {'message': 'Updating pull request branch.', 'url': call.url('repos', repo['name'])})


def async_out(status, text, job=None, sha=None):
    details = {'message': text}
    if status == 'pending':
        spec = job['spec']
        details |= {'uuid': job['uuid'], 'expected_head_sha': job['expected'],
                    'merge_method': spec.get('merge_method', 'default'),
                    'merge_action': spec.get('merge_action', 'default')}
    return {'status': status, 'details': details | ({'sha': sha} if sha else {})}


@route('PUT', P + '/merge-async', MERGE_FIELDS | {'merge_action': str})
def merge_async(call):
    repo, issue = find(call)
    if not call.world.conf['async']:
        raise Refused(404, NOT_FOUND)
    if call.body.get('merge_action') not in (None, 'default', 'direct_merge', 'merge_queue'):
        raise invalid('PullRequest', 'merge_action')
    if issue['pull']['merged_at']:
        return Answer(200, async_out('merged', say.ASYNC_MERGED, sha=issue['pull']['merge_sha']))
    if issue['state'] != 'open' or issue['pull']['draft']:
        return Answer(400, async_out('failed', say.IS_DRAFT if issue['pull']['draft'] else say.IS_CLOSED))
    if queued(repo, issue):
        return Answer(200, async_out('enqueued', say.ASYNC_QUEUED))
    for job in repo['asyncs'].values():
        if job['number'] == issue['number'] and job['status'] == 'pending':
            return Answer(409, async_out('pending', say.ASYNC_EXISTS, job))
    job = {'uuid': str(uuid.UUID(int=call.world.new_id())), 'number': issue['number'], 'status': 'pending',
           'expected': call.body.get('sha') or issue['pull']['head_sha'], 'sha': None, 'text': '', 'reads': 0,
           'spec': call.body}
    repo['asyncs'][job['uuid']] = job
    call.wrote('merge_asked', number=issue['number'], expected=job['expected'])
    return Answer(202, async_out('pending', say.ASYNC_TAKEN, job))


@route('GET', P + '/merge-async/{uuid}')
def get_async(call):
    repo, issue = find(call)
    job = repo['asyncs'].get(call.params['uuid'])
    if not job:
        raise Refused(404, NOT_FOUND)
    job['reads'] += 1
    if job['status'] == 'pending' and job['reads'] > call.world.conf['async_reads']:
        settle(call, repo, issue, job)
    return Answer(200, async_out(job['status'], job['text'] or say.ASYNC_GOES_ON, job, job['sha']))


def settle(call, repo, issue, job):
    """The job runs: 'default' is the queue where the base has one."""
    action = job['spec'].get('merge_action', 'default')
    if action == 'merge_queue' or (action == 'default' and has_queue(call.world, repo, issue)):
        enqueue(repo, issue, job['expected'])
        call.wrote('enqueue', number=issue['number'], expected=job['expected'])
        job['status'], job['text'] = 'enqueued', say.ASYNC_QUEUED
        return
    try:
        job['sha'] = merge_now(call.world, repo, issue, job['spec'])
        job['status'], job['text'] = 'merged', say.ASYNC_DONE
        call.wrote('merge', **merge_facts(issue, job['spec'], job['sha']))
    except Refused as e:
        job['status'], job['text'] = 'failed', e.message


# ---- The queue of a base ----

def queue_method(world, repo, base):
    """By which the queue of a base merges, whatever it was asked for; None: it has none."""
    for rule in world.rules_of(repo, base):
        if rule['type'] == 'merge_queue':
            return rule['parameters'].get('merge_method', 'MERGE').lower()
    return None


def has_queue(world, repo, issue):
    return queue_method(world, repo, issue['pull']['base']) is not None


def queued(repo, issue):
    return next((q for q in repo['queue'] if q['number'] == issue['number']), None)


def enqueue(repo, issue, expected):
    repo['queue'].append({'number': issue['number'], 'state': 'QUEUED', 'expected': expected})


def run_queue(world, repo):
    """What the queue holds is merged, in its order; what cannot be is thrown out of it."""
    for entry in list(repo['queue']):
        repo['queue'].remove(entry)
        issue = repo['issues'][entry['number']]
        try:
            merge_now(world, repo, issue, {'merge_method': 'queue', 'sha': entry['expected']})
        except Refused:
            pass


# ---- The two changes that REST has no words for ----

@route('POST', '/graphql', {'query!': str, 'variables': dict, 'operationName': str})
def graphql(call):
    """markPullRequestReadyForReview and enqueuePullRequest, with all that changes in 'variables'."""
    world, given = call.world, call.body.get('variables') or {}
    wanted = given.get('id') or given.get('input', {}).get('pullRequestId')
    for repo in world.repos.values():
        for issue in world.pulls(repo):
            if world.node('PR_', issue['id']) != wanted:
                continue
            if 'markPullRequestReadyForReview' in call.body['query']:
                issue['pull']['draft'] = False
                call.wrote('ready', number=issue['number'])
                return Answer(200, {'data': {'markPullRequestReadyForReview': {'pullRequest': {
                    'number': issue['number'], 'isDraft': False}}}})
            if 'enqueuePullRequest' in call.body['query']:
                if given.get('sha') not in (None, issue['pull']['head_sha']):
                    return graphql_error('UNPROCESSABLE', say.HEAD_MODIFIED)
                if queued(repo, issue):
                    return graphql_error('UNPROCESSABLE', say.QUEUED_ALREADY)
                enqueue(repo, issue, given.get('sha'))
                call.wrote('enqueue', number=issue['number'], expected=given.get('sha'))
                return Answer(200, {'data': {'enqueuePullRequest': {'mergeQueueEntry': {
                    'position': len(repo['queue']), 'state': 'QUEUED'}}}})
    return graphql_error('NOT_FOUND', 'Could not resolve to a node')


def graphql_error(kind, text):
    return Answer(200, {'data': None, 'errors': [{'type': kind, 'message': text}]})
