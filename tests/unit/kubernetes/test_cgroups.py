"""Control groups of pods are found in both versions' layouts."""

from pathlib import Path

from tests.kubernetes import cgroups


def test_version_1_and_2_and_no_twins(tmp_path: Path) -> None:
    """The one tree of v2, each controller's of v1, and a linked controller only once."""
    for folder in ("kubepods/burstable/pod1", "memory/kubepods", "cpu,cpuacct/kubepods", "cpu/system.slice"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cpuacct").symlink_to("cpu,cpuacct")
    (tmp_path / "kubepods/burstable/pod1/cgroup.procs").write_text("11\n12\n")
    found = {str(path.relative_to(tmp_path)) for path in cgroups.roots(tmp_path)}
    assert found == {"kubepods", "memory/kubepods", "cpu,cpuacct/kubepods"}
    assert cgroups.pids(tmp_path) == {11, 12}
    assert cgroups.pids_of_pod("1", tmp_path) == {11, 12}
    assert cgroups.pids_of_pod("2", tmp_path) == set()


def test_empty_groups_are_removed_from_the_deepest_up(tmp_path: Path) -> None:
    """Removing takes nested groups and the top one."""
    (tmp_path / "memory/kubepods/besteffort/pod2/container").mkdir(parents=True)
    cgroups.remove(tmp_path)
    assert cgroups.roots(tmp_path) == []
