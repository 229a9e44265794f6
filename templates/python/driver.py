"""A plain driver: spawns jobs while it runs and reads new results.

    python3 driver.py [EVALUATIONS [AT_ONCE]]        in the site's folder; `bjob launch` runs the jobs

Kill it at any time and start it again: the points depend only on the numbers of the jobs, and existing jobs are reused.
Replace `ask` by your optimizer.
"""

import json
import math
import os
import random
import sys

import bjob

WORKFLOW = "dl-hps"
MAX_EVALS = int(sys.argv[1]) if len(sys.argv) > 1 else 40
AT_ONCE = int(sys.argv[2]) if len(sys.argv) > 2 else 4


def ask(eval_counter):
    """A random point, determined by the number."""
    chance = random.Random(eval_counter)
    return {"x1": chance.uniform(-5, 10), "x2": chance.uniform(0, 15)}


def create_job(site, x, eval_counter):
    """Spawns a job that evaluates `x`."""
    name = "task{}".format(eval_counter)
    file = "{}.dat".format(name)
    with open(file, "w") as task:
        json.dump({"x": x}, task)
    job_id = site.spawn_child(
        name=name,
        workflow=WORKFLOW,
        application="eval_point",
        wall_time_minutes=2,
        num_nodes=1,
        ranks_per_node=1,
        input_files=file,
        args=file,
        wait_for_parents=False,
        if_exists="reuse",
    )
    os.remove(file)
    return job_id


def loss_of(end):
    """The loss, or None if the job failed or its result is missing or not a number."""
    try:
        loss = float(end.result["loss"])
    except (KeyError, TypeError, ValueError):
        return None
    return loss if end.is_finished and math.isfinite(loss) else None


def main():
    results = {}
    my_jobs = {}
    with bjob.open_site() as site:
        ends = site.ends(workflow=WORKFLOW)
        while len(results) < MAX_EVALS:
            # Spawn new jobs.
            while len(my_jobs) < MAX_EVALS and len(my_jobs) - len(results) < AT_ONCE:
                x = ask(len(my_jobs) + 1)
                my_jobs[create_job(site, x, len(my_jobs) + 1)] = x
            # Read the next result. Failed jobs count too, or the search would never end.
            end = next(ends)
            if end.id in my_jobs:
                loss = loss_of(end)
                results[end.id] = float("inf") if loss is None else loss
                print("{}/{} {} {}".format(len(results), MAX_EVALS, end.id, results[end.id]), flush=True)
    best = min(results, key=results.get)
    print("best: {} loss {} at {}".format(best, results[best], json.dumps(my_jobs[best])))


if __name__ == "__main__":
    main()
