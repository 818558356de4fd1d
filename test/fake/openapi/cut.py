#!/usr/bin/env python3
"""Cut GitHub's published description of its REST API to what the stand-in answers, as JSON Schema.

    cut.py …/@octokit/openapi/generated/api.github.com.json >github.json

Of each operation that test/fake/github has a route for: the names and schemas of its query, the
schema of its request and of each answer. On the way, because validators would pass over them:

* 'nullable' becomes a type "null" (also in the places that give no type beside it, where a strict
  validator refuses the schema and a lenient one does not see null at all);
* names that a request's schema does not list are forbidden;
* what only people read (descriptions, examples) is left out.
"""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../github'))

PACKAGE = '@octokit/openapi 23.0.2, generated/api.github.com.json'
TEXTS = ('description', 'title', 'example', 'examples', 'externalDocs', 'default', 'deprecated', 'readOnly',
         'writeOnly', 'xml', 'discriminator')
NAMES = ('properties', 'patternProperties')  # below these a key is a name, not a word of the schema
SCHEMAS = '#/components/schemas/'


class Cut:
    def __init__(self, whole):
        self.whole, self.schemas, self.repaired = whole, {}, 0

    def at(self, ref):
        place = self.whole
        for word in ref.removeprefix('#/').split('/'):
            place = place[word.replace('~1', '/').replace('~0', '~')]
        return place

    def real(self, thing):
        return self.at(thing['$ref']) if '$ref' in thing else thing

    def schema(self, given):
        """As JSON Schema, draft 7; what it refers to comes along."""
        if isinstance(given, list):
            return [self.schema(x) for x in given]
        if not isinstance(given, dict):
            return given
        if '$ref' in given:
            name = given['$ref'].removeprefix(SCHEMAS)
            if name not in self.schemas:
                self.schemas[name] = None  # it may refer to itself
                self.schemas[name] = self.schema(self.at(given['$ref']))
            return {'$ref': '#/schemas/' + name}
        out = {}
        for key, value in given.items():
            if key in NAMES:
                out[key] = {name: self.schema(x) for name, x in value.items()}
            elif key not in TEXTS and key != 'nullable' and not key.startswith('x-'):
                out[key] = value if key in ('enum', 'required') else self.schema(value)
        if isinstance(out.get('enum'), list):
            out['enum'] = list(dict.fromkeys(out['enum']))
        return self.with_null(out) if given.get('nullable') else out

    def with_null(self, out):
        if isinstance(out.get('type'), str):
            out['type'] = [out['type'], 'null']
            if 'enum' in out and None not in out['enum']:
                out['enum'].append(None)
            return out
        self.repaired += 1
        return {'anyOf': [out, {'type': 'null'}]}

    def strict(self, schema):
        """A request's schema: of objects whose names are listed no others are allowed."""
        if isinstance(schema, list):
            return [self.strict(x) for x in schema]
        if not isinstance(schema, dict):
            return schema
        if '$ref' in schema:
            return self.strict(self.schemas[schema['$ref'].removeprefix('#/schemas/')])
        out = {}
        for key, value in schema.items():
            out[key] = {n: self.strict(x) for n, x in value.items()} if key in NAMES else \
                value if key in ('enum', 'required') else self.strict(value)
        if 'properties' in out:
            out.setdefault('additionalProperties', False)
        return out

    def body(self, holder, strict=False):
        """Of a request or an answer: its JSON schema; None: it has none."""
        kinds = holder.get('content', {})
        kind = next((k for k in kinds if k.endswith('json')), None)
        if not kind:
            return None
        schema = self.schema(kinds[kind].get('schema', {}))
        return self.strict(schema) if strict else schema

    def operation(self, path, method):
        item = self.whole['paths'][path]
        op = item[method.lower()]
        given = [self.real(p) for p in item.get('parameters', []) + op.get('parameters', [])]
        out = {'path': path, 'query': {p['name']: self.schema(p['schema']) for p in given if p['in'] == 'query'},
               'answers': {status: self.body(self.real(a)) for status, a in op['responses'].items()}}
        if 'requestBody' in op:
            asked = self.real(op['requestBody'])
            out['request'] = self.body(asked, strict=True)
            out['required'] = asked.get('required', False)
        return out


def plain(path):
    """A path without the names of its parameters; the rest of a ref counts as one word."""
    return '/'.join('{}' if w.startswith('{') else w for w in path.split('/'))


def routes():
    import checks  # noqa: F401  the routes register themselves
    import pulls  # noqa: F401
    import refs  # noqa: F401
    import account  # noqa: F401
    from routes import TABLE
    return TABLE


def write(cut):
    """An operation or a schema a line, so that a newer one can be compared."""
    def line(name, value):
        return f'{json.dumps(name)}: {json.dumps(value, sort_keys=True, separators=(",", ":"))}'

    def lines(name):
        return f'{json.dumps(name)}: {{\n' + ',\n'.join(line(*x) for x in sorted(cut[name].items())) + '\n}'
    print('{' + ',\n'.join([line('from', cut['from']), line('license', cut['license']), lines('operations'),
                            lines('schemas')]) + '}')


def main():
    with open(sys.argv[1], encoding='utf-8') as f:
        cut = Cut(json.load(f))
    paths = {plain(p): p for p in cut.whole['paths']}
    operations, unknown = {}, []
    for r in routes():
        path = paths.get(plain(r.path))
        if path and r.method.lower() in cut.whole['paths'][path]:
            operations[f'{r.method} {r.path}'] = cut.operation(path, r.method)
        else:
            unknown.append(f'{r.method} {r.path}')
    if unknown != ['POST /graphql']:  # which is described elsewhere
        sys.exit(f'error: not published, yet answered: {unknown}')
    write({'from': PACKAGE, 'license': 'MIT, see LICENSE', 'operations': operations, 'schemas': cut.schemas})
    print(f'{len(operations)} operations, {len(cut.schemas)} schemas, {cut.repaired} places without a type repaired',
          file=sys.stderr)


main()
