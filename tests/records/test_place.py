"""Laws of where runs are kept, and in which form."""

from pathlib import Path

import pytest

from surefoot.errors import InvalidValue
from surefoot.records.folder import RunFolder
from surefoot.records.place import form_for, kind_of_disk, runs_folder

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb /home/fast xfs rw 0 0
host /mnt/my\\040disk fuse.sshfs rw 0 0
tmpfs /mnt/twice tmpfs rw 0 0
//box/share /mnt/twice cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/runs", "ext4"),
        ("/home/me/runs", "nfs4"),
        ("/home/fast/runs", "xfs"),
        ("/home/faster/runs", "nfs4"),
        ("/mnt/my disk/runs", "fuse.sshfs"),
        ("/mnt/twice/runs", "cifs"),
    ],
)
def test_the_disk_of_a_folder_is_the_one_mounted_nearest_above_it_and_last(tmp_path, folder, kind):
    (tmp_path / "mounts").write_text(MOUNTS)
    assert kind_of_disk(Path(folder), tmp_path / "mounts") == kind


def test_where_nobody_says_what_is_mounted_the_disk_counts_as_local(tmp_path):
    assert kind_of_disk(tmp_path, tmp_path / "nothing") == ""


@pytest.mark.parametrize(
    ("kind", "form"),
    [("ext4", "sqlite"), ("", "sqlite"), ("overlay", "sqlite"), ("tmpfs", "sqlite"), ("fuse.ntfs", "sqlite"),
     ("nfs", "jsonl"), ("nfs4", "jsonl"), ("cifs", "jsonl"), ("smb3", "jsonl"), ("9p", "jsonl"), ("lustre", "jsonl"),
     ("fuse.sshfs", "jsonl")],
)  # fmt: skip
def test_a_log_is_a_database_but_on_disks_that_other_machines_write(monkeypatch, tmp_path, kind, form):
    monkeypatch.delenv("SUREFOOT_RECORD_AS", raising=False)
    monkeypatch.setattr("surefoot.records.place.kind_of_disk", lambda folder: kind)
    assert form_for(tmp_path) == form
    with RunFolder.made(tmp_path, "x", {}) as folder:
        assert (folder.path / {"sqlite": "run.sqlite", "jsonl": "journal.jsonl"}[form]).exists()


def test_the_form_can_be_given_and_a_wrong_one_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SUREFOOT_RECORD_AS", "jsonl")
    assert form_for(tmp_path) == "jsonl"
    assert form_for(tmp_path, "sqlite") == "sqlite"
    monkeypatch.setenv("SUREFOOT_RECORD_AS", "paper")
    with pytest.raises(InvalidValue, match="SUREFOOT_RECORD_AS is 'paper'; it is sqlite, jsonl or not set"):
        form_for(tmp_path)


def test_runs_are_kept_where_one_says_or_where_the_platform_keeps_a_users_data(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("SUREFOOT_RUNS", raising=False)
    usual = runs_folder()
    assert usual.parts[-2:] == ("surefoot", "runs")
    monkeypatch.setenv("SUREFOOT_RUNS", str(tmp_path / "named"))
    assert runs_folder() == tmp_path / "named"
    assert runs_folder("given") == Path("given")
    monkeypatch.setenv("SUREFOOT_RUNS", "")
    assert runs_folder() == usual
