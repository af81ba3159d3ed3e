from tests.emergencies.conftest import drive, release  # noqa: F401
