"""Optuna as a coprocess of the sampler comparison: JSON Lines in (start, ask, tell), a point out for each ask."""

import json
import sys
import warnings

import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

SAMPLERS = {
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    # Recommended by Optuna's manual for parallel searches of dependent parameters.
    "tpe-multivariate": lambda seed: optuna.samplers.TPESampler(
        seed=seed, multivariate=True, group=True, constant_liar=True
    ),
}


def suggest(trial, parameters):
    """Asks the trial for each active parameter of a space as bjob writes it; conditions name earlier parameters only."""
    point = {}
    for name, spec in parameters.items():
        if any(point.get(other) not in values for other, values in spec.get("when", {}).items()):
            continue
        if "choices" in spec:
            point[name] = trial.suggest_categorical(name, spec["choices"])
        elif spec["type"] == "integer":
            point[name] = trial.suggest_int(name, spec["low"], spec["high"], log=spec.get("log", False))
        else:
            point[name] = trial.suggest_float(
                name, spec["low"], spec["high"], log=spec.get("log", False), step=spec.get("step")
            )
    return point


def main():
    study, parameters, trials = None, {}, {}
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            parameters, trials = request["parameters"], {}
            study = optuna.create_study(sampler=SAMPLERS[request["start"]](request["seed"]))
        elif "tell" in request:
            failed = request["value"] is None
            state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
            study.tell(trials.pop(request["tell"]), request["value"], state=state)
        else:
            trial = study.ask()
            trials[trial.number] = trial
            print(json.dumps({"id": trial.number, "point": suggest(trial, parameters)}), flush=True)


main()
