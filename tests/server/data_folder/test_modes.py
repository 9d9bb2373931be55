"""A data folder that others can read is refused, not repaired in silence."""

import os
import stat

import pytest

from opentrail.server.data_folder import DataFolder
from opentrail.server.data_folder.modes import FolderOpenToOthers, require_private, write_privately


@pytest.fixture
def folder(tmp_path):
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_folder_is_fine(folder):
    require_private(folder)
    assert (mode_of(folder.root), mode_of(folder.secrets)) == (0o700, 0o700)


@pytest.mark.parametrize("mode", [0o704, 0o701, 0o755, 0o777, 0o1777])
def test_a_folder_that_others_can_reach_is_refused_with_what_to_do(folder, mode):
    folder.root.chmod(mode)
    with pytest.raises(FolderOpenToOthers, match=f"chmod go= {folder.root}"):
        require_private(folder)


@pytest.mark.parametrize("mode", [0o750, 0o740, 0o705])
def test_secrets_are_for_the_user_alone(folder, mode):
    folder.secrets.chmod(mode)
    with pytest.raises(FolderOpenToOthers, match="secrets"):
        require_private(folder)


def test_a_group_may_share_the_folder_but_not_the_secrets(folder):
    folder.root.chmod(0o750)
    require_private(folder)
    assert mode_of(folder.root) == 0o750, "what was allowed stays as it is"


def test_a_folder_without_data_is_none_yet(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new").chmod(0o777)
    require_private(DataFolder(tmp_path / "new"))
    require_private(DataFolder(tmp_path / "missing"))
    assert mode_of(tmp_path / "new") == 0o777 and not (tmp_path / "missing").exists()


def test_what_is_written_from_then_on_is_private(tmp_path):
    before = os.umask(0o022)
    try:
        write_privately()
        (tmp_path / "file").write_text("x")
        (tmp_path / "folder").mkdir()
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "file") == 0o600
    assert mode_of(tmp_path / "folder") == 0o700
