"""A driver that finds bjob in its own Python installation: nothing of it is on the PATH."""

import os
import subprocess
import sys
import tempfile

os.chdir(tempfile.mkdtemp())
bjob_words = [sys.executable, "-m", "bjob"]
subprocess.run(bjob_words + ["init", "."], check=True)
subprocess.run(bjob_words + ["app", "add", "hello", "--executable", "echo hello"], check=True)

import bjob  # noqa: E402

site = bjob.open_site()
job_id = site.spawn_child(name="one", application="hello")
subprocess.run(bjob_words + ["launch", "--idle-seconds", "0"], check=True)
(job,) = site.jobs.filter(id=job_id)
assert job.state == "JOB_FINISHED", job.state
assert job.read_file_in_workdir("job.out").strip() == "hello"
print("driver.py: {} {}".format(job_id, job.state))
