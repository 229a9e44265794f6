"""Drive a bjob site from Python: spawn jobs, query them, and receive their ends.

    import json
    import bjob

    site = bjob.open_site()
    job_id = site.spawn_child(name="task1", workflow="dl-hps", application="eval_point", wall_time_minutes=2,
                              num_nodes=1, ranks_per_node=1, input_files="task1.dat", args="task1.dat",
                              wait_for_parents=False)
    for job in site.jobs.filter(id__in=[job_id], state="JOB_FINISHED"):
        result = json.loads(job.read_file_in_workdir("result.dat"))
    for end in site.ends(cursor="ends.cursor"):
        print(end.id, end.state, end.content)

One file without dependencies, for Python 3.6 and later: copy it beside your driver, or install bjob's wheel. It runs
`bjob session` as a subprocess, restarts it when it dies, and then repeats unanswered requests. Repeated spawns are safe:
an existing job is reused (except with if_exists="rename", which may make two). All methods are thread-safe.
"""

import collections
import concurrent.futures
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading

__all__ = ["BjobError", "End", "Job", "JobExecutor", "JobQuery", "Site", "open_site", "report"]

END_STATES = ("JOB_FINISHED", "FAILED", "USER_KILLED")

# A session that ends this often without any output is given up.
_MOST_STARTS = 3


class BjobError(Exception):
    """An error of bjob. `code` is stable, such as "name-taken"; `hint` and `field` may be None."""

    def __init__(self, code, message, hint=None, field=None):
        super().__init__(message if hint is None else "{} ({})".format(message, hint))
        self.code = code
        self.message = message
        self.hint = hint
        self.field = field


def open_site(path=None, command=None):
    """Opens the site in the folder `path`; by default that of BJOB_SITE, or the one around the current folder."""
    return Site(path, command)


def report(step, value):
    """Reports the objective of an evaluation at `step` (such as an epoch): appends `STEP VALUE` to progress.dat in the
    current folder, for `bjob tune --early-stopping` and other drivers."""
    with open("progress.dat", "a") as file:
        file.write("{} {!r}\n".format(step, float(value)))


def _default_command():
    # Only an installed package has a path.
    return [sys.executable, "-m", __name__] if "__path__" in globals() else ["bjob"]


class Site:
    """A site. No process starts before the first request.

    path: the site's folder. command: the command that starts bjob; by default the installed package's own program, or
    the bjob on the PATH for a copy of this file.
    """

    def __init__(self, path=None, command=None):
        self._session = _Session(list(command or _default_command()), path)

    def spawn_child(self, if_exists="error", **fields):
        """Makes a job and returns its id, `workflow/name`.

        Takes every field of job.yaml, plus `name`, `workflow` and `data`. Inside a running job, the new job becomes its
        child. Input files are relative to the current folder. if_exists: "error", "reuse" (return the existing job, for
        drivers that may be restarted) or "rename" (append a number).
        fields: name, workflow, application, args, input_files, input_mode, stage_in_url, stage_out_url,
            stage_out_files, parents, wait_for_parents, description, tags, priority, wall_time_minutes,
            timeout_minutes, num_nodes, ranks_per_node, threads_per_rank, threads_per_core, gpus_per_rank,
            node_packing_count, cpu_affinity, mpi_flags, environ_vars, post_error_handler, post_timeout_handler,
            auto_timeout_retry, max_retries, retry_delay_seconds, crash_limit, data.
        """
        return self.spawn_many([fields], if_exists)[0]

    def spawn(self, if_exists="error", **fields):
        """Like `spawn_child`, but returns the job."""
        return self.job(self.spawn_child(if_exists=if_exists, **fields))

    def spawn_many(self, records, if_exists="error"):
        """Makes a job from each dict of fields and returns their ids; much faster than separate calls.

        Each job is made or refused separately; the first error is raised after all have been tried.
        """
        requests = [
            {"op": "spawn", "job": record, "if_exists": if_exists, "folder": os.getcwd()} for record in records
        ]
        return [reply["id"] for reply in self._session.ask_all(requests)]

    @property
    def jobs(self):
        """All jobs; chain `filter`, `exclude` and `order_by`."""
        return JobQuery(self._session)

    def job(self, job_id):
        """One job. Raises BjobError "unknown-job"."""
        return Job(self._session, self._session.ask({"op": "get", "job": _id_of(job_id)}))

    @property
    def current_job(self):
        """The job that this process runs in; None outside a job."""
        job_id = os.environ.get("BJOB_JOB_ID")
        return self.job(job_id) if job_id else None

    @property
    def parents(self):
        """The parents of the current job."""
        return self.jobs.filter(id__in=json.loads(os.environ.get("BJOB_PARENT_IDS") or "[]"))

    @property
    def children(self):
        """The children of the current job."""
        job_id = os.environ.get("BJOB_JOB_ID")
        return self.jobs.filter(parents__in=[job_id] if job_id else [])

    def add_dependency(self, parent, child):
        """Makes a job the parent of another one, which must not have started; cycles are refused."""
        child = self.job(child)
        return child.set(parents=list(child.parents) + [_id_of(parent)])

    def kill(self, job_id, recursive=False):
        """Ends a job: at once when it does not run, else through its launcher. Returns "killed", "ended" (it had
        before) or "asked" (its launcher has been told, and has not done it within seconds).
        recursive: and all jobs below it; returns {id: one of these} then."""
        return _kill(self._session, _id_of(job_id), recursive)

    def ends(self, cursor=None, file="result.dat", follow=True, **conditions):
        """Each end of a job (finished, failed or killed) once, as it happens.

        cursor: a file that remembers what was handed out; started again with it, only the rest comes. An end counts as
        handed out when the loop asks for the next one: what a driver was working on when it was killed comes again.
        file: what to read of each job, as `end.content`. follow: without it, only what has ended already.
        conditions: as for `jobs.filter`, of what is known without a look at files: not parents, data, nor icontains.
        """
        request = {"op": "results", "file": file, "follow": follow, "acknowledge": True}
        if cursor is not None:
            request["cursor"] = os.path.abspath(cursor)
        if conditions:
            request["filter"] = _words(_merge(_filters(conditions)))
        stream = self._session.subscribe(request)
        seen = set()
        try:
            while True:
                generation, record = stream.next()
                if record is None:
                    return
                # After a restart of the session, unacknowledged ends are delivered again.
                key = (record["id"], record["state"], record["attempt"], record["ended"])
                if key not in seen:
                    yield End(self._session, record)
                    seen.add(key)
                stream.acknowledge(generation)
        finally:
            stream.close()

    def executor(self, **fields):
        """A concurrent.futures.Executor of jobs; `fields` are defaults."""
        return JobExecutor(self, fields)

    def close(self):
        """Ends the session after all requests are done."""
        self._session.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Record:
    def __init__(self, session, record):
        self._session = session
        self._record = record

    def __getattr__(self, name):
        record = self.__dict__.get("_record", {})
        if name in record:
            return record[name]
        raise AttributeError("a job has no {}; it has {}".format(name, ", ".join(sorted(record))))

    def __repr__(self):
        return "<{} {} {}>".format(type(self).__name__, self.id, self.state)

    @property
    def job_id(self):
        return self._record["id"]

    @property
    def name(self):
        return self._record["id"].split("/", 1)[1]

    @property
    def workflow(self):
        return self._record["id"].split("/", 1)[0]

    @property
    def working_directory(self):
        """The job's folder."""
        return self._record["dir"]

    @property
    def is_finished(self):
        """True if the job finished."""
        return self._record["state"] == "JOB_FINISHED"

    def read_file_in_workdir(self, name):
        """The text of a file in the job's folder. Raises ValueError if it is missing."""
        try:
            return self._session.ask({"op": "read", "job": self.id, "file": name})["content"]
        except BjobError as error:
            if error.code == "no-such-file":
                raise ValueError(str(error)) from error
            raise


class Job(_Record):
    """A job as of its last query: `id`, `state`, `attempt`, `launcher`, `dir`, and every field of job.yaml."""

    def refresh(self):
        """Queries the job again."""
        self._record = self._session.ask({"op": "get", "job": self.id})
        return self

    # The name in Balsam and Django.
    refresh_from_db = refresh

    @property
    def data(self):
        """The value of data.json; {} if missing. `job.set(data=…)` replaces it."""
        try:
            return json.loads(self.read_file_in_workdir("data.json"))
        except ValueError:
            return {}

    @property
    def is_ended(self):
        return self._record["state"] in END_STATES

    def set(self, **fields):
        """Changes fields while no launcher owns the job; `data` at any time. Returns {"id", "kind", "message"} with kind
        "done", "left" (unchanged), "refused" or "failed"."""
        return self._session.ask({"op": "set", "job": self.id, "fields": fields})

    def retry(self):
        """Retries a failed or killed job; returns like `set`."""
        return self._session.ask({"op": "retry", "job": self.id})

    def delete(self):
        """Moves its folder to the trash; returns like `set`. A job that a launcher owns is refused."""
        return self._session.ask({"op": "remove", "job": self.id})

    def kill(self, recursive=False):
        """See `Site.kill`."""
        return _kill(self._session, self.id, recursive)


class End(_Record):
    """An end: `id`, `state`, `attempt`, `launcher`, `dir`, `ended`, `message`, and `content`, the text of the file (or
    None); where that is JSON, `result` is its value."""

    @property
    def result(self):
        """Raises ValueError if there is no content, or it is not JSON. Accepts NaN, like `json.loads`."""
        if self.content is None:
            raise ValueError("{} has left no such file".format(self.id))
        return json.loads(self.content)


class JobQuery:
    """Jobs that meet conditions; queried again at each iteration.

    Conditions are of id (or job_id), name, workflow, state, application, launcher, parents (any of them), tags__KEY and
    data__KEY; alone or with __in, __contains, __icontains, __startswith or __endswith.
    """

    def __init__(self, session, filters=(), excludes=(), orders=()):
        self._session = session
        self._filters = tuple(filters)
        self._excludes = tuple(excludes)
        self._orders = tuple(orders)

    def all(self):
        return self

    def filter(self, **conditions):
        """The jobs that meet all of `conditions`."""
        return JobQuery(self._session, self._filters + tuple(_filters(conditions)), self._excludes, self._orders)

    def exclude(self, **conditions):
        """The jobs that do not meet all of `conditions`."""
        merged = _merge(_filters(conditions)) if conditions else {"id": []}
        return JobQuery(self._session, self._filters, self._excludes + (merged,), self._orders)

    def order_by(self, *fields):
        """Sorts by these fields in turn; "-changed": newest first."""
        return JobQuery(self._session, self._filters, self._excludes, fields)

    def __iter__(self):
        return iter([Job(self._session, record) for record in self._records()])

    def __len__(self):
        return len(self._records())

    def __getitem__(self, at):
        """One job, or the list of a slice, counted from 0."""
        ends = (at.start or 0, at.stop or 0) if isinstance(at, slice) else (at, at)
        if min(ends) < 0:
            raise ValueError("jobs are counted from 0")
        if isinstance(at, slice):
            return [Job(self._session, record) for record in self._records(at.stop)[at]]
        return Job(self._session, self._records(at + 1)[at])

    def count(self):
        return len(self)

    def exists(self):
        return bool(self._records(1))

    def first(self):
        """The first job, or None."""
        records = self._records(1)
        return Job(self._session, records[0]) if records else None

    def get(self, **conditions):
        """The only job. Raises BjobError "no-match" or "many-match"."""
        records = self.filter(**conditions)._records(2)
        if len(records) == 1:
            return Job(self._session, records[0])
        raise BjobError("many-match", "more than one job matches") if records else BjobError("no-match", "no job matches")

    def values_list(self, *fields, **options):
        """One field of each job, or a tuple of several; with flat=False always a tuple."""
        is_flat = options.pop("flat", True) and len(fields) == 1
        if options:
            raise TypeError("values_list has no {}".format(", ".join(options)))
        return [getattr(job, fields[0]) if is_flat else tuple(getattr(job, field) for field in fields) for job in self]

    def values(self, *fields):
        """These fields of each job, as a dict."""
        return [{field: getattr(job, field) for field in fields} for job in self]

    def count_by(self, field):
        """The number of jobs for each value of a field: a dict."""
        return dict(collections.Counter(self.values_list(field)))

    def update(self, **fields):
        """Changes fields of each job; see `Job.set`."""
        return self._ask_each({"op": "set", "fields": fields})

    def delete(self):
        """Moves the folder of each job to the trash; returns like `Job.set` for each."""
        return self._ask_each({"op": "remove"})

    def retry(self):
        """Retries the failed and killed jobs; returns like `Job.set` for each."""
        return self._ask_each({"op": "retry"})

    def kill(self):
        """Kills all unfinished jobs; returns the number of kill requests."""
        ids = [job.id for job in self if not job.is_ended]
        self._session.ask_all([{"op": "kill", "job": job_id} for job_id in ids])
        return len(ids)

    def _ask_each(self, request):
        return self._session.ask_all([dict(request, job=job.id) for job in self])

    def _records(self, limit=None):
        request = {"op": "query", "filter": list(self._filters), "exclude": list(self._excludes)}
        if self._orders:
            request["order_by"] = list(self._orders)
        if limit is not None:
            request["limit"] = limit
        return self._session.ask(request)


_FIELDS = {
    "id": "id",
    "job_id": "id",
    "pk": "id",
    "name": "name",
    "workflow": "workflow",
    "state": "state",
    "app": "app",
    "application": "app",
    "launcher": "launcher",
    "parents": "parents",
}
_OPERATORS = {
    "exact": lambda value: {"in": [_id_of(value)]},
    "in": lambda value: {"in": [_id_of(word) for word in value]},
    "contains": lambda value: {"contains": _id_of(value)},
    "icontains": lambda value: {"icontains": _id_of(value)},
    "startswith": lambda value: {"startsWith": _id_of(value)},
    "endswith": lambda value: {"glob": "*" + _id_of(value)},
}


def _filters(conditions):
    """Translates conditions to filters of the session."""
    filters = []
    for key, value in conditions.items():
        field, _, operator = key.partition("__")
        name = None
        if field in ("tags", "data"):
            name, _, operator = operator.partition("__")
        elif field in _FIELDS:
            field = _FIELDS[field]
        else:
            known = ", ".join(_FIELDS)
            raise TypeError("jobs cannot be looked up by {}; they can by {}, tags__KEY and data__KEY".format(key, known))
        if operator not in _OPERATORS and operator != "":
            raise TypeError("{} is no operator; there are {}".format(operator, ", ".join(_OPERATORS)))
        if field == "data" and operator in ("", "exact") and not isinstance(value, str):
            match = value
        else:
            match = _OPERATORS[operator or "exact"](value)
        filters.append({field: match if name is None else {name: match}})
    return filters


def _words(conditions):
    """A filter as the session takes it for ends: words, globs where they hold `*`."""
    words = {}
    for field, match in conditions.items():
        name = ""
        if field == "tags":
            (name, match), = match.items()
            field, name = "tag", name + "="
        operator, value = next(iter(match.items()))
        if field in ("parents", "data") or operator == "icontains" or (name and operator == "in" and len(value) != 1):
            raise TypeError("ends cannot be chosen by {} {}".format(field, operator))
        pattern = {"in": "{}", "contains": "*{}*", "startsWith": "{}*", "glob": "{}"}[operator]
        words[field] = [name + pattern.format(word) for word in (value if operator == "in" else [value])]
    return words


def _merge(filters):
    """Merges filters into one; within a filter, all fields must match."""
    merged = {}
    for one in filters:
        for field, words in one.items():
            if field in merged:
                raise TypeError("two conditions on {} in one call: chain two calls instead".format(field))
            merged[field] = words
    return merged


def _kill(session, job_id, recursive):
    if not recursive:
        return session.ask({"op": "kill", "job": job_id})["kind"]
    outcomes = session.ask({"op": "kill", "job": job_id, "recursive": True})
    return {outcome["id"]: outcome["kind"] for outcome in outcomes}


def _id_of(job):
    return job.id if isinstance(job, _Record) else str(job)


class JobExecutor(concurrent.futures.Executor):
    """Jobs as futures. `submit(name=…, application=…, …)` spawns one; the future's value is its End, whatever the state
    (see `End.is_finished`). Cancelling a future kills its job."""

    def __init__(self, site, fields):
        self._site = site
        self._fields = fields
        self._futures = {}
        self._early = {}
        self._lock = threading.Lock()
        self._follower = None
        self._failure = None
        self._is_over = threading.Event()

    def submit(self, **fields):
        """Spawns a job, or reuses an existing one of that name, so that a driver can be restarted."""
        record = dict(self._fields, **fields)
        if_exists = record.pop("if_exists", "reuse")
        future = _JobFuture(self._site)
        job_id = self._site.spawn_child(if_exists=if_exists, **record)
        future.job_id = job_id
        with self._lock:
            if self._is_over.is_set():
                raise RuntimeError("the executor was shut down")
            if self._failure is not None:
                raise self._failure
            end = self._early.get(job_id)
            if end is None:
                self._futures.setdefault(job_id, []).append(future)
            if self._follower is None:
                self._follower = threading.Thread(target=self._follow, name="bjob ends", daemon=True)
                self._follower.start()
        if end is not None:
            future.finish(end)
        return future

    def map(self, records):
        """The ends of the jobs made from these dicts of fields, in their order."""
        futures = [self.submit(**record) for record in records]
        return (future.result() for future in futures)

    def shutdown(self, wait=True):
        if wait:
            with self._lock:
                waiting = [future for futures in self._futures.values() for future in futures]
            concurrent.futures.wait(waiting)
        self._is_over.set()

    def _follow(self):
        try:
            for end in self._site.ends():
                if self._is_over.is_set():
                    return
                with self._lock:
                    self._early[end.id] = end
                    futures = self._futures.pop(end.id, [])
                for future in futures:
                    future.finish(end)
        except BaseException as error:
            with self._lock:
                self._failure = error
                futures = [future for some in self._futures.values() for future in some]
                self._futures.clear()
            for future in futures:
                future.fail(error)


class _JobFuture(concurrent.futures.Future):
    def __init__(self, site):
        super().__init__()
        self._site = site
        self.job_id = None

    def cancel(self):
        if not super().cancel():
            return False
        self._site.kill(self.job_id)
        return True

    def finish(self, end):
        if self.set_running_or_notify_cancel():
            self.set_result(end)

    def fail(self, error):
        if self.set_running_or_notify_cancel():
            self.set_exception(error)


class _Call:
    def __init__(self, request):
        self.request = request
        self.reply = None
        self.is_over = threading.Event()

    def finish(self, reply):
        self.reply = reply
        self.is_over.set()

    def value(self):
        self.is_over.wait()
        if isinstance(self.reply, BaseException):
            raise self.reply
        return self.reply


class _Stream:
    """The ends delivered by one `results` request."""

    def __init__(self, session, request):
        self._session = session
        self.request = request
        self._items = queue.Queue()

    def put(self, generation, item):
        self._items.put((generation, item))

    def next(self):
        """The reporting process and an end's record; None at the end."""
        generation, item = self._items.get()
        if isinstance(item, BaseException):
            raise item
        return generation, item

    def acknowledge(self, generation):
        self._session.post({"op": "ack", "of": self.request["id"]}, generation)

    def close(self):
        self._session.unsubscribe(self)


class _Session:
    """The coprocess; a thread reads its replies and ends."""

    def __init__(self, command, path):
        self._command = command
        self._path = path
        self._lock = threading.RLock()
        self._calls = collections.OrderedDict()
        self._streams = collections.OrderedDict()
        self._count = 0
        self._process = None
        self._generation = 0
        self._barren = 0
        self._reader = None

    def ask(self, request):
        return self.ask_all([request])[0]

    def ask_all(self, requests):
        """Sends all requests, then waits for all replies, then raises the first error."""
        calls = [_Call(dict(request)) for request in requests]
        with self._lock:
            for call in calls:
                call.request["id"] = self._new_id()
                self._calls[call.request["id"]] = call
            self._send([call.request for call in calls])
        for call in calls:
            call.is_over.wait()
        return [call.value() for call in calls]

    def subscribe(self, request):
        with self._lock:
            stream = _Stream(self, dict(request, id=self._new_id()))
            self._streams[stream.request["id"]] = stream
            self._send([stream.request])
        return stream

    def unsubscribe(self, stream):
        with self._lock:
            if self._streams.pop(stream.request["id"], None) is not None and self._process is not None:
                self._write([{"op": "stop", "id": self._new_id(), "of": stream.request["id"]}])

    def post(self, request, generation):
        """Sends a message without a reply, unless its process has died."""
        with self._lock:
            if generation == self._generation and self._process is not None:
                self._write([request])

    def close(self):
        with self._lock:
            process, reader = self._process, self._reader
            self._process = None
        if process is None:
            return
        process.stdin.close()
        if reader is not threading.current_thread():
            reader.join()

    def _new_id(self):
        self._count += 1
        return self._count

    def _send(self, requests):
        """Also sends earlier requests if there is no process yet."""
        if self._process is None:
            try:
                self._start()
            except BaseException:
                for request in requests:
                    self._calls.pop(request["id"], None)
                    self._streams.pop(request["id"], None)
                raise
        else:
            self._write(requests)

    def _start(self):
        environment = dict(os.environ)
        if self._path is not None:
            environment["BJOB_SITE"] = os.path.abspath(self._path)
        errors = tempfile.TemporaryFile()
        try:
            # In a new session, so that Ctrl-C reaches only the driver, whose end ends this process.
            process = subprocess.Popen(
                self._command + ["session"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            errors.close()
            raise BjobError("no-bjob", "cannot start {}: {}".format(self._command[0], error), "is bjob on the PATH?")
        self._process = process
        self._generation += 1
        self._reader = threading.Thread(
            target=self._read, args=(process, self._generation, errors), name="bjob session", daemon=True
        )
        self._reader.start()
        open_requests = [stream.request for stream in self._streams.values()]
        open_requests += [call.request for call in self._calls.values()]
        self._write(sorted(open_requests, key=lambda request: request["id"]))

    def _write(self, requests):
        text = "".join(json.dumps(request) + "\n" for request in requests)
        try:
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()
        except OSError:
            # It died: the reader thread notices and repeats the request.
            pass
        except BaseException:
            # An incomplete line would corrupt the stream.
            self._process.kill()
            raise

    def _read(self, process, generation, errors):
        is_barren = True
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break
            is_barren = False
            self._dispatch(json.loads(line.decode()), generation)
        status = process.wait()
        process.stdout.close()
        errors.seek(0)
        words = errors.read().decode(errors="replace").strip()
        errors.close()
        with self._lock:
            if self._process is not process:
                # Closed: no more replies are delivered.
                self._fail_all(BjobError("closed", "the site was closed"))
                return
            try:
                process.stdin.close()
            except OSError:
                pass
            self._process = None
            self._barren = self._barren + 1 if is_barren else 0
            if not self._calls and not self._streams:
                return
            # 2 and 3 are errors of bjob: no site, or an unreadable one.
            if self._barren >= _MOST_STARTS or (is_barren and status in (2, 3)):
                self._barren = 0
                self._fail_all(BjobError("no-session", words or "bjob session ended with status {}".format(status)))
                return
            for call in self._calls.values():
                if call.request["op"] == "spawn" and call.request["if_exists"] == "error":
                    # It may have been made just before.
                    call.request["if_exists"] = "reuse"
            try:
                self._start()
            except BaseException as error:
                self._fail_all(error)

    def _dispatch(self, message, generation):
        with self._lock:
            if "of" in message:
                stream = self._streams.get(message["of"])
                if stream is not None:
                    stream.put(generation, message["end"])
                return
            error = message.get("error")
            if error is not None:
                error = BjobError(error["code"], error["message"], error.get("hint"), error.get("field"))
            call = self._calls.pop(message["id"], None)
            if call is not None:
                call.finish(error if error is not None else message["ok"])
            stream = self._streams.pop(message["id"], None)
            if stream is not None:
                stream.put(generation, error)

    def _fail_all(self, error):
        calls, streams = list(self._calls.values()), list(self._streams.values())
        self._calls.clear()
        self._streams.clear()
        for call in calls:
            call.finish(error)
        for stream in streams:
            stream.put(self._generation, error)
