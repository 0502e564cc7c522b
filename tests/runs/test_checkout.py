"""The commit of the code and what differs from it, beside a run: enough to have it again, and nothing private."""

import subprocess

import pytest

from genlab.runs import checkout
from genlab.runs.checkout import changes, commit, git_revision, keep_changes, without_secrets


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A file of a checkout that equals its commit."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, str(tmp_path / "config"))
    folder = tmp_path / "checkout"
    (folder / "src").mkdir(parents=True)
    (folder / "secrets").mkdir()
    for name in ("src/code.py", "src/other.py", "deploy.env", "secrets/prod.yaml"):
        (folder / name).write_text("one\ntwo\n")
    run(folder, "init", "-q")
    keep(folder)
    return folder / "src" / "code.py"


def run(folder, *arguments):
    said = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return said.stdout.strip()


def keep(folder):
    run(folder, "add", "-A")
    run(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "m")


def test_the_differences_make_the_code_again_from_its_commit(code, tmp_path):
    hash, run_directory = run(code.parent, "rev-parse", "HEAD"), tmp_path / "run"
    run_directory.mkdir()
    assert (commit(code), git_revision(code)) == (hash, hash[:12])
    keep_changes(run_directory, code)
    assert not list(run_directory.iterdir())
    code.write_bytes(b"one\nthree \xe9\n")
    run(code.parent, "rm", "-q", "--cached", "other.py")
    run(code.parent, "config", "diff.noprefix", "true")
    run(code.parent, "config", "color.ui", "always")
    assert git_revision(code) == f"{hash[:12]}-dirty"
    keep_changes(run_directory, code)
    before = code.read_bytes()
    run(code.parent, "reset", "-q", "--hard")
    run(code.parent, "apply", str(run_directory / "code.diff"))
    assert code.read_bytes() == before
    assert not (code.parent / "other.py").exists()
    assert (run_directory / "code.diff").read_text(errors="replace").startswith(f"# commit {hash}; git apply takes")


def test_a_resume_keeps_other_differences_beside_the_first(code, tmp_path):
    for text in ("a", "a", "b"):
        code.write_text(text)
        keep_changes(tmp_path, code)
    names = ["code.diff", "code-2.diff"]
    assert [path.name for path in checkout.kept(tmp_path)] == names
    assert ["+a" in (tmp_path / name).read_text() for name in names] == [True, False]


def test_what_is_private_is_not_in_it(code):
    key = "0123456789abcdef" * 2
    (code.parent / "notes.txt").write_text("content of a file that git does not know")
    (code.parents[1] / "deploy.env").write_text(f"anything={key}\n")
    (code.parents[1] / "deploy.env").chmod(0o600)
    (code.parents[1] / "secrets" / "prod.yaml").write_text(f"anything: {key}")
    code.write_text(f'WANDB_API_KEY = "{key}"\nlearning_rate = 1e-3\n')
    found = changes(code)
    assert key not in found
    assert "content of a file" not in found
    assert "# not in it, because untracked: notes.txt\n" in found
    assert "# not in it, because of their names: deploy.env, secrets/prod.yaml\n" in found
    assert "# 1 values that look like secrets are now ***\n" in found
    assert '+WANDB_API_KEY = "***"\n+learning_rate = 1e-3\n' in found


HEX = "0123456789abcdef" * 2 + "01234567"  # as a key of W&B


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('os.environ["WANDB_API_KEY"] = "0123456789abcdef0123"', 'os.environ["WANDB_API_KEY"] = "***"'),
        ('setenv("HF_TOKEN", "abcdefghij0123456789")', 'setenv("HF_TOKEN", "***")'),
        ("token: abcdefghij0123456789", "token: ***"),
        ('login("hf_abcdefghijklmnopqrst")', 'login("hf_***")'),
        ("git clone https://me:word@host/x", "git clone https://me:***@host/x"),
        ("password='hunter2'", "password='***'"),
        ("-----BEGIN RSA PRIVATE KEY-----\n+abc\n-----END", "-----BEGIN RSA PRIVATE KEY-----***-----END"),
        (f'+wandb.login(key="{HEX}")', '+wandb.login(key="***")'),
        (f'+    wandb.login("{HEX}")', '+    wandb.login("***")'),
        (f"+key = '{HEX}'", "+key = '***'"),
        ("+password: hunter2-long", "+password: ***"),
        (" PASSWORD=hunter2long", " PASSWORD=***"),
        (f'+DIGEST = "{HEX}"', None),
        ("+    password: SecretStr", None),
        ("token = tokenizer.encode_everything2(x)", None),
        ("tokens = self.embedding4.weights_of_all_tokens[0]", None),
        ('SHA256 = "0123456789abcdef0123456789abcdef"', None),
        ("def login(self, password: str, token: str = '') -> None:", None),
        ("secret_sharing_of_a_long_name = True", None),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_code_is_not(text, kept):
    assert without_secrets(text) == ((kept, 1) if kept else (text, 0))


def test_a_long_one_is_cut_between_files_and_says_so(code, monkeypatch):
    for name in ("code.py", "other.py"):
        (code.parent / name).write_text(f"{name}\n" * 100)
    whole = changes(code)
    monkeypatch.setattr(checkout, "LIMIT", whole.index("+other.py") - 100)
    cut = changes(code)
    assert "# cut off: more than " in cut
    assert "+code.py\n" in cut
    assert "other.py" not in cut
    run(code.parent, "reset", "-q", "--hard")
    (code.parents[2] / "cut").write_text(cut)
    run(code.parent, "apply", str(code.parents[2] / "cut"))


def test_code_that_is_only_installed_inside_a_checkout_has_no_commit(code):
    other = code.parents[1] / "venv" / "lib.py"
    other.parent.mkdir()
    other.write_text("")
    code.write_text("changed")
    assert (commit(other), git_revision(other), changes(other)) == (None, None, None)


def test_a_git_that_fails_is_said_and_ends_nothing(code, tmp_path, monkeypatch, capsys):
    code.write_text("changed")
    monkeypatch.setattr(checkout, "changes", lambda code: None)
    keep_changes(tmp_path, code)
    assert "there is no code.diff" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert git_revision(code) is None
    keep_changes(tmp_path, code)
    assert checkout.kept(tmp_path) == []
