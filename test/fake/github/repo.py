"""One bare Git repository: the truth about every branch and commit of the fake."""

import os
import subprocess

ZERO = '0' * 40
WHO = {'GIT_AUTHOR_NAME': 'GitHub', 'GIT_AUTHOR_EMAIL': 'noreply@github.invalid',
       'GIT_COMMITTER_NAME': 'GitHub', 'GIT_COMMITTER_EMAIL': 'noreply@github.invalid',
       'GIT_CONFIG_NOSYSTEM': '1', 'GIT_CONFIG_GLOBAL': '/dev/null'}


class Moved(Exception):
    """A ref was not where it was expected."""


class Repo:
    def __init__(self, path):
        self.path = path
        self.env = {k: v for k, v in os.environ.items() if not k.startswith('GIT_')} | WHO

    def run(self, *args, stdin=None, env=None):
        return subprocess.run(['git', '-C', self.path, *args], input=stdin, capture_output=True,
                              text=True, env=self.env | (env or {}), check=False)

    def out(self, *args, **more):
        r = self.run(*args, **more)
        if r.returncode:
            raise RuntimeError(f'git {args[0]}: {r.stderr.strip()}')
        return r.stdout.strip()

    def refs(self):
        lines = self.out('for-each-ref', '--format=%(refname) %(objectname)').splitlines()
        return dict(line.split(' ') for line in lines)

    def tip(self, branch):
        return self.refs().get('refs/heads/' + branch)

    def has(self, sha):
        return self.run('cat-file', '-e', sha).returncode == 0

    def kind(self, sha):
        r = self.run('cat-file', '-t', sha)
        return r.stdout.strip() if r.returncode == 0 else None

    def contains(self, sha, tip):
        return self.run('merge-base', '--is-ancestor', sha, tip).returncode == 0

    def ahead(self, base, head):
        return int(self.out('rev-list', '--count', f'{base}..{head}'))

    def commit_facts(self, sha):
        r = self.run('show', '-s', '--format=%T%n%P%n%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%B', sha)
        if r.returncode:
            return None
        tree, parents, an, ae, at, cn, ce, ct, message = r.stdout.split('\n', 8)
        return {'sha': sha, 'tree': {'sha': tree}, 'parents': [{'sha': p} for p in parents.split()],
                'author': {'name': an, 'email': ae, 'date': at},
                'committer': {'name': cn, 'email': ce, 'date': ct}, 'message': message.rstrip('\n')}

    def commit(self, tree, parents, message):
        more = [word for p in parents for word in ('-p', p)]
        return self.out('commit-tree', tree, *more, stdin=message)

    def set(self, ref, new, old):
        """Compare and swap; old ZERO: it must not exist; new None: delete."""
        args = ['-d', ref, old] if new is None else [ref, new, old]
        if self.run('update-ref', *args).returncode:
            raise Moved(ref)

    def merge_tree(self, base, head):
        """The merged tree; None: it conflicts."""
        r = self.run('merge-tree', '--write-tree', base, head)
        return r.stdout.split('\n')[0] if r.returncode == 0 else None

    def add_file(self, branch, name, text, message='By a person'):
        """A person's commit on a branch; the branch is made from nothing where absent."""
        old = self.tip(branch)
        blob = self.out('hash-object', '-w', '--stdin', stdin=text)
        entries = {}
        for line in (self.out('ls-tree', old).splitlines() if old else []):
            entries[line.split('\t')[1]] = line
        entries[name] = f'100644 blob {blob}\t{name}'
        tree = self.out('mktree', stdin='\n'.join(entries.values()) + '\n')
        new = self.commit(tree, [old] if old else [], message)
        self.set('refs/heads/' + branch, new, old or ZERO)
        return new
