"""The sweeps of the server in ``wandb_server``: it registers a file, hands its cells to agents, and a pre-empted one again."""

import itertools
import json
import math
import random

import yaml


def drawn(node, dice):
    """A value of a parameter, by the distributions that our own files have."""
    if "value" in node:
        return node["value"]
    if "values" in node:
        return dice.choice(node["values"])
    low, high = node["min"], node["max"]
    if node.get("distribution") == "log_uniform_values":
        return math.exp(dice.uniform(math.log(low), math.log(high)))
    whole = isinstance(low, int) and isinstance(high, int)
    return dice.randint(low, high) if whole else dice.uniform(low, high)


def cells(config):
    """All of a grid in the order of the file, the last parameter fastest; of another method, drawn ones."""
    nodes = config["parameters"]
    if config["method"] == "grid":
        axes = [[node["value"]] if "value" in node else node["values"] for node in nodes.values()]
        yield from (dict(zip(nodes, values, strict=True)) for values in itertools.product(*axes))
        return
    dice = random.Random(0)
    for _ in range(config["run_cap"]):
        yield {name: drawn(node, dice) for name, node in nodes.items()}


class Sweep:
    """A registered sweep: its file, its cells that are still to come, and those that have been started."""

    def __init__(self, text, given):
        self.text, self.config = text, yaml.safe_load(text)
        self.cells, self.started = cells(self.config), {}
        entity = {"id": "e", "name": given.get("entityName") or "me"}
        self.project = {"id": "p", "name": given.get("projectName") or "uncategorized", "entity": entity}


class Sweeps:
    """What a server knows of sweeps and agents. ``runs``: the server's, by id."""

    def __init__(self, runs):
        self.runs, self.sweeps, self.agents = runs, {}, {}

    def answer(self, query, given):
        """The data that GraphQL gives; None if nothing of a sweep is asked."""
        if "upsertSweep(" in query:
            name = f"sweep{len(self.sweeps)}"
            sweep = self.sweeps[name] = Sweep(given["config"], given)
            shown = {"name": name, "project": sweep.project}
            return {"upsertSweep": {"sweep": shown, "configValidationWarnings": []}}
        if "createAgent(" in query:
            name = f"agent{len(self.agents)}"
            self.agents[name] = (self.sweeps[given["sweep"]], set())
            return {"createAgent": {"agent": {"id": name}}}
        if "agentHeartbeat(" in query:
            alive = {run for run, lives in json.loads(given["runState"]).items() if lives}
            commands = json.dumps(self.commands(given["id"], alive))
            return {"agentHeartbeat": {"agent": {"id": given["id"]}, "commands": commands}}
        if "sweep(sweepName" in query:
            sweep = self.sweeps[given["sweep"]]
            shown = {"id": given["sweep"], "name": given["sweep"], "state": "RUNNING", "config": sweep.text}
            return {"project": {"sweep": {**shown, "method": sweep.config["method"], "runs": {"edges": []}}}}
        return None

    def commands(self, agent, alive):
        """What an agent whose runs ``alive`` have not ended is to do next."""
        sweep, running = self.agents[agent]
        running &= alive
        if running:
            return []
        runs = ((name, self.runs[name]) for name in sweep.started if name in self.runs)
        for name, run in runs:
            if run.preempting and run.exit:
                run.preempting = False
                return self.handed(sweep, running, "resume", name, json.loads(run.given["config"]))
        cell = next(sweep.cells, None)
        if cell is None:
            return [{"type": "exit"}]
        name = f"cell{sum(len(other.started) for other in self.sweeps.values())}"
        sweep.started[name] = cell
        return self.handed(sweep, running, "run", name, {key: {"value": value} for key, value in cell.items()})

    def handed(self, sweep, running, kind, name, typed):
        """The command that starts a run."""
        running.add(name)
        return [{"type": kind, "run_id": name, "program": sweep.config["program"], "args": typed}]
