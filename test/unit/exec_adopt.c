/*
 * Supervisors and shims that die at the worst moment, and files that lie: what the local executor
 * adopts, ends and believes.
 */
#include "base/clock.h"
#include "unit/exec_fixture.h"

#include <sys/pidfd.h>

static struct fixture *fixture(void **state)
{
	return *state;
}

static void test_adopt__sweeps_what_a_killed_shim_left(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, ESCAPES "sleep 1000");
	const struct job_end *end;
	pid_t a, b;

	s.watch = f->work;
	ensure(f, &s);
	a = hear(f);
	b = hear(f);
	run_until(f, 1, 0);
	assert_int_equal(kill(shim_of(f, 1), SIGKILL), 0);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_LOST);
	assert_true(end->left_over >= 2);
	assert_int_equal(end->unkillable, 0);
	assert_non_null(strstr(end->text, "its shim died"));
	expect_none_left(a, b);
	assert_false(is_alive(f->started[0].pid));

	/* And again, as often as it is asked. */
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_LOST);
}

static void test_adopt__sweeps_those_without_our_environment(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1,
				   "mkdir -p a/b; cd a/b; mkfifo p; "
				   "env -i setsid sh -c 'echo $$ >p; exec sleep 1000' & read a <p; "
				   "echo $a >$SAY; sleep 1000");
	pid_t a;

	s.watch = f->work;
	ensure(f, &s);
	a = hear(f);
	run_until(f, 1, 0);
	assert_int_equal(kill(shim_of(f, 1), SIGKILL), 0);
	assert_int_equal(wait_ended(f)->how, JOB_LOST);
	assert_false(is_alive(a));
}

static void test_adopt__sweeps_many_jobs_and_no_other(void **state)
{
	struct fixture *f = fixture(state);
	pid_t lost[8], kept;
	struct job_spec s;

	s = script(f, 100, "echo $$ >$SAY; exec sleep 1000");
	ensure(f, &s);
	kept = hear(f);
	for (uint64_t i = 0; i < 8; i++) {
		s = script(f, i + 1,
			   "mkfifo p$$; setsid sh -c 'echo $$ >$0; exec sleep 1000' p$$ & "
			   "read a <p$$; echo $a >$SAY; exec sleep 1000");
		ensure(f, &s);
		lost[i] = hear(f);
	}
	run_until(f, 9, 0);
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(kill(shim_of(f, i + 1), SIGKILL), 0);
	run_until(f, 0, 8);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(f->ended[i].how, JOB_LOST);
		assert_false(is_alive(lost[i]));
	}
	assert_true(is_alive(kept));
	f->x->ops->stop(f->x, 100, JOB_KILL);
	assert_int_equal(wait_ended(f)->number, 100);
}

/* In a process of its own: start a job, do what is asked when it runs, and die by SIGKILL. */
static void supervisor_dies(struct fixture *f, const struct job_spec *s, bool started)
{
	pid_t pid;
	int status;

	executor_close(f);
	pid = fork();
	if (pid == 0) {
		f->n_started = f->n_ended = 0;
		executor_open(f);
		f->x->ops->ensure(f->x, s);
		while (started && !f->n_started)
			uv_run(&f->loop, UV_RUN_ONCE);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	executor_open(f);
}

static void test_adopt__adopts_after_the_supervisor_was_killed(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo $$ >$SAY; read x <$SAY.go; exit 7");
	char *go = mem_printf("%s.go", f->say);
	pid_t pid;
	int fd;

	assert_int_equal(mkfifo(go, 0600), 0);
	supervisor_dies(f, &s, true);
	pid = hear(f);
	assert_true(is_alive(pid));
	ensure(f, &s);
	assert_int_equal(wait_started(f)->pid, pid);
	assert_true(f->started[0].adopted);
	fd = open(go, O_WRONLY | O_CLOEXEC);
	close(fd);
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	assert_int_equal(f->ended[0].code, 7);
	assert_int_equal(f->n_ended, 1);
	assert_int_equal(f->n_started, 1);
	free(go);
}

static void test_adopt__adopts_one_that_was_only_just_spawned(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo $$ >$SAY; exec sleep 1000");

	supervisor_dies(f, &s, false);
	ensure(f, &s);
	assert_int_equal(wait_started(f)->pid, hear(f));
	f->x->ops->stop(f->x, 1, JOB_ASK);
	assert_int_equal(wait_ended(f)->how, JOB_STOPPED);
}

static void test_adopt__holds_limits_without_a_supervisor(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s =
		script(f, 1, "trap '' TERM; echo $$ >$SAY; while :; do sleep .01; done");
	pid_t shim;
	int fd;
	struct pollfd p = {.events = POLLIN};

	s.limits.timeout_ms = 200;
	s.limits.grace_ms = 100;
	supervisor_dies(f, &s, true);
	(void)hear(f);
	shim = shim_of(f, 1);
	fd = (int)pidfd_open(shim, 0);
	p.fd = fd;
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	close(fd);
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_TIMEOUT);
	assert_int_equal(f->ended[0].code, 128 + SIGKILL);
}

/* The test plays a shim: a process, and a status file with its lock. */
struct played {
	pid_t pid;
	int fd;
	struct status_start start;
	struct status_child child;
	struct status_end end;
};

static void play(struct played *p, const struct job_spec *s)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char *path = path_join(s->dir, STATUS_NAME), boot[BOOT_ID_SIZE];
	struct err e = ERR_INIT;

	memset(p, 0, sizeof(*p));
	p->pid = fork();
	if (p->pid == 0) {
		(void)pause();
		_exit(0);
	}
	clock_boot_id(boot);
	p->start.number = p->child.number = p->end.number = s->number;
	p->start.pid = p->child.pid = p->pid;
	p->start.start_time = p->child.start_time = proc_start_time(p->pid);
	memcpy(p->start.boot_id, boot, sizeof(boot));
	p->end.how = STATUS_EXITED;
	p->end.code = 8;
	assert_int_equal(dir_make(s->dir, &e), 0);
	p->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(p->fd, STATUS_SIZE), 0);
	assert_int_equal(fcntl(p->fd, F_OFD_SETLK, &lock), 0);
	free(path);
}

static void play_start(struct played *p)
{
	status_seal(&p->start, sizeof(p->start), STATUS_START);
	assert_int_equal(pwrite(p->fd, &p->start, sizeof(p->start), STATUS_START_AT),
			 sizeof(p->start));
}

static void play_child(struct played *p)
{
	status_seal(&p->child, sizeof(p->child), STATUS_CHILD);
	assert_int_equal(pwrite(p->fd, &p->child, sizeof(p->child), STATUS_CHILD_AT),
			 sizeof(p->child));
}

static void play_end(struct played *p)
{
	status_seal(&p->end, sizeof(p->end), STATUS_END);
	assert_int_equal(pwrite(p->fd, &p->end, sizeof(p->end), STATUS_END_AT), sizeof(p->end));
	close(p->fd);
	if (p->pid)
		assert_int_equal(kill(p->pid, SIGKILL), 0);
}

/* Some looks at a job that cannot be adopted. */
static void look_in_vain(struct fixture *f)
{
	for (int i = 0; i < 4; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->n_started + f->n_ended, 0);
}

static void test_adopt__waits_for_records(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "");
	struct played p;

	play(&p, &s);
	ensure(f, &s);
	look_in_vain(f);
	play_start(&p);
	look_in_vain(f);
	play_child(&p);
	assert_int_equal(wait_started(f)->pid, p.pid);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_backend_timeout(&f->loop), -1); /* and then looks no more */
	play_end(&p);
	assert_int_equal(wait_ended(f)->code, 8);
}

static void test_adopt__takes_no_other_process_for_the_shim(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "");
	struct played p;

	/* Its number has gone to another, which is younger. */
	play(&p, &s);
	p.start.start_time--;
	play_start(&p);
	play_child(&p);
	ensure(f, &s);
	f->x->ops->stop(f->x, 1, JOB_KILL);
	look_in_vain(f);
	assert_true(is_alive(p.pid));
	p.start.start_time++;
	play_start(&p);
	assert_int_equal(wait_started(f)->pid, p.pid);
	p.pid = 0; /* stopped now: this one is it */
	play_end(&p);
	assert_int_equal(wait_ended(f)->code, 8);
}

static void test_adopt__tells_of_one_cut_short_before_its_start(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo ran");
	struct err e = ERR_INIT;

	/* As a supervisor leaves it that dies between making the file and the spawn. */
	assert_int_equal(dir_make(s.dir, &e), 0);
	put_file(s.dir, STATUS_NAME, "");
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_LOST);
	assert_non_null(strstr(f->ended[0].text, "before it started"));
	assert_int_equal(f->ended[0].code, 1); /* a power cut may have taken its word, and more */
	assert_int_equal(f->n_started, 0);
	assert_false(file_exists(s.log_path));
}

static void damage(struct fixture *f, uint64_t number, off_t at)
{
	char *path = path_join(job_dir(f, number), STATUS_NAME);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c = (char)(c ^ 1);
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
	free(path);
}

static void test_adopt__believes_no_damaged_record(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exit 0");

	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	damage(f, 1, STATUS_END_AT + 40);
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_LOST);
	assert_non_null(strstr(f->ended[1].text, "damaged"));

	/* Nor one of another job. */
	s = script(f, 2, "exit 0");
	ensure(f, &s);
	(void)wait_ended(f);
	s = script(f, 2, "exit 0");
	s.number = 3;
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_LOST);
}

static void test_adopt__ends_a_live_job_it_cannot_adopt(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo $$ >$SAY; exec sleep 1000");
	pid_t pid, shim;

	ensure(f, &s);
	pid = hear(f);
	run_until(f, 1, 0);
	shim = shim_of(f, 1);
	executor_close(f);
	damage(f, 1, STATUS_START_AT + 30);
	executor_open(f);
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_LOST);
	assert_non_null(strstr(f->ended[0].text, "damaged"));
	assert_false(is_alive(pid));
	assert_false(is_alive(shim));
}

static void test_adopt__knows_that_a_restart_ended_everything(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exit 0");
	struct status_start start = {.number = 1, .pid = 1, .start_time = 1, .started_ms = 5};
	/* It ended well, says the disk; what it wrote before that may not be there. */
	struct status_end end = {.number = 1, .how = STATUS_EXITED, .started_ms = 5};
	char page[STATUS_SIZE] = {0};
	struct err e = ERR_INIT;
	char *path = path_join(s.dir, STATUS_NAME);
	pid_t bystander = fork();

	if (bystander == 0) {
		/* In the worktree of a job of an earlier boot, but not of it. */
		(void)!chdir(f->work);
		(void)pause();
		_exit(0);
	}
	memcpy(start.boot_id, "00000000-0000-0000-0000-000000000000", 36);
	status_seal(&start, sizeof(start), STATUS_START);
	memcpy(page + STATUS_START_AT, &start, sizeof(start));
	status_seal(&end, sizeof(end), STATUS_END);
	memcpy(page + STATUS_END_AT, &end, sizeof(end));
	assert_int_equal(dir_make(s.dir, &e), 0);
	assert_int_equal(file_write(path, (struct str){page, sizeof(page)}, false, &e), 0);
	s.watch = f->work;
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_LOST);
	assert_non_null(strstr(f->ended[0].text, "restarted"));
	assert_int_equal(f->ended[0].started_ms, 5);
	assert_int_equal(f->ended[0].code, 1);
	assert_int_equal(waitpid(bystander, NULL, WNOHANG), 0);
	assert_int_equal(kill(bystander, SIGKILL), 0);
	assert_int_equal(waitpid(bystander, NULL, 0), bystander);
	free(path);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_adopt__sweeps_what_a_killed_shim_left),
		CASE(test_adopt__sweeps_those_without_our_environment),
		CASE(test_adopt__sweeps_many_jobs_and_no_other),
		CASE(test_adopt__adopts_after_the_supervisor_was_killed),
		CASE(test_adopt__adopts_one_that_was_only_just_spawned),
		CASE(test_adopt__holds_limits_without_a_supervisor),
		CASE(test_adopt__waits_for_records),
		CASE(test_adopt__takes_no_other_process_for_the_shim),
		CASE(test_adopt__tells_of_one_cut_short_before_its_start),
		CASE(test_adopt__believes_no_damaged_record),
		CASE(test_adopt__ends_a_live_job_it_cannot_adopt),
		CASE(test_adopt__knows_that_a_restart_ended_everything),
	};

	return cmocka_run_group_tests(tests, fixture_group_setup, NULL);
}
