from tests.execution.conftest import member, run_of, sent, started, turn, turns  # noqa: F401
