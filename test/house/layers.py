#!/usr/bin/env python3
"""Do the folders under src use only what docs/ARCHITECTURE.md lets them use?

    layers.py SOURCE BUILD      check the #includes under SOURCE/src and the symbols of BUILD's libraries
    layers.py --self-test       plant violations, one of each kind, and see that each is found
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

# What the sources of a folder may include, besides their own folder. A name with a slash is one header.
USES = {
    'base': [],
    'core': ['base'],
    'port': ['base'],
    'wire': ['base'],
    'store': ['base', 'port'],
    'git': ['base', 'port'],
    'exec': ['base', 'port', 'shim/input.h', 'shim/status.h', 'shim/proc.h'],
    'tracker': ['base', 'port', 'wire'],
    'forge': ['base', 'port', 'wire'],
    'agent': ['base', 'port', 'wire', 'shim/connect.h'],
    'config': ['base'],
    'run': ['base', 'core', 'port', 'config', 'shim/connect.h'],
    'ui': ['base', 'config', 'port', 'run', 'core/core.h'],
    'lib': ['base', 'config', 'port', 'run', 'core/core.h'],
    'shim': [],
}

# Headers of the system that the pure machine may see: no I/O, no clock, no allocation.
CORE_SYSTEM = {
    'errno.h', 'inttypes.h', 'limits.h', 'stdalign.h', 'stdarg.h', 'stdbool.h', 'stddef.h', 'stdint.h',
    'stdio.h', 'stdlib.h', 'string.h',
}

# What the pure machine may call: functions of libc without effects, and of base those that neither
# touch the world nor give out memory at large: the arena, and the containers of the machine's own
# tables (a map, a VEC with the free() of its VEC_DONE). malloc and mem_* stay out.
CORE_SYMBOLS = re.compile(
    r'(mem(cpy|move|set|cmp|chr)|str(n?cmp|n?len|r?chr|str|spn|cspn|n?casecmp)|bsearch|qsort|v?snprintf'
    r'|__(mem(cpy|move|set)|v?snprintf)_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'
    r'|__(asan|ubsan|sanitizer|tsan|gcov|llvm)_\w+'
    r'|check_broken|streq|(arena|map|str|utf8|err|oid)_\w+|vec_(add|room)|free'
    r'|buf_(?!time)\w+)$')

# What nothing under src may call, the shim excepted where it is said so.
NEVER = {'system', 'popen', 'fork', 'vfork', 'sleep', 'usleep'}
SHIM_MAY = {'fork', 'vfork'}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def include_faults(source, path):
    """What is wrong with the #includes of one file, as texts."""
    folder = path.relative_to(source).parts[0]
    if folder in ('main.c', 'parts.c'):
        return
    if folder not in USES:
        yield f"folder '{folder}' has no row in test/house/layers.py"
        return
    for kind, name in INCLUDE.findall(path.read_text(errors='replace')):
        if kind == '<':
            if folder == 'core' and name not in CORE_SYSTEM:
                yield f"core may not include <{name}>"
        elif '/' not in name or name.startswith('.'):
            yield f"'{name}' is not named from src, as \"folder/file.h\""
        elif name.split('/')[0] != folder and not {name, name.split('/')[0]} & set(USES[folder]):
            yield f"{folder} may not include '{name}'"


def symbols(objects):
    """(undefined, defined) names in object files or archives."""
    text = subprocess.run(['nm', '-P', *objects], check=True, capture_output=True, text=True).stdout
    undefined, defined = set(), set()
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and len(words[1]) == 1:
            (undefined if words[1] in 'Uvw' else defined).add(words[0].split('@')[0])
    return undefined, defined


def symbol_faults(folder, objects):
    undefined, defined = symbols(objects)
    for name in sorted(undefined - defined):
        if name in NEVER and not (folder == 'shim' and name in SHIM_MAY):
            yield f"{folder} may not call {name}()"
        elif folder == 'core' and not CORE_SYMBOLS.match(name):
            yield f"core may not call {name}()"


def objects_of(build, folder):
    for archive in [build / f'lib{folder}.a', build / 'src' / folder / f'lib{folder}.a']:
        if archive.exists():
            return [archive]
    return list(build.glob(f'ganger-{folder}.p/*.o'))


def check(source, build):
    faults, files = [], 0
    for path in sorted([*source.rglob('*.[ch]'), *source.rglob('*.def')]):
        files += 1
        faults += [f'{path.relative_to(source.parent)}: {text}' for text in include_faults(source, path)]
    for folder in USES:
        objects = objects_of(build, folder)
        if objects:
            faults += [f'src/{folder}: {text}' for text in symbol_faults(folder, objects)]
        elif any((source / folder).glob('*.c')):
            faults.append(f"src/{folder}: has sources, but nothing of it was built")
    if not files:
        faults.append(f"no sources below '{source}'")
    return faults


# Planted: file, its text, and what must be said of it (None: nothing).
PLANTED = [
    ('git/a.c', '#include "store/journal.h"\n', "git may not include 'store/journal.h'"),
    ('core/b.c', '  #  include "port/git.h"\n', "core may not include 'port/git.h'"),
    ('port/c.h', '#include "core/core.h"\n', "port may not include 'core/core.h'"),
    ('core/d.h', '#include <time.h>\n', 'core may not include <time.h>'),
    ('base/e.h', '#include "run/loop.h"\n', "base may not include 'run/loop.h'"),
    ('exec/f.c', '#include "shim/job.h"\n', "exec may not include 'shim/job.h'"),
    ('exec/g.c', '#include "shim/status.h"\n#include <spawn.h>\n', None),
    ('ui/cli/h.c', '#include "git/git.h"\n', "ui may not include 'git/git.h'"),
    ('store/i.c', '#include "../git/git.h"\n', 'is not named from src'),
    ('extra/j.c', '', "folder 'extra' has no row"),
    ('main.c', '#include "git/git.h"\n', None),
    ('run/k.c', '#include "core/core.h"\n#include "port/git.h"\n#include "run/l.h"\n', None),
]
PLANTED_CALLS = [
    ('core', 'int puts(const char *); void f(void) { puts("x"); }', 'core may not call puts()'),
    ('core', 'void *malloc(unsigned long); void *f(void) { return malloc(1); }', 'core may not call malloc()'),
    ('core', 'void *mem_alloc(unsigned long); void *f(void) { return mem_alloc(1); }',
     'core may not call mem_alloc()'),
    ('core', 'void free(void *); void vec_add(void); void f(void *p) { vec_add(); free(p); }', None),
    ('core', 'long clock_now(void); long f(void) { return clock_now(); }', 'core may not call clock_now()'),
    ('core', 'void g(void); void f(void) { g(); } void g(void) {}', None),
    ('git', 'int system(const char *); int f(void) { return system("x"); }', 'git may not call system()'),
    ('shim', 'int fork(void); int f(void) { return fork(); }', None),
]


def self_test():
    missed = []
    with tempfile.TemporaryDirectory() as top:
        source, build = Path(top) / 'src', Path(top) / 'build'
        build.mkdir()
        for name, text, _ in PLANTED:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text)
        for name, _, want in PLANTED:
            said = list(include_faults(source, source / name))
            if (want is None) != (not said) or (want and want not in said[0]):
                missed.append(f'{name}: said {said}, not {want!r}')
        if len(check(source, build)) < sum(want is not None for _, _, want in PLANTED):
            missed.append('the whole tree: fewer faults than planted')
        for folder, code, want in PLANTED_CALLS:
            unit = Path(top) / 'call.c'
            unit.write_text(code + '\n')
            subprocess.run(['cc', '-O0', '-w', '-c', unit, '-o', build / 'call.o'], check=True)
            said = list(symbol_faults(folder, [build / 'call.o']))
            if said != ([want] if want else []):
                missed.append(f'{folder}, {code}: said {said}')
    return missed


def main():
    if sys.argv[1:] == ['--self-test']:
        faults = self_test()
    else:
        faults = check(Path(sys.argv[1]) / 'src', Path(sys.argv[2]))
    for text in faults:
        print(text)
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
