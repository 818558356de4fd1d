#!/usr/bin/env python3
"""Is the traffic of the stand-in for GitHub what GitHub's published description says?

    published.py [--answers] LOG...      logs of test/fake/github (--log); --answers: no requests

Prints what is not, a line each, and ends with 1. What people did, and what a fault answered in
place of the server, is not judged. Needs python3-jsonschema; without it: 77.
"""

import argparse
import json
import os
import sys
import urllib.parse

try:
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import best_match
except ImportError:
    Draft7Validator = None

HERE = os.path.dirname(os.path.abspath(__file__))
# Answers that any operation may have and few list: limits, logins, moved things, wrong requests.
GENERAL = ('301', '400', '401', '403', '404', '405', '409', '410', '422', '429')
# 'half' and 'slow' change how it goes out, not what; the others put their own answer in its place.
AS_IS = ('half', 'slow', 'human', 'kill', 'close', 'hang')
VERSION = '2022-11-28'


class Api:
    def __init__(self):
        with open(os.path.join(HERE, 'github.json'), encoding='utf-8') as f:
            self.cut = json.load(f)
        self.validators = {}

    def validator(self, key, schema):
        if key not in self.validators:
            whole = {'schemas': self.cut['schemas'], 'allOf': [schema]}
            self.validators[key] = Draft7Validator(whole)
        return self.validators[key]

    def all_wrong(self, entries):
        """As findings(), with requests; nothing where there is no validator."""
        return list(findings(self, entries, True)) if Draft7Validator else []

    def compile_all(self):
        """Every schema is one, has no word that the validator would not know, and finds what it refers to."""
        found = []
        for name, op in self.cut['operations'].items():
            for part in [op.get('request'), *op['answers'].values(), *op['query'].values()]:
                if part is not None:
                    Draft7Validator.check_schema(part)
        for name, schema in self.cut['schemas'].items():
            Draft7Validator.check_schema(schema)
        self.walk({'operations': self.cut['operations'], 'schemas': self.cut['schemas']}, found)
        return found

    def walk(self, node, found):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if key == '$ref' and value.removeprefix('#/schemas/') not in self.cut['schemas']:
                found.append(f'{value} is nowhere')
            if key == 'nullable':
                found.append("'nullable' is left")
            if isinstance(value, (dict, list)):
                self.walk(value, found)

    def wrong(self, key, schema, value):
        """What is wrong with a value, as one text; None: nothing."""
        e = best_match(self.validator(key, schema).iter_errors(value))
        if not e:
            return None
        return f"{'/'.join(map(str, e.absolute_path)) or '.'}: {e.message[:200]}"

    def request(self, op, name, entry):
        query = entry['path'].partition('?')[2]
        for key, text in urllib.parse.parse_qsl(query, keep_blank_values=True):
            if key not in op['query']:
                yield f"query '{key}' is not known"
                continue
            schema = op['query'][key]
            value = int(text) if schema.get('type') == 'integer' and text.isdigit() else text
            wrong = self.wrong((name, 'query', key), schema, value)
            if wrong:
                yield f"query '{key}' {wrong}"
        body = entry['request']
        if op.get('request') is None:
            if body:
                yield 'request: it takes none'
        elif body or op['required']:
            wrong = self.wrong((name, 'request'), op['request'], body or {})
            if wrong:
                yield f'request {wrong}'

    def answer(self, op, name, entry):
        status = str(entry['status'])
        if status in op['answers']:
            schema = op['answers'][status]
        elif status in GENERAL:
            schema = {'$ref': '#/schemas/basic-error'}
        elif status != '304':
            yield f'answer {status} is not published'
            return
        else:
            schema = None
        if schema is None and status[0] in '45':  # published without the words that it has
            schema = {'$ref': '#/schemas/basic-error'}
        if schema is None:
            if entry['answer'] is not None:
                yield f'answer {status}: it has no body'
            return
        wrong = self.wrong((name, status), schema, entry['answer'])
        if wrong:
            yield f'answer {status} {wrong}'


def findings(api, entries, with_requests):
    """What is wrong with each exchange; the same exchange is looked at once."""
    seen = set()
    for entry in entries:
        route = f"{entry['method']} {entry.get('route')}"
        if not entry.get('route') or route not in api.cut['operations']:
            continue
        key = hash((route, entry['path'].partition('?')[2], json.dumps([entry['request'], entry['answer']])))
        if key in seen or any(f not in AS_IS for f in entry['faults']):
            continue
        seen.add(key)
        op = api.cut['operations'][route]
        if with_requests and entry['by'] != 'person':
            for text in api.request(op, route, entry):
                yield f'{route}: {text}'
        # The newer version leaves some names out; it is not what is cut here.
        if entry['version'] == VERSION:
            for text in api.answer(op, route, entry):
                yield f'{route}: {text}'


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--answers', action='store_true')
    options.add_argument('logs', nargs='*')
    o = options.parse_args()
    if not Draft7Validator:
        sys.exit(77)
    api, bad = Api(), {}
    for text in api.compile_all():
        bad[text] = 1
    for name in o.logs:
        with open(name, encoding='utf-8') as log:
            for text in findings(api, map(json.loads, log), not o.answers):
                bad[text] = bad.get(text, 0) + 1
    for text, n in bad.items():
        print(text if n == 1 else f'{text} ({n} times)')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
