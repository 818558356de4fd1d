"""Who asks: tokens, the app's own signature, its installation tokens; the limits' own page."""

import base64
import hashlib
import json

from answers import BAD_CREDENTIALS, NOT_FOUND, Answer, Refused
from routes import route
from shapes import SITE, urls, user, whole_user


BORN = '2020-01-01T00:00:00Z'


@route('GET', '/user')
def get_user(call):
    return Answer(200, whole_user(call.world, call.login))


@route('GET', '/rate_limit')
def rate_limit(call):
    core = call.request.limits()
    body = {'resources': {'core': core, 'search': core | {'resource': 'search'}}}
    if not call.is_new():
        body['rate'] = core
    return Answer(200, body)


def app_of(call):
    if call.login != 'app':
        raise Refused(401, 'A JSON web token could not be decoded')
    return call.world.app


def installation(call):
    app = app_of(call)
    return Answer(200, {
        **urls('installation', SITE + 'installation'), **dict.fromkeys(('single_file_name', 'suspended_by', 'suspended_at')),
        'id': app['installation'], 'app_id': app['id'], 'app_slug': 'ganger', 'target_type': 'User', 'target_id': 1,
        'account': user(call.world, call.params.get('owner', 'o')), 'repository_selection': 'selected', 'events': [],
        'created_at': BORN, 'updated_at': BORN,
        'permissions': {'issues': 'write', 'pull_requests': 'write', 'contents': 'write'}})


@route('GET', '/app')
def get_app(call):
    app = app_of(call)
    return Answer(200, {
        **urls('integration', SITE + 'apps/ganger'), 'id': app['id'], 'slug': 'ganger', 'name': 'ganger',
        'node_id': call.world.node('A_', app['id']), 'description': None, 'owner': user(call.world, 'person'),
        'created_at': BORN, 'updated_at': BORN, 'permissions': {}, 'events': []})


@route('GET', '/repos/{owner}/{repo}/installation')
def repo_installation(call):
    call.repo()
    return installation(call)


@route('POST', '/app/installations/{id}/access_tokens', {'repositories': list, 'repository_ids': list,
                                                        'permissions': dict})
def access_token(call):
    world, app = call.world, app_of(call)
    if call.number('id') != app['installation']:
        raise Refused(404, NOT_FOUND)
    n = world.new_id()
    # Both forms that are given out today.
    token = f'ghs_{n:036d}' if not app.get('long') else f"ghs_{app['id']}_" + 'A' * 400 + str(n)
    world.tokens[token] = 'ganger-bot'
    world.expires[token] = world.now() + app.get('lifetime', 3600)
    call.wrote('access_token')
    stamp = world.stamp(world.expires[token])
    return Answer(201, {'token': token, 'expires_at': stamp, 'permissions': call.body.get('permissions') or {},
                        'repository_selection': 'selected'})


def login_of(world, header):
    """Of an Authorization header; refused where it is none of ours. App: 'app'."""
    if not header:
        return None
    scheme, _, token = header.partition(' ')
    if scheme.lower() not in ('bearer', 'token'):
        raise Refused(401, BAD_CREDENTIALS)
    if token.count('.') == 2 and world.app:
        check_jwt(world, token)
        return 'app'
    if token not in world.tokens or world.expires.get(token, world.now() + 1) <= world.now():
        raise Refused(401, BAD_CREDENTIALS)
    return world.tokens[token]


# ---- RS256 by hand: the standard library has no RSA ----

SHA256_INFO = bytes.fromhex('3031300d060960864801650304020105000420')


def unbase64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def der(data, at=0):
    """(tag, content, end) of the element at 'at'."""
    n, head = data[at + 1], 2
    if n & 0x80:
        head, n = 2 + (n & 0x7f), int.from_bytes(data[at + 2:at + 2 + (n & 0x7f)], 'big')
    return data[at], data[at + head:at + head + n], at + head + n


def public_key(pem):
    """(n, e) of 'BEGIN PUBLIC KEY'."""
    data = base64.b64decode(''.join(line for line in pem.splitlines() if '-' not in line))
    _, whole, _ = der(data)
    _, _, end = der(whole)
    _, bits, _ = der(whole, end)
    _, pair, _ = der(bits[1:])
    _, n, end = der(pair)
    _, e, _ = der(pair, end)
    return int.from_bytes(n, 'big'), int.from_bytes(e, 'big')


def check_jwt(world, token):
    head, body, signature = token.split('.')
    facts = json.loads(unbase64(body))
    n, e = public_key(world.app['key'])
    size = (n.bit_length() + 7) // 8
    digest = SHA256_INFO + hashlib.sha256(f'{head}.{body}'.encode()).digest()
    want = b'\0\1' + b'\xff' * (size - 3 - len(digest)) + b'\0' + digest
    found = pow(int.from_bytes(unbase64(signature), 'big'), e, n).to_bytes(size, 'big')
    if json.loads(unbase64(head)).get('alg') != 'RS256' or found != want:
        raise Refused(401, 'A JSON web token could not be decoded')
    now = world.now()
    if not facts['iat'] <= now < facts['exp'] or facts['exp'] - facts['iat'] > 660:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    if str(facts.get('iss')) != str(world.app['id']):
        raise Refused(404, 'Integration not found')
