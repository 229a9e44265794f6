"""Prints what Optuna has on record of a study, a JSON object a line for each trial."""

import json
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)
for trial in optuna.load_study(storage=sys.argv[1], study_name=sys.argv[2]).trials:
    print(json.dumps({"number": trial.number, "state": trial.state.name, "params": trial.params, "value": trial.value}))
