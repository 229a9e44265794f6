"""An Optuna study whose trials are jobs.

    python3 driver_optuna.py [TRIALS [AT_ONCE]]        in the site's folder; needs Optuna, 2.4 or later

The study is in study.db, from which Optuna continues after a crash. Jobs are named after their trials, so a trial
without a job gets one after a restart; its point is stored as a user attribute. Each end is told once: the cursor
records it, and Optuna refuses a second one.
"""

import json
import math
import os
import sys

import bjob
import optuna

WORKFLOW = "optuna"
MAX_TRIALS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
AT_ONCE = int(sys.argv[2]) if len(sys.argv) > 2 else 4


def suggest(trial):
    """The space; a suggestion may depend on earlier ones."""
    return {"x1": trial.suggest_float("x1", -5, 10), "x2": trial.suggest_float("x2", 0, 15)}


def create_job(site, number, x):
    name = "trial{}".format(number)
    file = "{}.dat".format(name)
    with open(file, "w") as task:
        json.dump({"x": x}, task)
    site.spawn_child(
        name=name,
        workflow=WORKFLOW,
        application="eval_point",
        input_files=file,
        args=file,
        wait_for_parents=False,
        if_exists="reuse",
    )
    os.remove(file)


def loss_of(end):
    """The loss, or None if the job failed or its result is missing or not a number."""
    try:
        loss = float(end.result["loss"])
    except (KeyError, TypeError, ValueError):
        return None
    return loss if end.is_finished and math.isfinite(loss) else None


def main():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage="sqlite:///study.db", study_name=WORKFLOW, load_if_exists=True)
    running = optuna.trial.TrialState.RUNNING
    with bjob.open_site() as site:
        pending = {}
        for trial in study.get_trials(states=[running]):
            if "x" in trial.user_attrs:
                pending[trial.number] = trial
                create_job(site, trial.number, trial.user_attrs["x"])
            else:
                # The driver was killed before this point was complete.
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        ends = site.ends(cursor="driver.cursor", workflow=WORKFLOW)
        while True:
            while len(pending) < AT_ONCE and len(study.trials) < MAX_TRIALS:
                trial = study.ask()
                pending[trial.number] = trial
                x = suggest(trial)
                trial.set_user_attr("x", x)
                create_job(site, trial.number, x)
            if not pending:
                break
            end = next(ends)
            number = int(end.name[len("trial") :])
            if number not in pending:
                # The driver was killed after telling Optuna and before the cursor was updated.
                continue
            del pending[number]
            loss = loss_of(end)
            if loss is None:
                study.tell(number, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(number, loss)
            print("trial {} {}".format(number, "no loss: " + (end.message or end.state) if loss is None else loss), flush=True)
    if not study.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
        sys.exit("no trial gave a loss; see `bjob log ID`")
    print("best: trial {} loss {} at {}".format(study.best_trial.number, study.best_value, study.best_params))


if __name__ == "__main__":
    main()
