"""``submit.py``: check and prepare a training here, and put it into Slurm's queue."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict

from genlab.apps.command.paths import cache_root
from genlab.apps.train.train import ready
from genlab.cluster import preflight, sbatch
from genlab.cluster.options import SlurmOptions
from genlab.cluster.script import batch_script
from genlab.cluster.site import as_override
from genlab.compat import ensure_torchvision
from genlab.config.build import build
from genlab.config.keys import key_of
from genlab.console import program, say, show
from genlab.contracts import ConfigError, DataError, DataSpec, Problem
from genlab.data.store.source import PreparedData
from genlab.files import replacing
from genlab.runs.continued import within
from genlab.runs.directory import RunDirectory, make
from genlab.runs.find import Run
from genlab.runs.summary import NAME, WAITING, Summary

FOLDER = "slurm"  # in the run directory: the script, and what the job prints
KINDS = {True: ("auto", "gpu", "cuda"), False: ("auto", "cpu")}  # of accelerator, with and without slurm.gpus


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None, config_dir: Path | None = None) -> int:
    """Write the run directory with its batch script, and submit it; returns 0.

    Raises:
        ConfigError: the training and the job do not fit each other, or Slurm refuses the job.
        DataError: the data set is missing or damaged.
        CheckpointError: ``resume`` or ``init_from`` does not name a run or checkpoint.
    """
    if run_dir is not None:
        remedy = f"Leave -m out. For many runs: {program('sweep')} FILE engine=slurm"
        raise ConfigError([Problem("-m", "a job is one run", remedy)])
    options: SlurmOptions = build(cfg.slurm, [])
    if not (options.dry or cfg.check_only):
        sbatch.require_sbatch()
    training, words = as_training(cfg, overrides, options)
    prepared, chosen = ready_here(training)
    size = require_buildable(training, prepared)
    if cfg.check_only:
        say("all checks passed; nothing was submitted")
        return 0
    with laid_out(chosen, training, words, prepared.spec) as directory:
        script = write_script(directory, training, options, size, config_dir)
        show(script.read_text(encoding="utf-8").rstrip("\n"))
        job = "" if options.dry else sbatch.submit(script)
    tell(directory, script, job)
    return 0


def as_training(cfg: DictConfig, overrides: list[str], options: SlurmOptions) -> tuple[DictConfig, list[str]]:
    """The configuration of the training and its overrides, without ``slurm``; devices and nodes as the job has them.

    Raises:
        ConfigError: devices, nodes or accelerator that are typed, and that the job has not.
    """
    training, words = cfg.copy(), [text for text in overrides if not within(key_of(text), ("slurm",))]
    with open_dict(training):
        training.pop("slurm")
        training.choices.pop("slurm", None)
    typed, given = {key_of(text) for text in words}, training.trainer
    wanted = {"trainer.num_nodes": options.nodes, "trainer.accelerator": "gpu" if options.gpus else "cpu"}
    wanted |= {"trainer.devices": options.gpus} if options.gpus else {}
    problems = []
    for key, value in wanted.items():
        now = given[key.rpartition(".")[2]]
        fits = now in KINDS[options.gpus > 0] if key == "trainer.accelerator" else count(now) == value
        if key in typed and not fits:
            where, what = f"{key}={now}", f"the job has {value} (slurm.nodes={options.nodes} slurm.gpus={options.gpus})"
            problems.append(Problem(where, what, "Leave it out: it follows slurm.nodes and slurm.gpus"))
        elif key not in typed:
            OmegaConf.update(training, key, value)
            words.append(f"{key}={value}")
    if not options.gpus and count(given.devices) is None:
        what = "tasks on the CPU are counted"
        problems.append(Problem(f"trainer.devices={given.devices}", what, "Type: trainer.devices=2, or slurm.gpus=2"))
    if problems:
        raise ConfigError(problems)
    return training, words


def count(devices: object) -> int | None:
    """How many devices of a node; None: as many as there are."""
    return preflight.count_of(OmegaConf.to_container(devices) if OmegaConf.is_list(devices) else devices)


def ready_here(training: DictConfig) -> tuple[PreparedData, Run]:
    """Prepare the data, and choose the run.

    Raises:
        DataError: with what to do where this machine has no network.
        ConfigError: ``resume`` names a checkpoint: a job that is put back would begin at it again.
    """
    if training.resume not in (None, "auto") and Path(training.resume).expanduser().is_file():
        remedy = f"Type: resume={Path(training.resume).parent.parent}, or init_from={training.resume}"
        raise ConfigError([Problem(f"resume={training.resume}", "a job goes on from a run's last checkpoint", remedy)])
    try:
        return ready(training, None)
    except DataError as error:
        here = (
            "The data is prepared here, before the job. If this machine has no network, prepare it where there is one:"
        )
        raise DataError(f"{error}\n    {here} {program('prepare')} data={training.choices.data}") from error


def require_buildable(training: DictConfig, prepared: PreparedData) -> int:
    """Build the model as the job will, with all that is refused on the way; returns about the bytes of a checkpoint.

    Raises:
        ConfigError: networks that do not fit the images, or too many processes for them.
    """
    ensure_torchvision()
    from genlab.apps.train.build import build_model, require_epochs, require_images
    from genlab.apps.train.messages import parameters

    require_images(training, prepared.spec)
    require_epochs(training, prepared.spec)
    return 16 * parameters(build_model(training, prepared.spec))  # weights, their average, and two moments of Adam


@contextmanager
def laid_out(chosen: Run, training: DictConfig, words: list[str], spec: DataSpec) -> Iterator[RunDirectory]:
    """The run directory, waiting for its job; if what is done inside fails, everything is as it was.

    Raises:
        ConfigError: the run is being trained.
    """
    directory = chosen.existing or make(chosen.parent, chosen.run_id)
    files = [directory.path / name for name in (NAME, "config.yaml", "overrides.txt")]
    before = {path: path.read_bytes() for path in files if path.is_file()}
    directory.hold()
    try:
        directory.write_configuration(training, words)
        Summary(directory.path / NAME).update(**chosen.named(directory, training, spec) | {"status": WAITING})
        directory.release()  # the job may start before sbatch has returned
        yield directory
    except BaseException:
        if chosen.existing is None:
            shutil.rmtree(directory.path, ignore_errors=True)
            with suppress(OSError):  # of other runs
                chosen.parent.rmdir()
                chosen.parent.parent.rmdir()
        for path, content in before.items():
            with replacing(path, "wb") as file:
                file.write(content)
        raise
    finally:
        directory.release()


def write_script(
    directory: RunDirectory, training: DictConfig, options: SlurmOptions, size: int, config_dir: Path | None
) -> Path:
    """Write the batch script into the run directory; returns its path."""
    folder, place = directory.path.resolve() / FOLDER, str(directory.path.resolve())
    folder.mkdir(exist_ok=True)
    given = place if re.fullmatch(r"[\w./-]+", place) else as_override(place)
    command = [options.interpreter, "-m", "genlab", "train", f"resume={given}"]
    command += ["--config-dir", str(config_dir.expanduser().resolve())] if config_dir else []
    read = (training.paths.data, cache_root(training), training.data.get("path"))
    there = [str(Path(path).expanduser().resolve()) for path in read if path and Path(path).expanduser().is_dir()]
    environment = {preflight.RUN: place, preflight.SEEN: os.pathsep.join(there), preflight.SIZE: str(size)}
    environment |= sbatch.of_the_code()
    tasks = options.tasks_per_node(count(training.trainer.devices) or 1)
    script = folder / "job.sh"
    with replacing(script) as file:
        file.write(batch_script(options, training.name, folder, command, tasks, environment=environment))
    return script


def tell(directory: RunDirectory, script: Path, job: str) -> None:
    """Where the job is, and where to look for what it does."""
    if job:
        say(f"submitted job {job}: squeue -j {job}   scancel {job}")
        say(f"prints    {script.parent / f'{job}.out'}")
    else:
        say(f"written   {script}; nothing was submitted. Submit it: sbatch {script}")
    say(f"run       {directory.path}")
