#include "ui/cli/guess.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/str.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (1u << 20)

char *guess_program(const char *name)
{
	struct str rest = str_of(getenv("PATH")), dir;

	while (str_next(&rest, ':', &dir)) {
		char *path = mem_printf("%.*s/%s", (int)dir.n, dir.p, name);
		struct stat st;

		if (path[0] == '/' && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static bool has(const char *root, const char *name)
{
	char *path CLEANUP(freep) = path_join(root, name);
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* A regular file's text; false where there is none. */
static bool read_text(const char *root, const char *name, struct buf *b)
{
	char *path CLEANUP(freep) = path_join(root, name);

	return has(root, name) && file_read(path, FILE_MAX, b, NULL) == 0;
}

static void check_offer(struct guess *g, const char *check, const char *from)
{
	if (!g->check) {
		g->check = mem_strdup(check);
		g->check_from = mem_strdup(from);
	} else {
		VEC_PUSH(&g->others, mem_printf("%s (%s)", check, from));
	}
}

static void setup_offer(struct guess *g, const char *setup, const char *from)
{
	if (g->setup)
		return;
	g->setup = mem_strdup(setup);
	g->setup_from = mem_strdup(from);
}

/* The lockfile says who installs. */
struct node_manager {
	const char *lock, *setup, *test;
};

static const struct node_manager node_managers[] = {
	{"pnpm-lock.yaml",      "pnpm install --frozen-lockfile", "pnpm test"   },
	{"yarn.lock",           "yarn install --frozen-lockfile", "yarn test"   },
	{"bun.lock",            "bun install --frozen-lockfile",  "bun run test"},
	{"bun.lockb",           "bun install --frozen-lockfile",  "bun run test"},
	{"package-lock.json",   "npm ci",                         "npm test"    },
	{"npm-shrinkwrap.json", "npm ci",                         "npm test"    },
};

/* npm writes a test that always fails into a new package. */
static bool node_has_test(const cJSON *package)
{
	const cJSON *scripts = cJSON_GetObjectItemCaseSensitive(package, "scripts");
	const cJSON *test = cJSON_GetObjectItemCaseSensitive(scripts, "test");

	return cJSON_IsString(test) && test->valuestring[0] &&
	       !strstr(test->valuestring, "no test specified");
}

static bool node_has_dependencies(const cJSON *package)
{
	const cJSON *a = cJSON_GetObjectItemCaseSensitive(package, "dependencies");
	const cJSON *b = cJSON_GetObjectItemCaseSensitive(package, "devDependencies");

	return cJSON_GetArraySize(a) > 0 || cJSON_GetArraySize(b) > 0;
}

static void guess_node(const char *root, struct guess *g)
{
	struct node_manager with = {"package.json", "npm install", "npm test"};
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	cJSON *package;
	bool locked = false;

	if (!read_text(root, "package.json", &text))
		return;
	package = cJSON_Parse(buf_cstr(&text));
	for (size_t i = 0; i < ARRAY_LEN(node_managers) && !locked; i++) {
		locked = has(root, node_managers[i].lock);
		if (locked)
			with = node_managers[i];
	}
	/* Yarn from version 2 on has another word for it. */
	if (streq(with.lock, "yarn.lock") && has(root, ".yarnrc.yml"))
		with.setup = "yarn install --immutable";
	if (locked || node_has_dependencies(package))
		setup_offer(g, with.setup, with.lock);
	if (node_has_test(package))
		check_offer(g, with.test, "package.json");
	cJSON_Delete(package);
}

static void guess_cargo(const char *root, struct guess *g)
{
	if (has(root, "Cargo.toml"))
		check_offer(g, "cargo test", "Cargo.toml");
}

static void guess_go(const char *root, struct guess *g)
{
	if (has(root, "go.mod"))
		check_offer(g, "go test ./...", "go.mod");
}

static bool mentions_pytest(const char *root, const char *file)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;

	return read_text(root, file, &text) && strstr(buf_cstr(&text), "pytest");
}

static void guess_python(const char *root, struct guess *g)
{
	const char *from = has(root, "pyproject.toml") ? "pyproject.toml" : "setup.cfg";
	bool pytest = mentions_pytest(root, "pyproject.toml") || has(root, "pytest.ini") ||
		      mentions_pytest(root, "setup.cfg");

	if (has(root, "uv.lock")) {
		setup_offer(g, "uv sync --frozen", "uv.lock");
		if (pytest)
			check_offer(g, "uv run pytest", from);
	} else if (has(root, "poetry.lock")) {
		setup_offer(g, "poetry install", "poetry.lock");
		if (pytest)
			check_offer(g, "poetry run pytest", from);
	} else if (has(root, "tox.ini")) {
		check_offer(g, "tox", "tox.ini");
	} else if (pytest) {
		check_offer(g, "python3 -m pytest", has(root, "pytest.ini") ? "pytest.ini" : from);
	}
}

/* Is there a rule of that name, and not a variable? */
static bool make_has(const char *text, const char *target)
{
	struct str rest = str_of(text), line;

	while (str_next(&rest, '\n', &line)) {
		if (!str_starts(line, target))
			continue;
		line = str_trim((struct str){line.p + strlen(target), line.n - strlen(target)});
		if (str_starts(line, ":") && !str_starts(line, ":=") && !str_starts(line, "::="))
			return true;
	}
	return false;
}

static void guess_make(const char *root, struct guess *g)
{
	static const char *const names[] = {"GNUmakefile", "makefile", "Makefile"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf text CLEANUP(buf_done) = BUF_INIT;

		if (!read_text(root, names[i], &text))
			continue;
		if (make_has(buf_cstr(&text), "test"))
			check_offer(g, "make test", names[i]);
		else if (make_has(buf_cstr(&text), "check"))
			check_offer(g, "make check", names[i]);
		return; /* make reads the first alone */
	}
}

static void guess_meson(const char *root, struct guess *g)
{
	if (has(root, "meson.build"))
		check_offer(g, "{ test -d build || meson setup build; } && meson test -C build",
			    "meson.build");
}

static void guess_cmake(const char *root, struct guess *g)
{
	if (has(root, "CMakeLists.txt"))
		check_offer(g, "cmake -B build && cmake --build build && ctest --test-dir build",
			    "CMakeLists.txt");
}

void guess_project(const char *root, struct guess *ret)
{
	static void (*const guesses[])(const char *, struct guess *) = {
		guess_node, guess_cargo, guess_go,    guess_python,
		guess_make, guess_meson, guess_cmake,
	};

	*ret = (struct guess){0};
	for (size_t i = 0; i < ARRAY_LEN(guesses); i++)
		guesses[i](root, ret);
}

void guess_done(struct guess *g)
{
	if (!g)
		return;
	free(g->check);
	free(g->check_from);
	free(g->setup);
	free(g->setup_from);
	for (size_t i = 0; i < g->others.n; i++)
		free(g->others.items[i]);
	VEC_DONE(&g->others);
	*g = (struct guess){0};
}
