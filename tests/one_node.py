"""A Slurm cluster of one node on this machine: controller, node and munge of its own, in one folder, without systemd.

Needs root (the node's daemon starts jobs as their users) and the packages ``slurm-wlm`` and ``munge``. Two partitions:
``main``, and ``urgent``, whose jobs pre-empt those of ``main`` after a grace of 20 s.
"""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
SLURM_CONF = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=8
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/node
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=10
MinJobAge=600
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={slots} RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=20
PartitionName=urgent Nodes={host} MaxTime=INFINITE State=UP PriorityTier=2
"""


def missing() -> str:
    """Why no cluster can be started here; empty if it can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not found: apt-get install -y --no-install-recommends slurm-wlm munge"
    return "" if os.geteuid() == 0 else "Slurm's node starts only as root"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def start_munge(folder):
    folder.mkdir(mode=0o755)
    (folder / "key").write_bytes(os.urandom(1024))
    (folder / "key").chmod(0o400)
    words = ["munged", "--force", f"--socket={folder}/socket", f"--key-file={folder}/key", f"--pid-file={folder}/pid"]
    subprocess.run([*words, f"--log-file={folder}/log", f"--seed-file={folder}/seed"], check=True, timeout=30)


def start_node(folder):
    """slurmd reads a file on cgroups although nothing uses them; which word switches them off depends on the version."""
    for plugin in ("disabled", "cgroup/v1"):
        (folder / "cgroup.conf").write_text(f"CgroupPlugin={plugin}\n")
        if subprocess.run(["slurmd", "-f", str(folder / "slurm.conf")], capture_output=True).returncode == 0:
            return
    raise RuntimeError(f"slurmd does not start:\n{(folder / 'slurmd.log').read_text()}")


def state():
    """``idle``, ``allocated`` …; empty while the controller does not answer."""
    return subprocess.run(["sinfo", "-h", "-p", "main", "-o", "%T"], capture_output=True, text=True).stdout.strip()


def stop(pid_file):
    try:
        os.kill(int(pid_file.read_text()), 15)
    except (OSError, ValueError):
        return
    until = time.monotonic() + 10
    while pid_file.exists() and time.monotonic() < until:
        time.sleep(0.05)


@contextmanager
def cluster(folder: Path, slots: int):
    """Start it, with ``SLURM_CONF`` in the environment; when the context closes, its jobs and daemons end."""
    folder.mkdir(mode=0o755, parents=True)
    for name in ("controller", "node"):
        (folder / name).mkdir()
    host = socket.gethostname().split(".")[0]
    conf = folder / "slurm.conf"
    conf.write_text(SLURM_CONF.format(host=host, folder=folder, slots=slots, ports=free_ports(2)))
    before, os.environ["SLURM_CONF"] = os.environ.get("SLURM_CONF"), str(conf)
    try:
        start_munge(folder / "munge")
        start_node(folder)
        subprocess.run(["slurmctld", "-f", str(conf)], check=True, capture_output=True, timeout=30)
        until = time.monotonic() + 30
        while state() != "idle":
            assert time.monotonic() < until, f"the node is {state()!r}\n{(folder / 'slurmctld.log').read_text()}"
            time.sleep(0.1)
        yield
    finally:
        subprocess.run(["scancel", "--full", "--state=RUNNING"], capture_output=True, timeout=30)
        subprocess.run(["scancel", "--state=PENDING"], capture_output=True, timeout=30)
        for name in ("slurmd.pid", "slurmctld.pid", "munge/pid"):
            stop(folder / name)
        os.environ.pop("SLURM_CONF")
        if before is not None:
            os.environ["SLURM_CONF"] = before
