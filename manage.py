#!/usr/bin/env python
"""Commands of the application: `python manage.py help`."""

import os
import sys

from offboarding.env import WrongSetting


def main() -> None:
    if sys.argv[1:2] == ["make_keys"]:
        from offboarding.env import fresh_keys

        print("\n".join(f"{name}={value}" for name, value in fresh_keys().items()))
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "offboarding.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except WrongSetting as error:
        sys.exit(f"Offboard cannot start.\n{error}")


if __name__ == "__main__":
    main()
