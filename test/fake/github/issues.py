"""Issues: read, listed, changed, commented on, labelled, put under a parent, blocked by others."""

from answers import (FAILED, GONE, LABEL_MISSING, LOCKED, MOVED, NOT_FOUND, Answer, Refused, custom, invalid)
from routes import route
from shapes import repository, user
from world import CHILDREN_MAX, DEPTH_MAX, EDGES_MAX

R = '/repos/{owner}/{repo}'


def label_out(call, repo, name):
    label = call.world.label(repo, name)
    return {'id': label['id'], 'node_id': call.world.node('LA_', label['id']), 'name': label['name'],
            'color': label['color'], 'description': '', 'default': False,
            'url': call.url('repos', repo['name'], 'labels', label['name'])}


def issue_out(call, issue, with_repository=False):
    world, repo = call.world, call.world.repos[issue['repo']]
    url = call.url('repos', repo['name'], 'issues', issue['number'])
    children = [world.by_id(i) for i in issue['children']]
    blockers = [b for b in map(world.by_id, issue['blocked_by']) if b]
    blocking = [i for r in world.repos.values() for i in r['issues'].values() if issue['id'] in i['blocked_by']]
    done = sum(c['state'] == 'closed' for c in children)
    out = {
        'id': issue['id'], 'node_id': world.node('PR_' if issue['pull'] else 'I_', issue['id']),
        'number': issue['number'], 'title': issue['title'], 'body': issue['body'], 'state': issue['state'],
        'state_reason': issue['state_reason'], 'url': url, 'timeline_url': url + '/timeline',
        'html_url': f"https://github.invalid/{repo['name']}/issues/{issue['number']}",
        'repository_url': call.url('repos', repo['name']), 'comments_url': url + '/comments',
        'labels_url': url + '/labels{/name}', 'events_url': url + '/events',
        'labels': [label_out(call, repo, n) for n in issue['labels']], 'user': user(world, issue['user']),
        'assignees': [user(world, a) for a in issue['assignees']], 'milestone': None,
        'locked': issue['locked'], 'active_lock_reason': None, 'author_association': 'OWNER',
        'comments': sum(c['number'] == issue['number'] for c in repo['comments'].values()),
        'created_at': issue['created_at'], 'updated_at': issue['updated_at'], 'closed_at': issue['closed_at'],
        'closed_by': user(world, issue['closed_by']),
        'sub_issues_summary': {'total': len(children), 'completed': done,
                               'percent_completed': 100 * done // len(children) if children else 0},
        'issue_dependencies_summary': {
            'blocked_by': sum(b['state'] == 'open' for b in blockers), 'total_blocked_by': len(blockers),
            'blocking': sum(b['state'] == 'open' for b in blocking), 'total_blocking': len(blocking)},
    }
    for feature, key in (('sub_issues', 'sub_issues_summary'), ('dependencies', 'issue_dependencies_summary')):
        if not world.conf[feature]:
            del out[key]
    if not call.is_new():
        out['assignee'] = user(world, issue['assignees'][0]) if issue['assignees'] else None
    if issue['parent']:
        parent = world.by_id(issue['parent'])
        out['parent_issue_url'] = call.url('repos', parent['repo'], 'issues', parent['number'])
    if issue['pull']:
        pull = call.url('repos', repo['name'], 'pulls', issue['number'])
        out['pull_request'] = {'url': pull, 'html_url': pull, 'diff_url': pull + '.diff', 'patch_url': pull + '.patch',
                               'merged_at': issue['pull']['merged_at']}
    if with_repository:
        out['repository'] = repository(call, repo)
    return out


def find(call, repo=None, key='number'):
    repo = repo or call.repo()
    issue = repo['issues'].get(call.number(key))
    if not issue:
        raise Refused(404, NOT_FOUND)
    if issue['deleted']:
        raise Refused(410, GONE)
    if issue['moved_to']:
        other = call.world.by_id(issue['moved_to'])
        tail = call.request.path.split(f"/issues/{issue['number']}", 1)[-1]
        where = call.url('repos', other['repo'], 'issues', other['number']) + tail
        raise Refused(301, MOVED, headers={'Location': where})
    return issue


@route('GET', R + '/issues', query=['state', 'labels', 'since', 'assignee', 'sort', 'direction', 'creator'])
def list_issues(call):
    repo, q = call.repo(), call.query
    wanted, labels = q.get('state', 'open'), [x for x in q.get('labels', '').split(',') if x]
    found = []
    for issue in repo['issues'].values():
        has = {x.lower() for x in issue['labels']}
        if issue['deleted'] or issue['moved_to'] or wanted not in ('all', issue['state']):
            continue
        if all(x.lower() in has for x in labels) and issue['updated_at'] >= q.get('since', ''):
            found.append(issue)
    found.sort(key=lambda i: i['number'], reverse=q.get('direction', 'desc') == 'desc')
    return [issue_out(call, i) for i in found]


@route('POST', R + '/issues', {'title!': str, 'body': str, 'labels': list, 'assignees': list})
def create_issue(call):
    repo = call.repo()
    issue = call.world.add_issue(repo, call.body, call.login)
    call.wrote('issue', number=issue['number'], title=issue['title'])
    return Answer(201, issue_out(call, issue))


@route('GET', R + '/issues/{number}')
def get_issue(call):
    return Answer(200, issue_out(call, find(call)))


@route('PATCH', R + '/issues/{number}', {
    'title': str, 'body': str, 'state': str, 'state_reason': str, 'labels': list, 'assignees': list,
    'duplicate_issue_id': int})
def change_issue(call):
    repo, body = call.repo(), call.body
    issue = find(call, repo)
    if body.get('state') not in (None, 'open', 'closed'):
        raise invalid('Issue', 'state')
    if body.get('state_reason') not in (None, 'completed', 'not_planned', 'duplicate', 'reopened'):
        raise invalid('Issue', 'state_reason')
    for key in ('title', 'body', 'assignees'):
        if key in body:
            issue[key] = body[key]
    if 'labels' in body:
        issue['labels'] = [call.world.label(repo, label)['name'] for label in body['labels']]
    call.world.touch(issue)
    if body.get('state') == 'closed':
        call.wrote('close', number=issue['number'], again=issue['state'] == 'closed')
        call.world.close(issue, body.get('state_reason', 'completed'), call.login)
    elif body.get('state') == 'open':
        issue['state'], issue['state_reason'], issue['closed_at'] = 'open', 'reopened', None
        call.wrote('reopen', number=issue['number'])
    else:
        call.wrote('edit', number=issue['number'])
    return Answer(200, issue_out(call, issue))


# ---- Comments ----

def comment_out(call, repo, c):
    return {'id': c['id'], 'node_id': call.world.node('IC_', c['id']), 'body': c['body'],
            'user': user(call.world, c['user']), 'author_association': 'OWNER',
            'created_at': c['created_at'], 'updated_at': c['updated_at'],
            'url': call.url('repos', repo['name'], 'issues/comments', c['id']),
            'html_url': f"https://github.invalid/{repo['name']}/issues/{c['number']}#issuecomment-{c['id']}",
            'issue_url': call.url('repos', repo['name'], 'issues', c['number'])}


@route('GET', R + '/issues/comments/{id}')
def get_comment(call):
    repo = call.repo()
    comment = repo['comments'].get(call.number('id'))
    if not comment:
        raise Refused(404, NOT_FOUND)
    return Answer(200, comment_out(call, repo, comment))


@route('PATCH', R + '/issues/comments/{id}', {'body!': str})
def edit_comment(call):
    repo = call.repo()
    comment = repo['comments'].get(call.number('id'))
    if not comment:
        raise Refused(404, NOT_FOUND)
    comment['body'], comment['updated_at'] = call.body['body'], call.world.stamp()
    call.wrote('edit_comment', number=comment['number'], id=comment['id'])
    return Answer(200, comment_out(call, repo, comment))


@route('DELETE', R + '/issues/comments/{id}')
def delete_comment(call):
    if not call.repo()['comments'].pop(call.number('id'), None):
        raise Refused(404, NOT_FOUND)
    call.wrote('delete_comment')
    return Answer(204)


@route('GET', R + '/issues/{number}/comments', query=['since'])
def list_comments(call):
    repo = call.repo()
    issue = find(call, repo)
    return [comment_out(call, repo, c) for c in repo['comments'].values()
            if c['number'] == issue['number'] and c['updated_at'] >= call.query.get('since', '')]


@route('POST', R + '/issues/{number}/comments', {'body!': str})
def add_comment(call):
    repo = call.repo()
    issue = find(call, repo)
    if issue['locked'] and call.login != 'person':
        raise Refused(403, LOCKED)
    if len(call.body['body']) > 65536:
        raise Refused(422, FAILED, [{'resource': 'IssueComment', 'code': 'unprocessable', 'field': 'data',
                                     'message': 'Body is too long (maximum is 65536 characters)'}])
    comment = call.world.add_comment(repo, issue, call.body['body'], call.login)
    call.wrote('comment', number=issue['number'], id=comment['id'])
    return Answer(201, comment_out(call, repo, comment))


# ---- Labels ----

@route('GET', R + '/labels')
def list_labels(call):
    repo = call.repo()
    return [label_out(call, repo, x['name']) for x in repo['labels'].values()]


@route('GET', R + '/issues/{number}/labels')
def labels_of(call):
    repo = call.repo()
    return [label_out(call, repo, n) for n in find(call, repo)['labels']]


@route('POST', R + '/issues/{number}/labels', {'labels!': list})
def add_labels(call):
    repo = call.repo()
    issue = find(call, repo)
    for name in call.body['labels']:
        name = call.world.label(repo, name)['name']
        if name not in issue['labels']:
            issue['labels'].append(name)
    call.world.touch(issue)
    call.wrote('label', number=issue['number'], labels=call.body['labels'])
    return Answer(200, [label_out(call, repo, n) for n in issue['labels']])


@route('DELETE', R + '/issues/{number}/labels/{name}')
def remove_label(call):
    repo = call.repo()
    issue = find(call, repo)
    keep = [n for n in issue['labels'] if n.lower() != call.params['name'].lower()]
    if len(keep) == len(issue['labels']):
        raise Refused(404, LABEL_MISSING)
    issue['labels'] = keep
    call.world.touch(issue)
    call.wrote('unlabel', number=issue['number'], label=call.params['name'])
    return Answer(200, [label_out(call, repo, n) for n in keep])


# ---- Children and parents ----

def needs(call, feature):
    if not call.world.conf[feature]:
        raise Refused(404, NOT_FOUND)


def depth(world, issue):
    n = 0
    while issue['parent']:
        issue, n = world.by_id(issue['parent']), n + 1
    return n


@route('GET', R + '/issues/{number}/sub_issues')
def list_children(call):
    needs(call, 'sub_issues')
    return [issue_out(call, c, True) for c in map(call.world.by_id, find(call)['children']) if not c['deleted']]


@route('GET', R + '/issues/{number}/parent')
def get_parent(call):
    needs(call, 'sub_issues')
    issue = find(call)
    if not issue['parent']:
        raise Refused(404, NOT_FOUND)
    return Answer(200, issue_out(call, call.world.by_id(issue['parent'])))


@route('POST', R + '/issues/{number}/sub_issues', {'sub_issue_id!': int, 'replace_parent': bool})
def add_child(call):
    needs(call, 'sub_issues')
    world, parent = call.world, find(call)
    child = world.by_id(call.body['sub_issue_id'])
    if not child:
        raise Refused(404, NOT_FOUND)
    if child['parent'] and not call.body.get('replace_parent'):
        raise custom('SubIssue', 'Sub issue may only have one parent')
    if len(parent['children']) >= CHILDREN_MAX or depth(world, parent) + 1 >= DEPTH_MAX:
        raise custom('SubIssue', 'Parent cannot have more sub-issues')
    if child['parent']:
        world.by_id(child['parent'])['children'].remove(child['id'])
    world.link(call.repo(), parent, child)
    call.wrote('add_child', number=parent['number'], child=child['number'])
    return Answer(201, issue_out(call, parent))


@route('DELETE', R + '/issues/{number}/sub_issue', {'sub_issue_id!': int})
def remove_child(call):
    needs(call, 'sub_issues')
    parent = find(call)
    child = call.world.by_id(call.body['sub_issue_id'])
    if not child or child['id'] not in parent['children']:
        raise Refused(404, NOT_FOUND)
    parent['children'].remove(child['id'])
    child['parent'] = None
    call.wrote('remove_child', number=parent['number'], child=child['number'])
    return Answer(200, issue_out(call, parent))


# ---- Dependencies: closing a blocker keeps the edge ----

@route('GET', R + '/issues/{number}/dependencies/blocked_by')
def list_blockers(call):
    needs(call, 'dependencies')
    return [issue_out(call, b, True) for b in map(call.world.by_id, find(call)['blocked_by']) if b]


@route('GET', R + '/issues/{number}/dependencies/blocking')
def list_blocking(call):
    needs(call, 'dependencies')
    me = find(call)
    return [issue_out(call, i, True) for r in call.world.repos.values() for i in r['issues'].values()
            if me['id'] in i['blocked_by']]


@route('POST', R + '/issues/{number}/dependencies/blocked_by', {'issue_id!': int})
def add_blocker(call):
    needs(call, 'dependencies')
    issue, other = find(call), call.world.by_id(call.body['issue_id'])
    if not other:
        raise Refused(404, NOT_FOUND)
    if other['pull'] or other is issue or len(issue['blocked_by']) >= EDGES_MAX:
        raise custom('IssueDependency', 'This issue cannot be a blocker')
    if other['id'] in issue['blocked_by']:
        raise custom('IssueDependency', 'Target issue has already been taken')
    issue['blocked_by'].append(other['id'])
    call.wrote('add_blocker', number=issue['number'], blocker=other['number'])
    return Answer(201, issue_out(call, issue))


@route('DELETE', R + '/issues/{number}/dependencies/blocked_by/{id}')
def remove_blocker(call):
    needs(call, 'dependencies')
    issue = find(call)
    if call.number('id') not in issue['blocked_by']:
        raise Refused(404, NOT_FOUND)
    issue['blocked_by'].remove(call.number('id'))
    call.wrote('remove_blocker', number=issue['number'])
    return Answer(200, issue_out(call, issue))
