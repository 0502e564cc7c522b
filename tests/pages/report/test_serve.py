"""The served page: on this machine alone, made anew when a run changes, and one message where the port is in use."""

import http.client
import threading

import pytest

import run_folders
from genlab.apps.report import all_runs
from genlab.contracts import ConfigError
from genlab.pages.report import serve
from genlab.pages.report.serve import Server, Watched, fingerprint, fingerprint_of_sweep, sweeps_above
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.trials import Trial


@pytest.fixture
def server(tmp_path):
    """A server over a folder of one run, at a port that was free."""
    run_folders.write(tmp_path, "a", {"test/mse": 0.5}, pictures=["images/samples_000001.png"])
    found = Server(0, Watched(lambda: all_runs([tmp_path]), "a report"))
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def get(server, path, host=None):
    """The code, the content and the headers of an answer."""
    connection = http.client.HTTPConnection(serve.HOST, server.server_port, timeout=20)
    connection.request("GET", path, headers={"Host": host or f"localhost:{server.server_port}"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.headers


def test_it_serves_the_page_and_its_digest_and_nothing_else(server):
    code, text, headers = get(server, "/")
    assert (code, headers["Content-Type"], headers["Cache-Control"]) == (200, "text/html; charset=utf-8", "no-store")
    assert "connect-src &#x27;self&#x27;" in text
    assert f'data-digest="{get(server, "/digest")[1]}"' in text
    assert get(server, "/summary.json")[0] == get(server, "/../../etc/passwd")[0] == 404


def test_it_listens_to_this_machine_only_and_to_its_own_name(server):
    assert server.server_address[0] == "127.0.0.1"
    assert get(server, "/", host=f"elsewhere.example:{server.server_port}")[0] == 403
    assert get(server, "/", host=f"127.0.0.1:{server.server_port}")[0] == 200


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:9000", "localhost"])
def test_who_comes_by_a_tunnel_from_another_port_is_answered(host, server):
    assert get(server, "/digest", host=host)[0] == 200


def test_no_other_page_may_hold_it(server):
    headers = get(server, "/")[2]
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Server"].split() == ["genlab"]


def test_a_mistake_of_ours_is_said_to_who_asks_and_in_the_terminal(server, monkeypatch, capsys):
    monkeypatch.setattr(serve, "page", lambda content: 1 / 0)
    code, said, _ = get(server, "/")
    assert (code, said) == (500, serve.FAILED)
    assert "ZeroDivisionError" in capsys.readouterr().err
    monkeypatch.undo()
    assert get(server, "/")[0] == 200


def test_the_page_changes_with_the_runs_and_only_then(server, tmp_path, monkeypatch):
    made = []
    build = serve.page
    monkeypatch.setattr(serve, "page", lambda content: made.append(1) or build(content))
    first = get(server, "/digest")[1]
    assert get(server, "/digest")[1] == first
    run_folders.write(tmp_path, "b", {"test/mse": 0.25}, keys={"model.beta": 2.0})
    second = get(server, "/digest")[1]
    assert second != first
    assert "0.25" in get(server, "/")[1]
    assert len(made) == 2


def test_a_heartbeat_is_no_change_and_its_end_is_one(tmp_path):
    seen = []
    for number, seconds in enumerate((20, 0, 900)):
        run = run_folders.write(tmp_path / str(number), "a", status="running", heartbeat=run_folders.beat(seconds))
        for path in (run / "metrics.csv", run / "config.yaml"):
            path.unlink(missing_ok=True)
        seen.append(fingerprint(run)[1:])
    assert seen[0] == seen[1] != seen[2]


def test_that_a_sweep_begins_chooses_draws_and_ends_is_a_change(tmp_path):
    folder = SweepFolder(tmp_path)
    folder.begin("method: grid\n", {})
    run = run_folders.write(tmp_path, "1")
    assert sweeps_above([run, run_folders.write(tmp_path / "x", "y"), run]) == [tmp_path]
    seen = [fingerprint_of_sweep(tmp_path)]
    assert fingerprint_of_sweep(tmp_path) == seen[0]
    for change in (folder.hold, lambda: folder.append([Trial(1, {}, 0)]), (tmp_path / "images").mkdir, folder.release):
        change()
        seen.append(fingerprint_of_sweep(tmp_path))
    assert len(set(seen)) == 5


def test_runs_that_are_gone_are_said_in_place_of_the_page(server, tmp_path):
    for path in (tmp_path / "a").glob("*.*"):
        path.unlink()
    code, said, _ = get(server, "/")
    assert code == 503
    assert "there is no run in" in said


def test_a_port_in_use_is_one_clear_message(server):
    port = server.server_port
    with pytest.raises(
        ConfigError, match=rf"port={port}: is in use by another program\n.*Type: port={port + 1}, or port=0"
    ):
        Server(port, Watched(list, "x"))
