"""What people do meanwhile: pushes, labels, closing, renaming. Each is a word with its arguments."""

import os

import pulls
from world import PERSON


def push(world, repo, a):
    """A commit on a branch: 'branch', 'file', 'text'."""
    world.git(repo).add_file(a['branch'], a.get('file', 'by-a-person'), a.get('text', 'person\n'))


def pull_of(world, repo, a):
    """The pull request meant: 'number', or the newest open one."""
    if 'number' in a:
        return repo['issues'][a['number']]
    return [i for i in world.pulls(repo) if i['state'] == 'open'][-1]


def push_head(world, repo, a):
    """The head of a pull request moves."""
    push(world, repo, a | {'branch': pull_of(world, repo, a)['pull']['head']})


def push_base(world, repo, a):
    """Its base moves."""
    push(world, repo, a | {'branch': pull_of(world, repo, a)['pull']['base']})


def close(world, repo, a):
    world.close(repo['issues'][a['number']], a.get('reason', 'not_planned'), PERSON)


def reopen(world, repo, a):
    issue = repo['issues'][a['number']]
    issue['state'], issue['state_reason'], issue['closed_at'] = 'open', 'reopened', None
    world.touch(issue)


def delete_issue(world, repo, a):
    repo['issues'][a['number']]['deleted'] = True


def transfer(world, repo, a):
    """To another repository ('to') of this server."""
    old, other = repo['issues'][a['number']], world.repos[a['to']]
    new = world.add_issue(other, {'title': old['title'], 'body': old['body'], 'labels': old['labels']})
    old['moved_to'] = new['id']


def label(world, repo, a):
    issue = repo['issues'][a['number']]
    issue['labels'].append(world.label(repo, a['label'])['name'])
    world.touch(issue)


def unlabel(world, repo, a):
    issue = repo['issues'][a['number']]
    issue['labels'] = [x for x in issue['labels'] if x != a['label']]
    world.touch(issue)


def edit(world, repo, a):
    issue = repo['issues'][a['number']]
    issue.update({k: a[k] for k in ('title', 'body') if k in a})
    world.touch(issue)


def delete_branch(world, repo, a):
    git = world.git(repo)
    git.set('refs/heads/' + a['branch'], None, git.tip(a['branch']))


def create_branch(world, repo, a):
    git = world.git(repo)
    git.set('refs/heads/' + a['branch'], git.tip(a.get('from', repo['default'])), '0' * 40)


def create_ref(world, repo, a):
    """Somebody else claims: 'ref', at the default branch."""
    git = world.git(repo)
    git.set(a['ref'], git.tip(repo['default']), '0' * 40)


def close_pull(world, repo, a):
    world.close(pull_of(world, repo, a), None, PERSON)


def reopen_pull(world, repo, a):
    """The newest that was closed without being merged."""
    issue = [i for i in world.pulls(repo) if i['state'] == 'closed' and not i['pull']['merged_at']][-1]
    issue['state'] = 'open'


def draft(world, repo, a):
    pull_of(world, repo, a)['pull']['draft'] = True


def check(world, repo, a):
    """CI answers for the head of a pull request: 'name', 'conclusion' (none: it runs), 'app'."""
    sha = pull_of(world, repo, a)['pull']['head_sha']
    done = a.get('conclusion')
    repo['checks'].setdefault(sha, []).append({
        'id': world.new_id(), 'name': a['name'], 'head_sha': sha, 'status': 'completed' if done else 'in_progress',
        'conclusion': done, 'app': a.get('app', 15368), 'started_at': world.stamp(),
        'completed_at': world.stamp() if done else None})


def everywhere(world, repo, a):
    """The deed 'each' for every open pull request."""
    for issue in world.pulls(repo):
        if issue['state'] == 'open':
            DEEDS[a['each']](world, repo, a | {'number': issue['number']})


def review(world, repo, a):
    issue = pull_of(world, repo, a)
    pull = issue['pull']
    world.touch(issue)
    pull['reviews'].append({'id': world.new_id(), 'user': a.get('user', PERSON), 'state': a.get('state', 'APPROVED'),
                            'commit_id': pull['head_sha'], 'submitted_at': world.stamp(), 'body': ''})


def run_queue(world, repo, a):
    """The merge queue of the base comes to its entries."""
    pulls.run_queue(world, repo)


def empty_queue(world, repo, a):
    """It takes out all that it holds, unmerged."""
    repo['queue'].clear()


def rename(world, repo, a):
    """The repository gets the name 'to'; the old one answers 301."""
    world.renamed[repo['name']] = a['to']
    world.gits[a['to']] = world.gits.pop(repo['name'])
    world.repos[a['to']] = world.repos.pop(repo['name'])
    for issue in repo['issues'].values():
        issue['repo'] = a['to']
        world.objects[issue['id']] = (a['to'], issue['number'])
    repo['name'] = a['to']


def lose(world, repo, a):
    """We may no longer see it."""
    world.lost.add(repo['name'])


def rules(world, repo, a):
    repo['rules'] = [{'parameters': {}, **rule} for rule in a['rules']]


def protect(world, repo, a):
    repo['protection'] = a['protection']


def methods(world, repo, a):
    """By which the repository merges: 'methods'."""
    repo['methods'] = a['methods']


def guard(world, repo, a):
    """From now on pushes to 'branch' are refused, in GitHub's words."""
    hook = os.path.join(world.git(repo).path, 'hooks', 'update')
    with open(hook, 'w', encoding='utf-8') as f:
        f.write(f"""#!/bin/sh
[ "$1" = 'refs/heads/{a['branch']}' ] || exit 0
[ "$2" = {'0' * 40} ] && exit 0
echo 'error: GH006: Protected branch update failed for $1.'
echo '- Changes must be made through a pull request.'
exit 1
""")
    os.chmod(hook, 0o755)


DEEDS = {f.__name__: f for f in (
    push, push_head, push_base, close, reopen, delete_issue, transfer, label, unlabel, edit, delete_branch,
    create_branch, create_ref, close_pull, reopen_pull, draft, check, review, everywhere, run_queue, empty_queue, rename, lose,
    rules, protect, methods, guard)}


def act(world, spec):
    """The name of the repository afterwards."""
    repo = world.repos[spec.get('repo') or next(iter(world.repos))]
    DEEDS[spec['do']](world, repo, spec)
    return repo['name']
