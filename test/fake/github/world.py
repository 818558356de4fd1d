"""All state: users, repositories, issues, pull requests. Plain dicts, so that a snapshot is one JSON text."""

import hashlib
import json
import time
from fnmatch import fnmatchcase

from repo import Repo

CHILDREN_MAX, DEPTH_MAX, EDGES_MAX = 100, 8, 50
BOT, PERSON = 'ganger-bot', 'person'


class World:
    def __init__(self):
        self.skew = 0.0
        self.next_id = 1000
        self.repos = {}      # 'owner/name' -> see add_repo
        self.renamed = {}    # old full name -> new one
        self.objects = {}    # database id -> (full name, number)
        self.tokens = {'test-token': BOT, 'human-token': PERSON}
        self.expires = {}    # token -> time
        self.gits = {}
        self.app = None      # {id, slug, key: PEM, installation}
        self.lost = set()    # full names that the bot may no longer see
        self.conf = {'mergeable_reads': 1, 'async': False, 'async_reads': 1, 'dependencies': True,
                     'sub_issues': True, 'limit': 5000, 'admin': False, 'tells_methods': True, 'new_shape': False}

    def now(self):
        return time.time() + self.skew

    def stamp(self, at=None):
        return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(self.now() if at is None else at))

    def new_id(self):
        self.next_id += 1
        return self.next_id

    def add_repo(self, name, spec):
        repo = {'id': self.new_id(), 'name': name, 'next': 1, 'default': spec.get('default_branch', 'main'),
                'issues': {}, 'labels': {}, 'comments': {}, 'checks': {}, 'statuses': {},
                'rules': spec.get('rules', []), 'protection': spec.get('protection', {}),
                'methods': spec.get('methods', ['merge', 'squash', 'rebase']), 'asyncs': {}, 'queue': []}
        self.repos[name] = repo
        self.gits[name] = Repo(spec['git'])
        made = {}
        for issue in spec.get('issues', []):
            made[issue.get('number')] = self.add_issue(repo, issue)
        for issue in spec.get('issues', []):
            for child in issue.get('children', []):
                self.link(repo, self.find(name, issue['number']), self.find(name, child))
            me = self.find(name, issue['number'])
            me['blocked_by'] += [self.find(name, n)['id'] for n in issue.get('blocked_by', [])]
        return repo

    def add_issue(self, repo, spec, login=PERSON, pull=None):
        number = spec.get('number') or repo['next']
        repo['next'] = max(repo['next'], number + 1)
        now = self.stamp()
        issue = {'id': self.new_id(), 'number': number, 'repo': repo['name'], 'title': spec['title'],
                 'body': spec.get('body'), 'state': spec.get('state', 'open'), 'state_reason': None,
                 'labels': [], 'user': login, 'assignees': list(spec.get('assignees', [])),
                 'created_at': now, 'updated_at': now, 'closed_at': None, 'closed_by': None, 'locked': False,
                 'parent': None, 'children': [], 'blocked_by': [], 'pull': pull, 'moved_to': None,
                 'deleted': False}
        repo['issues'][number] = issue
        self.objects[issue['id']] = (repo['name'], number)
        for label in spec.get('labels', []):
            self.label(repo, label)
            issue['labels'].append(label)
        for text in spec.get('comments', []):
            self.add_comment(repo, issue, text, login)
        return issue

    def link(self, repo, parent, child):
        parent['children'].append(child['id'])
        child['parent'] = parent['id']

    def label(self, repo, name):
        return repo['labels'].setdefault(name.lower(), {'id': self.new_id(), 'name': name, 'color': 'ededed'})

    def add_comment(self, repo, issue, body, login):
        now = self.stamp()
        comment = {'id': self.new_id(), 'number': issue['number'], 'body': body, 'user': login,
                   'created_at': now, 'updated_at': now}
        repo['comments'][comment['id']] = comment
        self.touch(issue)
        return comment

    def touch(self, issue):
        issue['updated_at'] = self.stamp()

    def git(self, repo):
        return self.gits[repo['name']]

    def find(self, name, number):
        return self.repos[name]['issues'].get(number)

    def by_id(self, id_):
        at = self.objects.get(id_)
        return self.find(*at) if at else None

    def close(self, issue, reason, login):
        if issue['state'] != 'closed':
            issue['closed_at'], issue['closed_by'] = self.stamp(), login
        issue['state'], issue['state_reason'] = 'closed', reason
        self.touch(issue)

    def node(self, kind, id_):
        return kind + hashlib.sha256(str(id_).encode()).hexdigest()[:12]

    def pulls(self, repo):
        return [i for i in repo['issues'].values() if i['pull']]

    def sync(self, repo):
        """What pushes have changed: heads of open pull requests, and those that were merged by one."""
        refs = self.git(repo).refs()
        for issue in self.pulls(repo):
            pull = issue['pull']
            if issue['state'] != 'open':
                continue
            base, head = (refs.get('refs/heads/' + pull[k]) for k in ('base', 'head'))
            if head and head != pull['head_sha']:
                pull['head_sha'] = head
                self.dismiss(repo, pull)
                self.touch(issue)
            if base != pull['base_sha']:
                pull['base_sha'], pull['reads'] = base, 0
                if base and self.git(repo).contains(pull['head_sha'], base):
                    self.merged(repo, issue, base, 'push')
            if not head and issue['state'] == 'open':
                self.close(issue, None, None)  # as GitHub does when the branch is deleted

    def dismiss(self, repo, pull):
        """A push makes approvals stale where the rules say so."""
        pull['reads'] = 0
        stale = repo['protection'].get(pull['base'], {}).get('dismiss') or any(
            r['type'] == 'pull_request' and r['parameters'].get('dismiss_stale_reviews_on_push')
            for r in self.rules_of(repo, pull['base']))
        for review in pull['reviews'] if stale else []:
            if review['state'] == 'APPROVED':
                review['state'] = 'DISMISSED'

    def merged(self, repo, issue, sha, how):
        pull = issue['pull']
        pull['merged_at'], pull['merge_sha'], pull['how'] = self.stamp(), sha, how
        self.close(issue, None, BOT)
        if pull['base'] == repo['default']:
            self.close_named(repo, issue)

    def close_named(self, repo, issue):
        """'Closes #n' works on the default branch alone."""
        words = (issue['body'] or '').replace(',', ' ').split()
        for verb, name in zip(words, words[1:]):
            if verb.lower() in ('closes', 'fixes', 'resolves') and name[:1] == '#' and name[1:].isdigit():
                other = repo['issues'].get(int(name[1:]))
                if other and not other['pull']:
                    self.close(other, 'completed', BOT)

    def rules_of(self, repo, branch):
        """Rules of rulesets: each has 'branches', patterns of whole names ('*' matches all)."""
        return [r for r in repo['rules'] if any(fnmatchcase(branch, p) for p in r.get('branches', ['*']))]

    def snapshot(self):
        return json.dumps({'repos': self.repos, 'tokens': list(self.tokens.values())}, indent=1)
