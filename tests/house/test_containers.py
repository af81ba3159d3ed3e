"""The image and the compose file: judged by their own linters, and compared with the settings that they name."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import get_commands
from ruamel.yaml import YAML

from offboarding import env

COMPOSE = env.ROOT / "docker-compose.yml"
DOCKERFILE = env.ROOT / "Dockerfile"
BIN = Path(env.ROOT / ".venv" / "bin")
# Only for trying things out, never for a server.
NOT_FOR_SERVERS = {"OFFBOARD_DEMO", "OFFBOARD_DEBUG", "OFFBOARD_SIMULATORS"}
GIVEN = {
    **env.fresh_keys(),
    "OFFBOARD_BASE_URL": "https://offboard.example.com",
    "POSTGRES_PASSWORD": "letters1and2digits",
    "REDIS_PASSWORD": "digits3and4letters",
    "WEB_ROLE_PASSWORD": "words5and6digits",
}
PLACE = re.compile(r"\$\{(?P<name>\w+):(?P<kind>[?-])(?P<rest>[^}]*)\}")


def compose(given: Mapping[str, str]) -> Any:
    """The file as compose reads it: each `${NAME:-default}` and `${NAME:?sentence}` filled in."""
    return filled(YAML(typ="safe").load(COMPOSE.read_text()), given)


def filled(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(each, given) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, given) for each in value]
    return PLACE.sub(lambda found: word(found, given), value) if isinstance(value, str) else value


def word(found: re.Match[str], given: Mapping[str, str]) -> str:
    value = given.get(found["name"], "")
    if not value and found["kind"] == "?":
        raise LookupError(f"{found['name']}: {found['rest']}")
    return value or (found["rest"] if found["kind"] == "-" else "")


def ours(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The services that run our image."""
    return (
        (name, each)
        for name, each in made["services"].items()
        if "OFFBOARD_DATA" in each.get("environment", {})
    )


def judged(*command: str) -> str:
    done = subprocess.run([str(BIN / command[0]), *command[1:]], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_compose_file_follows_the_compose_specification() -> None:
    assert not judged("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))


def test_the_dockerfile_passes_its_linter() -> None:
    assert not judged("hadolint", str(DOCKERFILE))


def test_compose_passes_on_every_setting_and_no_other() -> None:
    known = {variable.name for variable in env.VARIABLES}
    for name, service in ours(compose(GIVEN)):
        assert set(service["environment"]) - {"WEB_ROLE_PASSWORD"} == known - NOT_FOR_SERVERS, name


def test_the_settings_as_compose_passes_them_on_are_accepted() -> None:
    for _, service in ours(compose(GIVEN)):
        values = env.read(service["environment"])
        assert env.database(values["DATABASE_URL"])["HOST"] == "postgres"
        assert values["TRUSTED_PROXIES"] == 1 and values["RETENTION_YEARS"] == 7


def test_only_what_makes_the_tables_owns_them() -> None:
    made = compose(GIVEN)
    for name, service in ours(made):
        asked = urlsplit(service["environment"]["OFFBOARD_DATABASE_URL"])
        wanted = "offboard" if name == "prepare" else "offboard_web"
        assert asked.username == wanted, name
        owner = GIVEN["POSTGRES_PASSWORD"]
        assert name == "prepare" or owner not in "".join(service["environment"].values()), name
    assert "limit_web_role offboard_web --password-stdin" in made["services"]["prepare"]["command"][-1]


@pytest.mark.parametrize("missing", sorted(GIVEN))
def test_a_value_that_only_the_operator_knows_stops_compose_with_a_sentence(missing: str) -> None:
    with pytest.raises(LookupError, match=rf"{missing}: \w+( \S+){{3,}}"):
        compose({name: value for name, value in GIVEN.items() if name != missing})


def test_no_secret_stands_in_the_compose_file() -> None:
    for line in COMPOSE.read_text().splitlines():
        if re.search(r"(KEYS?|PASSWORD): ", line):
            assert ":?" in line, line


def test_every_service_has_a_health_check_or_says_that_it_ends() -> None:
    in_the_image = "HEALTHCHECK" in DOCKERFILE.read_text()
    for name, service in compose(GIVEN)["services"].items():
        own = service.get("healthcheck", {})
        ends = own.get("disable", False)
        assert "test" in own or (in_the_image and name == "web") or (ends and name == "prepare"), name


def test_nothing_of_ours_starts_before_the_tables_are_there() -> None:
    for name, service in ours(compose(GIVEN)):
        wanted = "postgres" if name == "prepare" else "prepare"
        assert service["depends_on"][wanted]["condition"].startswith("service_"), name
        assert service["depends_on"][wanted]["condition"] != "service_started", name


def test_nothing_of_ours_needs_redis_to_start() -> None:
    for _, service in ours(compose(GIVEN)):
        assert service["depends_on"].get("redis", {}).get("condition", "service_started") == "service_started"


def test_our_containers_have_no_privileges_and_a_read_only_disk() -> None:
    for name, service in ours(compose(GIVEN)):
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
    assert re.search(r"^USER (?!0|root)\S+$", DOCKERFILE.read_text(), re.MULTILINE)


def test_every_command_that_a_container_runs_exists() -> None:
    words = [" ".join(service.get("command", [])) for _, service in ours(compose(GIVEN))]
    named = {name for text in words for name in re.findall(r"manage\.py (\w+)", text)}
    assert named >= {"engine", "migrate", "collectstatic"} and named <= set(get_commands())


def test_everything_that_the_image_copies_is_there_and_let_through() -> None:
    ignored = (env.ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE.read_text(), re.MULTILINE)
    assert "offboarding" in copied
    for source in copied:
        assert (env.ROOT / source).exists() and f"!{source}" in ignored, source


def test_the_image_carries_the_version_of_the_project() -> None:
    version = tomllib.loads((env.ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {service["image"] for _, service in ours(compose(GIVEN))} == {f"offboard:{version}"}
