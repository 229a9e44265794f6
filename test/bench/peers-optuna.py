"""Optuna's JournalStorage as a peer: COUNT random trials on one log file by WORKERS processes, no process started. Prints trials a second."""

import multiprocessing
import sys
import time
import warnings

import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def load(path):
    storage = optuna.storages.JournalStorage(optuna.storages.JournalFileStorage(path))
    sampler = optuna.samplers.RandomSampler()
    return optuna.create_study(storage=storage, study_name="bench", sampler=sampler, load_if_exists=True)


def work(path, count, ready, go):
    study = load(path)
    ready.release()
    go.wait()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=count)


def main():
    count, workers, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    load(path)
    ready, go = multiprocessing.Semaphore(0), multiprocessing.Event()
    processes = [
        multiprocessing.Process(target=work, args=(path, count // workers, ready, go)) for _ in range(workers)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    begun = time.monotonic()
    go.set()
    for process in processes:
        process.join()
    print((count // workers) * workers / (time.monotonic() - begun))


main()
