"""What GitHub's answers hold besides what is of interest here: addresses, counts, empty texts.

Whoever reads an answer strictly (hub, gh, Octokit, the published description) expects them.
"""

import json
import os

SITE = 'https://github.invalid/'


def published():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, '../openapi/github.json'), encoding='utf-8') as f:
        return json.load(f)['schemas']


URLS = {kind: [n for n in schema.get('required', []) if n.endswith('url')] for kind, schema in published().items()}


def urls(kind, base):
    """The addresses that an object of this kind must have, below its own."""
    return {n: base + ('/' + n.removesuffix('_url') if n != 'url' else '') for n in URLS[kind]}


def user(world, login):
    return login and {
        **urls('simple-user', SITE + login), 'login': login, 'id': 1 + sum(login.encode()), 'gravatar_id': '',
        'node_id': world.node('U_', login), 'site_admin': False,
        'type': 'Bot' if login.endswith('[bot]') else 'User'}


def whole_user(world, login):
    """As the login itself is shown to itself."""
    counts = ('followers', 'following', 'public_gists', 'public_repos')
    texts = ('bio', 'blog', 'company', 'email', 'hireable', 'location', 'name')
    born = {n: '2020-01-01T00:00:00Z' for n in ('created_at', 'updated_at')}
    return {**user(world, login), **dict.fromkeys(counts, 0), **dict.fromkeys(texts), 'blog': '', **born}


def repository(call, repo):
    """As it is in other objects, and by itself."""
    owner, name = repo['name'].split('/')
    counts = ('forks', 'open_issues', 'watchers', 'forks_count', 'open_issues_count', 'watchers_count',
              'stargazers_count', 'network_count', 'subscribers_count', 'size')
    off = ('fork', 'private', 'archived', 'disabled', 'has_projects', 'has_wiki', 'has_pages', 'has_downloads',
           'has_discussions')
    born = {n: '2020-01-01T00:00:00Z' for n in ('created_at', 'updated_at', 'pushed_at')}
    url = call.url('repos', repo['name'])
    # Who may not push is not told how one merges.
    methods = {f'allow_{name}': name.split('_')[0] in repo['methods']
               for name in ('merge_commit', 'squash_merge', 'rebase_merge')} if call.world.conf['tells_methods'] else {}
    return {
        **urls('full-repository', url), **dict.fromkeys(counts, 0), **dict.fromkeys(off, False), **born,
        **dict.fromkeys(('description', 'homepage', 'language', 'license', 'mirror_url')),
        'id': repo['id'], 'node_id': call.world.node('R_', repo['id']), 'name': name, 'full_name': repo['name'],
        'owner': user(call.world, owner), 'default_branch': repo['default'], 'has_issues': True, 'url': url,
        'html_url': SITE + repo['name'], 'clone_url': SITE + repo['name'] + '.git',
        'permissions': {'admin': call.world.conf['admin'], 'push': True, 'pull': True}, **methods}


def link(url):
    return {'href': url}
