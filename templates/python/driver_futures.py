"""Jobs as futures, for code written for concurrent.futures.

    python3 driver_futures.py [JOBS]        in the site's folder; `bjob launch` runs the jobs
"""

import concurrent.futures
import json
import os
import sys

import bjob

JOBS = int(sys.argv[1]) if len(sys.argv) > 1 else 16


def main():
    with bjob.open_site() as site, site.executor(workflow="futures", application="eval_point") as executor:
        futures = {}
        for number in range(JOBS):
            file = "point{}.dat".format(number)
            x = {"x1": -5 + 15 * number / JOBS, "x2": 5}
            with open(file, "w") as task:
                json.dump({"x": x}, task)
            # With a name, a restart reuses the existing job.
            futures[executor.submit(name="point{}".format(number), input_files=file, args=file)] = x
            os.remove(file)
        for future in concurrent.futures.as_completed(futures):
            end = future.result()
            print(futures[future], end.result if end.is_finished else end.message)


if __name__ == "__main__":
    main()
