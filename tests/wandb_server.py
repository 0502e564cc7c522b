"""A W&B server that keeps the rows of its runs as the real one does, by line; ``refuses`` makes it answer an error.

The client is real: ``wandb`` and its service talk to it over HTTP.
"""

import gzip
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from wandb_artifacts import Store

from wandb_sweeps import Sweeps

ACCOUNT = {"id": "u", "entity": "me", "username": "me", "name": "me", "email": "", "admin": False, "flags": "{}"}
ACCOUNT |= {"apiKeys": {"edges": []}, "teams": {"edges": [{"node": {"name": "me"}}]}}
NOTHING = {"eventsLineCount": 0, "logLineCount": 0, "eventsTail": "[]", "summaryMetrics": "{}", "config": "{}"}
NOTHING |= {"wandbConfig": '{"t": 1}', "tags": []}


class Run:
    """What the server knows of a run."""

    def __init__(self):
        self.lines, self.summary, self.given, self.exit = {}, {}, {}, None
        self.preempting = False

    @property
    def rows(self):
        """In the order of their lines."""
        return [row for _, row in sorted(self.lines.items())]

    def status(self):
        """What a client that goes on is told."""
        tail = [json.dumps(row) for row in self.rows[-1:]]
        return {**NOTHING, "historyLineCount": len(self.lines), "historyTail": json.dumps(tail)}

    def take(self, sent):
        """A piece of the stream of its files."""
        files = sent.get("files") or {}
        if chunk := files.get("wandb-history.jsonl"):
            self.lines |= {n: json.loads(text) for n, text in enumerate(chunk["content"], chunk["offset"])}
        if chunk := files.get("wandb-summary.json"):
            self.summary = json.loads(chunk["content"][-1])
        self.exit = sent.get("exitcode", self.exit)
        self.preempting = self.preempting or sent.get("preempting", False)


class Server(ThreadingHTTPServer):
    """Answers everyone, whatever the key."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.refuses, self.runs = None, {}
        self.sweeps = Sweeps(self.runs)
        self.store = Store(self)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, query, given):
        """The data that GraphQL gives."""
        for other in (self.sweeps, self.store):
            if (answer := other.answer(query, given)) is not None:
                return answer
        name = given.get("name") or given.get("run")
        project = {"id": "p", "name": given.get("project"), "entity": {"id": "e", "name": given.get("entity") or "me"}}
        if "upsertBucket(" in query:
            run = self.runs.setdefault(name, Run())
            run.given |= {key: value for key, value in given.items() if value}
            shown = {"id": name, "name": name, "displayName": run.given.get("displayName"), "config": "{}"}
            shown |= {"historyLineCount": len(run.lines), "project": project}
            return {"upsertBucket": {"inserted": True, "bucket": shown}}
        if "bucket(name" in query:
            known = {"name": name, **self.runs[name].status()} if name in self.runs else None
            return {"model": {**project, "bucket": known}}
        if "createRunFiles(" in query:
            files = [{"name": file, "uploadUrl": f"{self.url}/file/{name}/{file}"} for file in given.get("files", [])]
            return {"createRunFiles": {"runID": name, "uploadHeaders": [], "files": files}}
        if "serverInfo" in query:
            return {"serverInfo": {"features": [], "cliVersionInfo": "{}", "latestLocalVersionInfo": None}}
        return {"viewer": ACCOUNT} if "viewer" in query else {}

    def handle_error(self, request, client_address):
        """Say nothing: a client that is killed hangs up."""


class Answer(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *rest):
        """Say nothing."""

    def sent(self):
        """The body of the request."""
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def do_POST(self):
        told, data = {}, self.sent()
        if self.server.refuses:
            told = {"errors": [{"message": "no"}]}
        elif self.path.endswith("/file_stream"):
            self.server.runs.setdefault(self.path.split("/")[-2], Run()).take(json.loads(data))
        elif self.path == "/graphql":
            asked = json.loads(data)
            told = {"data": self.server.answer(asked["query"], asked.get("variables") or {})}
        else:
            self.server.store.take(self.path, data)
        data = json.dumps(told).encode()
        self.send_response(self.server.refuses or 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST


@contextmanager
def serving():
    """Such a server, running."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
